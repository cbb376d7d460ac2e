"""A file that is written by one thread, and read by another one while it grows."""

from __future__ import annotations

__all__ = ["GrowingFile"]

import threading
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Self

_PIECE = 1024 * 1024


class GrowingFile:
    """A new file, written in `with`; when that is left it grows no more."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self._path = path
        self._changed = threading.Condition()
        self._size, self._ended = 0, False

    def write(self, piece: bytes | memoryview) -> None:
        """Write all of the piece."""
        view = memoryview(piece)
        while view:
            view = view[self._file.write(view) :]
        with self._changed:
            self._size += len(piece)
            self._changed.notify_all()

    def wait(self, size: int) -> int:
        """Wait until there are so many bytes, and how many there are; 0 where it has ended before."""
        with self._changed:
            self._changed.wait_for(lambda: self._size >= size or self._ended)
            return self._size if self._size >= size and not self._ended else 0

    def pieces(self, at: int, stop: int) -> Generator[memoryview, None, None]:
        """The bytes from `at` to before `stop`, which are there; a piece is valid until the next is asked for."""
        buffer = memoryview(bytearray(min(_PIECE, stop - at)))
        with self._path.open("rb", buffering=0) as file:
            file.seek(at)
            while at < stop and (count := file.readinto(buffer[: stop - at])):
                yield buffer[:count]
                at += count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
