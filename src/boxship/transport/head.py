"""The head of an answer, parsed strictly (RFC 9112, 2 to 6); the body is then `http.client`'s to frame.

`http.client` has its heads parsed by `email`. That takes longer than all else about a small answer, and at a line that
is no header it takes the head to have ended: what frames the body may stand below it.
"""

from __future__ import annotations

__all__ = ["Answer"]

import http.client
import re

from boxship.wire.message import Head
from boxship.wire.printable import printable

_STATUS_LINE = re.compile(r"HTTP/1\.([0-9])[ \t]+([1-9][0-9]{2})(?:[ \t]+([^\r\n]*))?\r?")
_HEADER = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\n]*)\n", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t]+")  # obsolete line folding means a space (RFC 9112, 5.2)
_LENGTH = re.compile(r"[0-9]{1,18}")
_WITHOUT_BODY = frozenset({204, 304})


class Answer(http.client.HTTPResponse):
    """An answer whose head is given to `parse`, and whose body can then be read as of an `http.client.HTTPResponse`."""

    head: Head

    def parse(self, head: bytes) -> None:
        """Take the head, with the empty line that ends it; raises `HTTPException` for what is none."""
        line, _, headers = head.decode("latin-1").partition("\n")
        minor, self.status, self.reason = _status(line)
        self.version = 10 if minor == "0" else 11
        self.head = Head.of(self.status, printable(self.reason), _headers(headers))
        codings, lengths = self._tokens("transfer-encoding"), self._tokens("content-length")
        if codings not in ((), ("chunked",)):
            raise http.client.HTTPException(f"a transfer coding that nobody asked for: {', '.join(codings)}")
        self.chunked, self.chunk_left = bool(codings), None
        self.length = None if codings else self._length(lengths)
        connection = self._tokens("connection")
        # Whoever names both a coding and a length may mean to be read in two ways (RFC 9112, 6.3).
        self.will_close = (
            "close" in connection
            or (self.version == 10 and "keep-alive" not in connection)
            or bool(codings and lengths)
            or (self.length is None and not self.chunked)
        )
        if self.length == 0:
            self.close()

    def flush(self) -> None:
        """Nothing: nothing is written, and what was read from may be closed already, which is no error."""

    def _length(self, said: tuple[str, ...]) -> int | None:
        if self.status in _WITHOUT_BODY or self.status < 200 or self._method == "HEAD":  # type: ignore[attr-defined] # http.client's own
            return 0
        if not said:
            return None
        if len(set(said)) > 1 or not _LENGTH.fullmatch(said[0]):
            raise http.client.HTTPException(f"a length that is none: {', '.join(said)}")
        return int(said[0])

    def _tokens(self, name: str) -> tuple[str, ...]:
        """What a list header says, in lower case, over all its lines."""
        if name not in self.head.headers:
            return ()
        found = self.head.all(name)
        return tuple(token for value in found for part in value.split(",") if (token := part.strip().lower()))


def _status(line: str) -> tuple[str, int, str]:
    match = _STATUS_LINE.fullmatch(line)
    if not match:
        raise http.client.BadStatusLine(line)
    minor, status, reason = match.groups(default="")
    return minor, int(status), reason.strip()


def _headers(text: str) -> list[tuple[str, str]]:
    """The headers, of which each has a line; an empty one ends them."""
    text = _FOLD.sub(" ", text.replace("\r\n", "\n"))[:-1]
    if "\r" in text or "\0" in text:
        raise http.client.HTTPException("a header with a character that ends lines elsewhere")
    # All at once, which takes a third of the time of line by line: each answer has ten.
    headers = _HEADER.findall(text)
    if len(headers) != text.count("\n"):
        raise http.client.HTTPException(f"a line of the head is no header: {_no_header(text)[:40]!r}")
    return [(name, value.strip(" \t")) for name, value in headers]


def _no_header(text: str) -> str:
    return next(line for line in text.split("\n") if not _HEADER.match(f"{line}\n"))
