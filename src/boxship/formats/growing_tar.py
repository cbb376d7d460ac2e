"""A tar file that grows: members whose sizes are known get their places at once, and are written side by side."""

from __future__ import annotations

__all__ = ["GrowingTar"]

import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

_BLOCK = tarfile.BLOCKSIZE


class GrowingTar:
    """A new tar file. Safe to use from several threads; it has its name when it is finished, and not before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._growing = path.with_name(f".{path.name}.{os.getpid()}.partial")
        self._growing.open("wb").close()
        self._lock = threading.Lock()
        self._end = 0

    @contextmanager
    def member(self, name: str, size: int) -> Iterator[FileIO]:
        """A file that stands where the member's bytes belong, exactly `size` of which are to be written."""
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o644
        head = header.tobuf(tarfile.GNU_FORMAT)
        with self._lock:
            begin = self._end
            self._end += len(head) + (size + _BLOCK - 1) // _BLOCK * _BLOCK
        with self._growing.open("r+b", buffering=0) as file:
            file.seek(begin)
            file.write(head)
            yield file

    def add(self, name: str, content: bytes) -> None:
        """A member that is at hand."""
        with self.member(name, len(content)) as file:
            file.write(content)

    def finish(self) -> None:
        """Nothing more comes: two empty blocks, and the name."""
        os.truncate(self._growing, self._end + 2 * _BLOCK)
        self._growing.replace(self._path)

    def abandon(self) -> None:
        """It is not to be."""
        self._growing.unlink(missing_ok=True)
