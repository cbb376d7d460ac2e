"""Archives that cannot be sought as they are: compressed as a whole (`docker save app | gzip`), or from a pipe."""

from __future__ import annotations

__all__ = ["given_archive", "seekable", "spooled"]

import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.connect.deadline import check_current
from boxship.connect.readiness import Readiness
from boxship.errors import InvalidInput
from boxship.formats.stored import pieces_of, write_all
from boxship.formats.written import in_words
from boxship.image.bounds import Bounds, Count
from boxship.image.compression import compression_of, plain

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # the checker's own word for what `readinto` takes

_LOOKED_AT = 6  # bytes
_BOUNDS = Bounds(size=0, entries=0)  # no more than a compressor makes of an image: whatever its size, it is asked for
_TURN = 0.1  # seconds between looks at whether the operation is to end


def seekable(path: Path, scratch: Path) -> Path:
    """The archive itself where it is a file that is not compressed; else a file in `scratch` with what it holds."""
    with in_words(f"{path} cannot be read"), _opened(path) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return spooled(_flowing(file), str(path), scratch)
        if not compression_of(file.read(_LOOKED_AT)):
            return path
        file.seek(0)
        return spooled(pieces_of(file), str(path), scratch)


def given_archive(scratch: Path) -> Path:
    """What standard input brings, in a file in `scratch`."""
    if sys.stdin is None or sys.stdin.isatty():
        why = "it is a terminal" if sys.stdin else "it is closed"
        raise InvalidInput("no archive comes from standard input", why=why, remedy="for example docker save app | …")
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as file:
        return spooled(_flowing(file), "standard input", scratch)


def spooled(pieces: Iterable[memoryview], what: str, scratch: Path) -> Path:
    """The plain archive in a file in `scratch`; `UnexpectedAnswer` for one that is made to fill a disk."""
    path = scratch / "archive.tar"
    count = Count(_BOUNDS, remedy="where that is meant to be, decompress it, and name the plain archive")
    with in_words(f"{path} cannot be written"), path.open("wb", buffering=0) as out:
        for piece in count.plain(plain(count.packed(pieces), what), what):
            write_all(out, memoryview(piece))
    return path


def _opened(path: Path) -> FileIO:
    """The file, whether or not somebody writes to it yet: opening a pipe waits for a writer.

    Only Linux tells a pipe that nobody has opened yet from one that has ended.
    """
    if sys.platform != "linux":
        return FileIO(path)
    file = FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    os.set_blocking(file.fileno(), True)  # it is read when there is something to read
    return file


def _flowing(file: FileIO) -> Iterator[memoryview]:
    """What comes through a pipe; its writer is waited for no longer than the operation may last."""
    if sys.platform == "win32":  # which can wait for sockets alone
        return pieces_of(file)
    return pieces_of(_Awaited(file.fileno(), closefd=False))


class _Awaited(FileIO):
    """A file that is read when it has something."""

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill some of `buffer`, waiting where there is nothing; 0 at the end."""
        readiness = Readiness(self)
        while not readiness.wait(time.monotonic() + _TURN):
            check_current()
        return super().readinto(buffer)
