"""Copies of a registry's files: folders that are there whole or not at all, content that is linked or verified."""

from __future__ import annotations

__all__ = ["copy_verified", "link_or_copy", "new_folder"]

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidSettings
from boxship.server.layout import fsync_folder

_BLOCK = 1024 * 1024


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` when the block has ended well; else nothing is left of it.

    `InvalidSettings` where something is there already, other than an empty folder; `BoxshipError` where the disk fails.
    """
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        raise InvalidSettings(str(target), why="something is there already", remedy="give a new folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside it: renaming does not reach over file systems.
        work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise InvalidSettings(str(target), why=error.strerror or str(error), remedy="give another folder") from error
    try:
        yield work
        if target.exists():
            target.rmdir()
        work.rename(target)
        fsync_folder(target.parent)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, (OSError, sqlite3.OperationalError)):
            why = (error.strerror if isinstance(error, OSError) else "") or str(error)
            raise BoxshipError(
                f"{target} was not made", why=why, remedy="see its disk: whether there is room"
            ) from error
        raise


def link_or_copy(source: Path, target: Path) -> None:
    """Have the file under a second name, or a durable copy where the file system gives it none.

    Content is never written to again, so that two names of it share nothing that changes.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
        _fsync(target)


def copy_verified(source: Path, target: Path, digest: Digest) -> bool:
    """Copy the file, durably and with its times; whether its bytes are those of `digest`."""
    value = hashlib.new(digest.algorithm)
    with source.open("rb", buffering=0) as original, target.open("xb", buffering=0) as copy:
        while block := original.read(_BLOCK):
            value.update(block)
            copy.write(block)
        os.fsync(copy.fileno())
    shutil.copystat(source, target)
    return value.hexdigest() == digest.hex


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
