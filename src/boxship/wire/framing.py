"""The head of an answer, parsed strictly, and what it says about where its content ends (RFC 9112, 2 to 6).

The standard library's parser takes the head to have ended at a line that is no header: what frames the content may
stand below it. And importing it takes longer than asking a registry for its tags does.
"""

from __future__ import annotations

__all__ = ["END_OF_HEAD", "LONGEST_HEAD", "Framing", "Incomplete", "NotHTTP", "parse_framing"]

import re

from boxship.value import dataclass
from boxship.wire.message import Head
from boxship.wire.printable import printable

LONGEST_HEAD = 64 * 1024
END_OF_HEAD = re.compile(rb"\n\r?\n")
_MOST_HEADERS = 100  # real answers have twenty

_STATUS_LINE = re.compile(r"HTTP/1\.([0-9])[ \t]+([1-9][0-9]{2})(?:[ \t]+([^\r\n]*))?\r?")
_HEADER = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\n]*)\n", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t]+")  # obsolete line folding means a space (RFC 9112, 5.2)
_LENGTH = re.compile(r"[0-9]{1,18}")
_WITHOUT_CONTENT = frozenset({204, 304})


class NotHTTP(ValueError):
    """What came is not HTTP as it should be; the words say why."""


class Incomplete(NotHTTP):
    """What came ended early: `missing` bytes are not there, where that is known."""

    def __init__(self, missing: int | None = None) -> None:
        super().__init__(f"it broke off: {missing or 'some'} bytes are missing")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Framing:
    """The head of an answer, and where its content ends.

    Attributes:
        protocol: the answer's version of HTTP.
        length: how many bytes of content there are; None where they are chunked, or end with the connection.
        chunked: whether the content comes in chunks.
        closes: whether no other answer can come on its connection.
    """

    head: Head
    protocol: str
    length: int | None
    chunked: bool
    closes: bool


def parse_framing(head: bytes, method: str) -> Framing:
    """The framing of the answer to a request of `method`, whose head ends with its empty line; or `NotHTTP`."""
    if len(head) > LONGEST_HEAD or head.count(b"\n") > _MOST_HEADERS + 2:
        raise NotHTTP(f"more than {_MOST_HEADERS} headers, or than {LONGEST_HEAD} bytes of them")
    line, _, rest = head.decode("latin-1").partition("\n")
    minor, status, reason = _status(line)
    parsed = Head.of(status, printable(reason), _headers(rest))
    codings, lengths = _tokens(parsed, "transfer-encoding"), _tokens(parsed, "content-length")
    if codings not in ((), ("chunked",)):
        raise NotHTTP(f"a transfer coding that nobody asked for: {', '.join(codings)}")
    has_content = method != "HEAD" and status >= 200 and status not in _WITHOUT_CONTENT
    chunked = has_content and bool(codings)
    length = (None if chunked else _length(lengths)) if has_content else 0
    connection = _tokens(parsed, "connection")
    closes = (
        "close" in connection
        or (minor == "0" and "keep-alive" not in connection)
        # Whoever names both a coding and a length may mean to be read in two ways (RFC 9112, 6.3).
        or bool(codings and lengths)
        or (length is None and not chunked)
    )
    return Framing(parsed, "HTTP/1.0" if minor == "0" else "HTTP/1.1", length, chunked, closes)


def _length(said: tuple[str, ...]) -> int | None:
    if not said:
        return None  # until the connection's end
    if len(set(said)) > 1 or not _LENGTH.fullmatch(said[0]):
        raise NotHTTP(f"a length that is none: {', '.join(said)}")
    return int(said[0])


def _tokens(head: Head, name: str) -> tuple[str, ...]:
    """What a list header says, in lower case, over all its lines."""
    if name not in head.headers:
        return ()
    return tuple(token for value in head.all(name) for part in value.split(",") if (token := part.strip().lower()))


def _status(line: str) -> tuple[str, int, str]:
    match = _STATUS_LINE.fullmatch(line)
    if not match:
        raise NotHTTP(line.strip() or "it begins with an empty line")
    minor, status, reason = match.groups(default="")
    return minor, int(status), reason.strip()


def _headers(text: str) -> list[tuple[str, str]]:
    """The headers, of which each has a line; an empty one ends them."""
    text = _FOLD.sub(" ", text.replace("\r\n", "\n"))[:-1]
    if "\r" in text or "\0" in text:
        raise NotHTTP("a header with a character that ends lines elsewhere")
    # All at once, which takes a third of the time of line by line: each answer has ten.
    headers = _HEADER.findall(text)
    if len(headers) != text.count("\n"):
        raise NotHTTP(f"a line of the head is no header: {_no_header(text)[:40]!r}")
    return [(name, value.strip(" \t")) for name, value in headers]


def _no_header(text: str) -> str:
    return next(line for line in text.split("\n") if not _HEADER.match(f"{line}\n"))
