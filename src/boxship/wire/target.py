"""URLs that a registry writes: where a redirect leads, where the next page or a token server is.

Strangers' words: what is no http or https URL is a `ValueError`, and what cannot stand in a request is encoded.
"""

from __future__ import annotations

__all__ = ["Target"]

import re
from typing import Self
from urllib.parse import urljoin, urlsplit

from boxship.errors import InvalidReference
from boxship.reference import Registry
from boxship.value import dataclass, replace
from boxship.wire.printable import printable
from boxship.wire.shown import shown_path

_UNSENDABLE = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL: the place with its scheme, and what is asked for there, path and query. `str` and `repr` show no query."""

    registry: Registry
    path: str

    @classmethod
    def parse(cls, written: str, base: str = "") -> Self:
        """The URL that is `written`, perhaps relative to `base`, or a `ValueError` that says why it is none."""
        try:
            parts = urlsplit(urljoin(base, written) if base else written)
            host = parts.hostname or ""
        except ValueError:
            raise ValueError("it is no URL") from None
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("it leads nowhere: only http and https URLs of a host do")
        if "@" in parts.netloc:
            raise ValueError("a user's name stands before its host")
        try:
            registry = Registry.parse(f"{parts.scheme}://{parts.netloc}")
        except InvalidReference as error:
            raise ValueError(error.why) from None
        # A URL means the host that it names, also where a reference would mean Docker Hub by it.
        literal = replace(registry, host=host) if registry.is_docker_hub else registry
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(literal, _UNSENDABLE.sub(_encoded, path))

    @property
    def host(self) -> str:
        """The host as origins are compared by: in lower case, without a trailing dot."""
        return self.registry.host.lower().rstrip(".")

    @property
    def port(self) -> int:
        """The port, that of the scheme where none is written."""
        return self.registry.port or self._usual_port

    @property
    def has_usual_port(self) -> bool:
        """Whether the port is that of the scheme."""
        return self.port == self._usual_port

    @property
    def _usual_port(self) -> int:
        return 443 if self.registry.scheme == "https" else 80

    def __repr__(self) -> str:
        return f"Target({str(self)!r})"

    def __str__(self) -> str:
        return printable(f"{self.registry}{shown_path(self.path)}")


def _encoded(match: re.Match[str]) -> str:
    # Heads are read as Latin-1: these are the bytes that were sent.
    return "".join(f"%{byte:02X}" for byte in match.group().encode("latin-1", "replace"))
