"""The content of an answer, taken from a file of what comes on a connection, as far as its framing says."""

from __future__ import annotations

__all__ = ["Content"]

from boxship.wire.chunks import Chunks, File
from boxship.wire.framing import Framing, Incomplete

_BLOCK = 64 * 1024


class Content:
    """What is between an answer's head and the next answer.

    Attributes:
        left: how many bytes are still to come, where the head said so.
        ended: whether all of it has been taken.
    """

    __slots__ = ("_chunks", "_file", "ended", "left")

    def __init__(self, framing: Framing, file: File) -> None:
        self._file = file
        self._chunks = Chunks(file) if framing.chunked else None
        self.left = framing.length
        self.ended = self.left == 0

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end. Raises `NotHTTP`, and `Incomplete` at an early end."""
        if self.ended:
            return b""
        if self._chunks:
            return self._joined(size)
        wanted = size if self.left is None else min(size, self.left)
        content = self._file.read(wanted)
        self._took(len(content), wanted)
        return content

    def readinto(self, view: memoryview) -> int:
        """Fill `view` with what has come, waiting where that is nothing; 0 at the end. Raises as `read` does.

        After an error of the file's own it can be called again, and goes on from there.
        """
        if self.ended or not view:
            return 0
        if self._chunks:
            count = self._chunks.readinto(view)
            self.ended = self._chunks.ended
            return count
        count = self._file.readinto(view if self.left is None else view[: self.left])
        self._took(count, 1)
        return count

    def _took(self, count: int, least: int) -> None:
        """So many bytes are gone; fewer than `least` are there at the connection's end only."""
        if self.left is None:
            self.ended = count < least
            return
        self.left -= count
        self.ended = not self.left
        if count < least and not self.ended:
            raise Incomplete(self.left)

    def _joined(self, size: int) -> bytes:
        pieces = bytearray()
        view = memoryview(bytearray(min(size, _BLOCK)))
        while count := self.readinto(view[: size - len(pieces)]):
            pieces += view[:count]
        return bytes(pieces)
