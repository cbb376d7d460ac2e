"""A tar that goes where it cannot be gone back in: to standard output, or to docker's daemon. One member at a time."""

from __future__ import annotations

__all__ = ["StreamedTar"]

import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from boxship.connect.deadline import check_current
from boxship.connect.holding import held
from boxship.errors import Cancelled
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor

_BLOCK = tarfile.BLOCKSIZE

Write = Callable[[bytes | memoryview], object]
"""Writes all of the bytes; they are not kept."""


class StreamedTar:
    """A tar in the making. Safe to use from several threads, which wait for each other."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._broken = False

    def take(self, name: str, blob: Descriptor, source: BlobSource) -> None:
        """Bring the blob from there to the member of that name."""
        with held(self._lock, check_current), self._member(name, blob.size), source.open_blob(blob) as pieces:
            for piece in pieces:
                self._write(piece)

    def add(self, name: str, content: bytes) -> None:
        """A member that is at hand."""
        with held(self._lock, check_current), self._member(name, len(content)):
            self._write(content)

    def finish(self) -> None:
        """Nothing more comes: two empty blocks."""
        self._write(bytes(2 * _BLOCK))

    def abandon(self) -> None:
        """It is not to be: who reads it finds it cut short."""

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
