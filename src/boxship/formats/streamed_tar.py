"""A tar that goes where it cannot be gone back in: to standard output, or to docker's daemon. One member at a time.

Those that are expected wait for those before them. They are begun in that order: the first is never the one not begun.
"""

from __future__ import annotations

__all__ = ["StreamedTar"]

import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from boxship.connect.deadline import check_current
from boxship.errors import Cancelled
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor

_BLOCK = tarfile.BLOCKSIZE
_TURN = 0.05  # seconds between a waiting thread's looks at whether its operation is to end

Write = Callable[[bytes | memoryview], object]
"""Writes all of the bytes; they are not kept."""


class StreamedTar:
    """A tar in the making. Safe to use from several threads, which wait for each other."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._expected: dict[str, None] = {}  # in this order
        self._writing = self._broken = False

    def expect(self, members: Iterable[tuple[str, int]]) -> None:
        """Members of these names and sizes come now, and stand in this order."""
        with self._changed:
            self._expected |= {name: None for name, _ in members}

    def take(self, name: str, blob: Descriptor, source: BlobSource) -> None:
        """Bring the blob from there to the member of that name."""
        with self._turn(name), self._member(name, blob.size), source.open_blob(blob) as pieces:
            for piece in pieces:
                self._write(piece)

    def add(self, name: str, content: bytes) -> None:
        """A member that is at hand."""
        with self._turn(name), self._member(name, len(content)):
            self._write(content)

    def finish(self) -> None:
        """Nothing more comes: two empty blocks."""
        self._write(bytes(2 * _BLOCK))

    def abandon(self) -> None:
        """It is not to be: who reads it finds it cut short."""

    @contextmanager
    def _turn(self, name: str) -> Iterator[None]:
        """Have the stream alone, when all that was expected before this has come."""
        with self._changed:
            while self._writing or (name in self._expected and name != next(iter(self._expected))):
                self._changed.wait(_TURN)
                check_current()
            self._writing = True
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._expected.pop(name, None)
                self._changed.notify_all()

    @contextmanager
    def _member(self, name: str, size: int) -> Iterator[None]:
        if self._broken:
            raise Cancelled(f"{name} is not written", why="the stream broke off before it")
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o644
        self._broken = True
        self._write(header.tobuf(tarfile.GNU_FORMAT))
        yield
        self._write(bytes(-size % _BLOCK))
        self._broken = False
