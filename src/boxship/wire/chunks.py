"""The content of a chunked body (RFC 9112, 7.1), so that a read that ended in an error can be repeated."""

from __future__ import annotations

__all__ = ["Chunks", "File"]

import re
from typing import Protocol

from boxship.wire.framing import Incomplete, NotHTTP
from boxship.wire.printable import printable

# A size of 15 digits is past every blob; extensions are for nobody here.
_SIZE = rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n"
_LONGEST_LINES = 64 * 1024  # between two pieces of content, or of the trailer: they do not go on for ever
_ENDS = (b"\r\n", b"\n")


class File(Protocol):
    """What comes on a connection."""

    def peek(self) -> bytes:
        """What has come and is not taken, at least a byte of it; nothing at the end."""

    def read(self, size: int, /) -> bytes:
        """Take so much."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Take what has come, as much as fits; 0 at the end."""


class Chunks:
    """The chunks of a body that is read piece by piece."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._left = 0  # bytes of the present chunk
        self._line = b""  # as much as has come of the present line
        self._of_lines = 0
        self._expected = self._size
        self.ended = False

    def readinto(self, view: memoryview) -> int:
        """Fill `view` with what has come, waiting where that is nothing; 0 at the end."""
        return self._content(view) if self._in_chunk() else 0

    def _content(self, view: memoryview) -> int:
        count = self._file.readinto(view[: self._left])
        if not count:
            raise Incomplete(self._left)
        self._left -= count
        self._of_lines = 0
        return count

    def _in_chunk(self) -> bool:
        """Whether content comes next; lines are read until it does, or the body has ended."""
        while not self._left and not self.ended:
            self._expected(self._whole_line())
            self._line = b""
        return not self.ended

    def _whole_line(self) -> bytes:
        while not self._line.endswith(b"\n") and not self._lines_too_long:
            there = self._file.peek()
            if not there:
                raise Incomplete
            self._line += self._file.read(there.find(b"\n") + 1 or len(there))
        if self._lines_too_long:
            raise NotHTTP(f"more than {_LONGEST_LINES} bytes between its chunks")
        return self._line

    @property
    def _lines_too_long(self) -> bool:
        return len(self._line) + self._of_lines > _LONGEST_LINES

    # What a line may be, one after another.

    def _size(self, line: bytes) -> None:
        match = re.fullmatch(_SIZE, line)
        if not match:
            raise NotHTTP(f"a chunk of no size: {printable(line[:40].decode('latin-1'))}")
        self._of_lines += len(line)
        self._left = int(match[1], 16)
        self._expected = self._end_of_chunk if self._left else self._trailer

    def _end_of_chunk(self, line: bytes) -> None:
        if line not in _ENDS:
            raise NotHTTP("a chunk that is longer than it says")
        self._expected = self._size

    def _trailer(self, line: bytes) -> None:
        self._of_lines += len(line)
        self.ended = line in _ENDS
