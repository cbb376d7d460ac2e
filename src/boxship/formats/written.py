"""Files that are whole under their names or not there, also when the power fails: on the disk before they are named."""

from __future__ import annotations

__all__ = ["in_words", "is_special", "new_file", "new_name", "on_disk", "open_to_go_on", "write_file"]

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from boxship.errors import BoxshipError
from boxship.formats.flowing import is_pipe, opened_pipe

_AGAIN = "make room, and run the same again: it goes on with what has come"
_OPEN = frozenset(map(Path, ("/dev", "/dev/fd", "/proc/self/fd")))  # /dev/stdout may be any file by now
_REMEDIES = {
    errno.ENOSPC: _AGAIN,
    errno.EDQUOT: _AGAIN,
    errno.ENOENT: "the folder that it is to be in has to be there",
}


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """What the system says of a file that cannot be had (a full disk, no permission) becomes an error of ours.

    A closed pipe stays what it is: its reader has what it wanted.
    """
    try:
        yield
    except (BoxshipError, BrokenPipeError):  # `TimedOut` is an OSError, too
        raise
    except OSError as error:
        raise BoxshipError(what, why=_why(error), remedy=_REMEDIES.get(error.errno or 0, "")) from error


def is_special(path: Path) -> bool:
    """Whether it is a device, a pipe, or a name of what is open: that is written to, and no file takes its place."""
    if path.parent in _OPEN:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def new_name(path: Path) -> Path:
    """A name beside it that nobody has, for what is to be renamed to it."""
    return path.with_name(f".{path.name}.{os.urandom(16).hex()}")


def write_file(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write the file so that it is whole under its name, or not there; `on_disk` says when it keeps that.

    `mode`: who may read it, from its first byte on.
    """
    if is_special(path):
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = new_name(path)
    try:
        with temporary.open("xb") as file:
            if mode is not None:
                temporary.chmod(mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_file(path: Path, *, mode: int | None = None) -> Iterator[FileIO]:
    """A file that is written, and has its name when the context ends well.

    `mode`: who may read it, from its first byte on.
    """
    if is_special(path):
        with in_words(f"{path} cannot be written"), _opened(path) as file:
            yield file
        return
    temporary = new_name(path)
    with in_words(f"{path} cannot be written"):
        try:
            with FileIO(temporary, "x") as file:
                if mode is not None:
                    temporary.chmod(mode)
                yield file
                os.fsync(file.fileno())
            temporary.replace(path)
            on_disk(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _opened(path: Path) -> FileIO:
    return opened_pipe(path) if is_pipe(path) else FileIO(path, "w")


def open_to_go_on(path: Path) -> FileIO:
    """The file, to be read and written, with all that it holds; an empty one where there was none."""
    return FileIO(path, "r+", opener=lambda name, flags: os.open(name, flags | os.O_CREAT, 0o666))


def on_disk(folder: Path) -> None:
    """The names in a folder are on the disk when this returns: what refers to them may be written."""
    if sys.platform == "win32":  # which opens no folder, and keeps names in its journal
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _why(error: OSError) -> str:
    words = (error.strerror or str(error)).lower()
    return f"{error.filename}: {words}" if error.filename else words
