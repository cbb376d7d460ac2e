"""The bytes of a connection as a file that is buffered across answers, and counts what is taken of them."""

from __future__ import annotations

__all__ = ["Incoming"]

import io
from typing import TYPE_CHECKING

from boxship.transport.reader import Reader
from boxship.wire.framing import END_OF_HEAD, Incomplete, NotHTTP

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # the checker's own word for what `readinto` takes

_BUFFER = 64 * 1024


class Incoming(io.BufferedReader):
    """The reader's bytes. What is left of them after an answer is nobody's answer; a head that breaks off is none."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader, _BUFFER)
        self._reader = reader
        self.taken = 0

    def head(self) -> bytes:
        """A head, with the empty line that ends it."""
        # Most heads come in one piece: taking that whole instead of line by line saves 15 us of a request's 180.
        end = END_OF_HEAD.search(self.peek())
        head = super().read(end.end()) if end else self._head_by_lines()
        self.taken += len(head)
        return head

    def _head_by_lines(self) -> bytes:
        lines: list[bytes] = []
        while not lines or lines[-1] not in (b"\r\n", b"\n"):
            lines.append(self.readline())  # the reader has a bound for a head
            if not lines[-1].endswith(b"\n"):
                raise _broken_head(lines)
        return b"".join(lines)

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes of content, fewer at the end."""
        content = super().read(size)
        self.taken += len(content)
        return content

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer with what has come of the content, waiting where that is nothing; 0 at the end.

        An error that comes after some of it is met again by the next call.
        """
        try:
            count = super().readinto1(buffer)
        except OSError:
            count = self._reader.total - self.taken  # the buffer has all that came
            if not count:
                raise
        self.taken += count
        return count


def _broken_head(lines: list[bytes]) -> NotHTTP:
    """What is wrong with a head that ended in the middle of a line."""
    if lines == [b""]:
        return NotHTTP("the connection was closed without an answer")
    if not lines[0].startswith(b"HTTP/"):
        return NotHTTP(lines[0].decode("latin-1"))
    return Incomplete()
