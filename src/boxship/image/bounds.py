"""How much an image may become when it is unpacked: a layer of some kilobytes can be made to fill a disk."""

from __future__ import annotations

__all__ = ["UNBOUNDED", "Bounds", "Count"]

from collections.abc import Iterable, Iterator
from typing import TypeVar

from boxship.errors import UnexpectedAnswer
from boxship.value import dataclass

Piece = TypeVar("Piece", bound=memoryview | bytes)
_FREE = 256 * 1024 * 1024  # bytes that a layer may have whatever its ratio: files of zeros are nothing bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What all layers of an image may come to; 0 is no bound.

    Attributes:
        size: bytes, unpacked.
        entries: files, folders, links and whiteouts.
        ratio: bytes out of each byte that a layer has: real ones have 2 to 20, gzip can do 1,000, zstd a million.
    """

    size: int = 256 * 1024**3
    entries: int = 10_000_000
    ratio: int = 200


UNBOUNDED = Bounds(size=0, entries=0, ratio=0)


class Count:
    """What has come so far."""

    def __init__(self, bounds: Bounds, *, remedy: str = "where that is meant to be, allow more") -> None:
        self._bounds, self._remedy = bounds, remedy
        self._size = self._entries = self._packed = self._layer = 0

    def packed(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """A layer as it is stored, counted."""
        self._packed = self._layer = 0
        for piece in pieces:
            self._packed += len(piece)
            yield piece

    def plain(self, pieces: Iterable[Piece], what: str) -> Iterator[Piece]:
        """The same unpacked, counted; `UnexpectedAnswer` as soon as it is more than it may be."""
        bounds = self._bounds
        for piece in pieces:
            self._size += len(piece)
            self._layer += len(piece)
            if bounds.size and self._size > bounds.size:
                raise self._too_much(what, f"unpacked it has more than {bounds.size} bytes")
            if bounds.ratio and self._layer > _FREE + bounds.ratio * self._packed:
                raise self._too_much(what, f"it becomes more than {bounds.ratio} times as large when it is unpacked")
            yield piece

    def entry(self, what: str) -> None:
        """Another file, folder or link."""
        self._entries += 1
        if self._bounds.entries and self._entries > self._bounds.entries:
            raise self._too_much(what, f"it has more than {self._bounds.entries} entries")

    def _too_much(self, what: str, why: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(f"{what} is not unpacked", why=why, remedy=self._remedy)
