"""A folder as a tar that is the same wherever and whenever it is made: sorted, root's, of one time."""

from __future__ import annotations

__all__ = ["content_of", "folder_tar", "header_of", "sorted_paths"]

import os
import stat
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from boxship.image.tar_stream import END

_PIECE = 1024 * 1024


def folder_tar(folder: Path, modified: int) -> Iterator[bytes | memoryview]:
    """What is in the folder, without itself; everything was modified at that time (seconds since 1970).

    Files that have several names in it stay one file. Sockets have no place in a tar, and are left out.
    """
    first: dict[tuple[int, int], str] = {}
    for path in sorted_paths(folder):
        name, found = path.relative_to(folder).as_posix(), path.lstat()
        info = header_of(path, name, found)
        if info is None:
            continue
        info.mtime, info.mode = modified, stat.S_IMODE(found.st_mode)
        if info.type == tarfile.REGTYPE and found.st_nlink > 1:
            known = first.setdefault((found.st_dev, found.st_ino), name)
            if known != name:
                info.type, info.linkname, info.size = tarfile.LNKTYPE, known, 0
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if info.size:
            yield from content_of(path, info.size)
    yield END


def sorted_paths(folder: Path) -> Iterator[Path]:
    """Everything below the folder: a folder before what is in it, and names by their bytes."""
    for path in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from sorted_paths(path)


def header_of(path: Path, name: str, found: os.stat_result) -> tarfile.TarInfo | None:
    """What the tar says of it, without times and rights; None for what has no place in one."""
    info, mode = tarfile.TarInfo(name), found.st_mode
    if stat.S_ISREG(mode):
        info.type, info.size = tarfile.REGTYPE, found.st_size
    elif stat.S_ISDIR(mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif stat.S_ISFIFO(mode):
        info.type = tarfile.FIFOTYPE
    elif sys.platform != "win32" and (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)):
        info.type = tarfile.CHRTYPE if stat.S_ISCHR(mode) else tarfile.BLKTYPE
        info.devmajor, info.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    else:
        return None
    return info


def content_of(path: Path, size: int) -> Iterator[bytes | memoryview]:
    """So many bytes of the file, filled up to a whole block; what was written to it meanwhile is not taken."""
    buffer, left = memoryview(bytearray(min(_PIECE, size))), size
    with path.open("rb", buffering=0) as file:
        while left and (count := file.readinto(buffer[:left])):
            yield buffer[:count]
            left -= count
    yield bytes(left + -size % tarfile.BLOCKSIZE)  # one that has become shorter is filled up, as tar does
