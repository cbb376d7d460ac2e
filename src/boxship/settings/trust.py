"""Which certificate authorities are trusted: the system's, those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, and the user's.

The rules are Go's (crypto/x509, root_unix.go), so that what works for docker and crane works here. A `Trust` is a
value; `load` reads the files (`roots`), which takes a while: whoever connects calls it once a peer speaks TLS.
"""

from __future__ import annotations

__all__ = ["Trust"]

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from boxship.settings.sourced import Sourced

if TYPE_CHECKING:
    # A plain registry needs none of it, and importing it takes a while.
    import ssl


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is trusted, and who said so. Equal trusts may share a TLS context.

    Attributes:
        file: the bundle that replaces the system's (`SSL_CERT_FILE`), or None.
        directories: what replaces the system's directories (`SSL_CERT_DIR`); empty: the system's.
        added: files that are trusted as well (`--ca-file`).
        skipped: who said that certificates are not to be verified at all; empty: nobody.
    """

    file: Sourced[str] | None = None
    directories: tuple[Sourced[str], ...] = ()
    added: tuple[Sourced[str], ...] = ()
    skipped: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str], *, ca_files: Iterable[str] = ()) -> Self:
        """What the environment and the `--ca-file` flags say."""
        file = environment.get("SSL_CERT_FILE")
        directories = environment.get("SSL_CERT_DIR", "").split(os.pathsep)
        return cls(
            file=Sourced(file, "SSL_CERT_FILE") if file else None,
            directories=tuple(Sourced(path, "SSL_CERT_DIR") for path in directories if path),
            added=tuple(Sourced(path, "flag --ca-file") for path in ca_files),
        )

    def skipping(self, source: str) -> Self:
        """The same without verification."""
        return replace(self, skipped=source)

    def verifying(self) -> Self:
        """The same with verification."""
        return replace(self, skipped="")

    @property
    def skip_verify(self) -> bool:
        """Whether certificates are not verified; for whoever makes the context."""
        return bool(self.skipped)

    def load(self, context: ssl.SSLContext) -> tuple[str, ...]:
        """Put the roots into `context`; gives warnings in words, or raises `InvalidSettings` for a wrong file."""
        from boxship.settings.roots import Roots  # noqa: PLC0415 -- it imports ssl

        roots = Roots(context)
        warnings = [roots.add_directory(directory) for directory in self.directories]
        if not self.directories:
            roots.add_system_directories()
        if self.file:
            warnings.append(roots.add_replacement(self.file))
        else:
            roots.add_system_file()
        for file in self.added:
            roots.add_file(file)
        return tuple(filter(None, warnings))
