"""Which certificate authorities are trusted: the system's, those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, and the user's.

And which certificate says who asks, where a registry wants one.

The rules are Go's (crypto/x509, root_unix.go), so that what works for docker and crane works here. A `Trust` is a
value; `load` reads the files (`roots`), which takes a while: whoever connects calls it once a peer speaks TLS.
"""

from __future__ import annotations

__all__ = ["TLS_VERSIONS", "Trust"]

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Self

from boxship.errors import InvalidSettings
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, replace

if TYPE_CHECKING:
    # A plain registry needs none of it, and importing it takes a while.
    import ssl

TLS_VERSIONS = ("1.2", "1.3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is trusted, and who said so. Equal trusts may share a TLS context.

    Attributes:
        file: the bundle that replaces the system's (`SSL_CERT_FILE`), or None.
        directories: what replaces the system's directories (`SSL_CERT_DIR`); empty: the system's.
        added: files, or folders of them, that are trusted as well (`--ca-file`).
        certificate: the certificate that says who asks (`--cert`), or None.
        key: the file of its private key (`--key`); None where that is in the same file.
        skipped: who said that certificates are not to be verified at all; empty: nobody.
        oldest: the oldest version of TLS that is spoken, `1.2` or `1.3`; None: OpenSSL's own.
    """

    file: Sourced[str] | None = None
    directories: tuple[Sourced[str], ...] = ()
    added: tuple[Sourced[str], ...] = ()
    certificate: Sourced[str] | None = None
    key: Sourced[str] | None = None
    skipped: str = ""
    oldest: Sourced[str] | None = None

    @classmethod
    def of(
        cls,
        environment: Mapping[str, str],
        *,
        ca_files: Iterable[str] = (),
        certificate: str = "",
        key: str = "",
        oldest: str = "",
    ) -> Self:
        """What the environment and the flags `--ca-file`, `--cert`, `--key` and `--tls-min` say; empty ones nothing."""
        if oldest and oldest not in TLS_VERSIONS:
            raise InvalidSettings(f"--tls-min {oldest}", why=f"it is one of {', '.join(TLS_VERSIONS)}")
        if key and not certificate:
            raise InvalidSettings(f"--key {key}", why="a key goes with its certificate", remedy="give that by --cert")
        file = environment.get("SSL_CERT_FILE")
        directories = environment.get("SSL_CERT_DIR", "").split(os.pathsep)
        return cls(
            file=Sourced(file, "SSL_CERT_FILE") if file else None,
            directories=tuple(Sourced(path, "SSL_CERT_DIR") for path in directories if path),
            added=tuple(Sourced(path, "flag --ca-file") for path in ca_files),
            certificate=Sourced(certificate, "flag --cert") if certificate else None,
            key=Sourced(key, "flag --key") if key else None,
            oldest=Sourced(oldest, "flag --tls-min") if oldest else None,
        )

    def skipping(self, source: str) -> Self:
        """The same without verification."""
        return replace(self, skipped=source)

    def for_others(self) -> Self:
        """What holds for hosts that the caller did not name: they are verified, and are not told who asks."""
        return replace(self, skipped="", certificate=None, key=None)

    @property
    def skip_verify(self) -> bool:
        """Whether certificates are not verified; for whoever makes the context."""
        return bool(self.skipped)

    def authenticate(self, context: ssl.SSLContext) -> None:
        """Put the certificate that says who asks into `context`, before it greets anybody; or `InvalidSettings`."""
        if self.certificate:
            from boxship.settings.certificate import load_certificate  # noqa: PLC0415 -- it imports ssl

            load_certificate(context, self.certificate, self.key)

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
        for added in self.added:
            roots.add_told(added)
        return tuple(filter(None, warnings))
