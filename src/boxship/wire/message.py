"""Requests and the heads of answers, as values.

Sending and receiving them is `transport`'s work; which paths there are, `routes`'s.
"""

from __future__ import annotations

__all__ = ["FRAMING_HEADERS", "READING_HEADERS", "USER_AGENT", "Head", "Request", "Stream"]

import re
from collections.abc import Generator, Iterable, Mapping
from typing import Protocol

from boxship import __version__
from boxship.value import dataclass, field, replace
from boxship.wire.shown import shown_path

# RFC 9110, 5.1 and 5.5, and RFC 9112, 3: what may stand in a head without ending it early.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TARGET = re.compile(r"[\x21-\x7e]+")

USER_AGENT = f"boxship/{__version__}"
# RFC 9112: with these, a request ends elsewhere than where its sender takes it to end, or goes to another host.
FRAMING_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"}
)
# What of a read says how it is to be answered. Any other header is the user's own, and may authenticate.
READING_HEADERS = frozenset({"Accept", "Accept-Encoding", "If-Range", "Range"})


class Stream(Protocol):
    """A body that is not at hand: so many bytes, in pieces, each valid until the next is asked for.

    It begins anew each time that the request is sent, and is closed where it is not sent to its end.
    """

    @property
    def size(self) -> int:
        """How many bytes there will be."""

    def pieces(self) -> Generator[memoryview, None, None]:
        """Its bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of one host: a method, a path with its query, headers, and perhaps a body."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Stream | None = None

    def __str__(self) -> str:
        """What a person is shown: without what authenticates in it."""
        return f"{self.method} {shown_path(self.path)}"

    def __repr__(self) -> str:
        return f"Request({str(self)!r})"

    @property
    def body_size(self) -> int:
        """How many bytes the body has."""
        if self.body is None:
            return 0
        return len(self.body) if isinstance(self.body, bytes) else self.body.size

    @property
    def safe(self) -> bool:
        """Whether asking changes nothing at the server (RFC 9110, 9.2.1)."""
        return self.method in ("GET", "HEAD")

    def with_headers(self, **headers: str) -> Request:
        """The same request with more headers; `_` in a name stands for `-`."""
        added = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **added})

    def encode(self, host: str, extra: Iterable[tuple[str, str]] = (), prefix: str = "") -> bytes:
        """The bytes of the head, addressed to `host`; `ValueError` for what would break the framing.

        `prefix` stands before the path where a proxy reads the request.
        """
        if not _NAME.fullmatch(self.method) or not _TARGET.fullmatch(self.path) or not _TARGET.fullmatch(host):
            raise ValueError(f"a request may not be written like this: {self.method!r} {self.path!r} at {host!r}")
        lines = [f"{self.method} {prefix}{self.path} HTTP/1.1", f"Host: {host}"]
        for name, value in (*extra, *self.headers.items()):
            if not _NAME.fullmatch(name) or _FORBIDDEN.search(value):
                raise ValueError(f"a header may not be written like this: {name!r}")
            lines.append(f"{name}: {value}")
        if self.body is not None:
            lines.append(f"Content-Length: {self.body_size}")
        return "\r\n".join((*lines, "", "")).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Head:
    """The status and headers of an answer; names are looked up in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(repr=False)
    # A header that came several times, where the values may not be joined: WWW-Authenticate, Link, Warning.
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, status: int, reason: str, pairs: Iterable[tuple[str, str]]) -> Head:
        """The head with the given headers in the order they came."""
        headers: dict[str, str] = {}
        repeated: dict[str, tuple[str, ...]] = {}
        for written, value in pairs:
            name = written.lower()
            if name in headers:
                repeated[name] = (*repeated.get(name, (headers[name],)), value)
            else:
                headers[name] = value
        return cls(status, reason, headers, repeated)

    def get(self, name: str, default: str = "") -> str:
        """The first value of the header `name` (in lower case)."""
        return self.headers.get(name, default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header `name` (in lower case)."""
        if name in self.repeated:
            return self.repeated[name]
        return (self.headers[name],) if name in self.headers else ()

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Every header with its value, as often as it came."""
        return ((name, value) for name in self.headers for value in self.all(name))
