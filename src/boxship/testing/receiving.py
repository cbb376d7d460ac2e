"""Reading requests off a connection (RFC 9112), as a server does that trusts its client's sizes.

What comes back is `exchange`'s `Request`; bytes that are no request raise `NotHTTP`.
"""

from __future__ import annotations

__all__ = ["NotHTTP", "RequestReader", "requests"]

import re
from collections.abc import Iterator, Mapping

from boxship.testing.connection import Connection
from boxship.testing.exchange import Request
from boxship.value import replace

_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.[01]")
_END_OF_HEAD = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class NotHTTP(ValueError):
    """The bytes do not begin like a request: a TLS hello, most of the time."""


class _Ended(ConnectionError):
    """The peer ended in the middle of a request, or between two."""


def requests(connection: Connection, *, early: bool) -> Iterator[Request]:
    """The requests that come over `connection`, until its peer ends.

    `early` ones come without their body, which is read and forgotten when the next one is asked for.
    """
    reader = RequestReader(connection)
    try:
        while True:
            request = reader.head()
            if early:
                yield request
                reader.body(request.headers)
            else:
                yield reader.with_body(request)
    except _Ended:
        return


class RequestReader:
    """Takes one request after the other off a connection; `ConnectionError` where its peer ends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._buffer = b""

    @property
    def rest(self) -> bytes:
        """What came after the last request."""
        return self._buffer

    def with_body(self, request: Request) -> Request:
        """The request whose head was read last, with its body."""
        self.invite(request.headers)
        return replace(request, body=self.body(request.headers))

    def head(self) -> Request:
        """The next request, without its body."""
        if not self._buffer:
            self._more()
        # A method begins with a capital letter. A hello has no end of a head that could be waited for.
        if not self._buffer[:1].isupper():
            raise NotHTTP(self._buffer[:16].hex())
        line, *lines = self._until(_END_OF_HEAD).decode("latin-1").split("\r\n")
        match = _REQUEST_LINE.fullmatch(line)
        if not match:
            raise NotHTTP(line)
        return Request(method=match[1], target=match[2], headers=_headers(lines), secure=bool(self._connection.tls))

    def invite(self, headers: Mapping[str, str]) -> None:
        """Have the body sent, where the client waits to be asked for it."""
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.send(_CONTINUE)

    def body(self, headers: Mapping[str, str]) -> bytes:
        """The body of the request whose head was read last."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        return self._exactly(int(headers.get("content-length", "0")))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            yield self._exactly(size)
            self._exactly(2)
        while self._until(b"\r\n"):
            pass  # trailers

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._more()
        taken, _, self._buffer = self._buffer.partition(mark)
        return taken

    def _exactly(self, size: int) -> bytes:
        pieces, missing = [self._buffer[:size]], size - len(self._buffer)
        self._buffer = self._buffer[size:]
        while missing > 0:
            piece = self._receive()
            pieces.append(piece[:missing])
            self._buffer = piece[missing:]
            missing -= len(piece)
        return b"".join(pieces)

    def _more(self) -> None:
        self._buffer += self._receive()

    def _receive(self) -> bytes:
        piece = self._connection.receive()
        if not piece:
            raise _Ended
        return piece


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    return headers
