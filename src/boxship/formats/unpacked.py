"""Archives that cannot be sought as they are: compressed as a whole (`docker save app | gzip`), or from a pipe."""

from __future__ import annotations

__all__ = ["given_archive", "seekable", "spooled"]

import sys
from collections.abc import Iterable
from pathlib import Path

from boxship.errors import InvalidInput
from boxship.formats.stored import pieces_of, write_all
from boxship.formats.written import in_words
from boxship.image.bounds import Bounds, Count
from boxship.image.compression import compression_of, plain

_LOOKED_AT = 6  # bytes
_BOUNDS = Bounds(size=0, entries=0)  # no more than a compressor makes of an image: whatever its size, it is asked for


def seekable(path: Path, scratch: Path) -> Path:
    """The archive itself where it is a file that is not compressed; else a file in `scratch` with what it holds."""
    with in_words(f"{path} cannot be read"), path.open("rb", buffering=0) as file:
        if path.is_file():
            compressed = compression_of(file.read(_LOOKED_AT))
            if not compressed:
                return path
            file.seek(0)
        return spooled(pieces_of(file), str(path), scratch)


def given_archive(scratch: Path) -> Path:
    """What standard input brings, in a file in `scratch`."""
    if sys.stdin is None or sys.stdin.isatty():
        why = "it is a terminal" if sys.stdin else "it is closed"
        raise InvalidInput("no archive comes from standard input", why=why, remedy="for example docker save app | …")
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as file:
        return spooled(pieces_of(file), "standard input", scratch)


def spooled(pieces: Iterable[memoryview], what: str, scratch: Path) -> Path:
    """The plain archive in a file in `scratch`; `UnexpectedAnswer` for one that is made to fill a disk."""
    path = scratch / "archive.tar"
    count = Count(_BOUNDS, remedy="where that is meant to be, decompress it, and name the plain archive")
    with in_words(f"{path} cannot be written"), path.open("wb", buffering=0) as out:
        for piece in count.plain(plain(count.packed(pieces), what), what):
            write_all(out, memoryview(piece))
    return path
