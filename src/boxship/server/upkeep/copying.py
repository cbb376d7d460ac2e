"""Copies of a registry's files: folders that are there whole or not at all, content that is linked or verified."""

from __future__ import annotations

__all__ = ["copy_verified", "growing_folder", "link_or_copy", "new_folder", "tidy"]

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
from boxship.server.database import Transaction, Unavailable
from boxship.server.storage.layout import Layout, folders_in, fsync_folder

_BLOCK = 1024 * 1024


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` when the block has ended well; else nothing is left of it.

    `InvalidSettings` where something is there already, other than an empty folder; `BoxshipError` where the disk fails.
    """
    _check_new(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside it: renaming does not reach over file systems.
        work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise InvalidSettings(str(target), why=error.strerror or str(error), remedy="give another folder") from error
    try:
        yield work
        _rename(work, target)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, (OSError, sqlite3.OperationalError)):
            raise _not_made(target, error) from error
        raise


@contextmanager
def growing_folder(target: Path, *, kept: bool = False) -> Iterator[Path]:
    """The same; but where a process ended in the middle, or a store was away, the next one goes on with what there is.

    What is in it was written by whoever tried, and need not be whole. With `kept`, it stays whatever goes wrong.
    """
    _check_new(target)
    work = target.parent / f".{target.name}.partial"
    try:
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSettings(str(target), why=error.strerror or str(error), remedy="give another folder") from error
    try:
        yield work
        _rename(work, target)
    except Unavailable as error:
        remedy = f"do it again, which goes on with what is in {work}"
        raise BoxshipError(f"{target} was not made", why=error.strerror or str(error), remedy=remedy) from error
    except Exception as error:
        if not kept:
            shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, (OSError, sqlite3.OperationalError)):
            raise _not_made(target, error) from error
        raise


def tidy(layout: Layout, names: Transaction) -> None:
    """Delete what no name is of, in a folder that nobody else has, and make durable which files are left."""
    for file in layout.uploads.iterdir():
        file.unlink()
    fsync_folder(layout.uploads)  # else a disk may keep the names that its uploads had before they were blobs
    for algorithm, folder in folders_in(layout.root):
        for file in folder.iterdir():
            if not names.execute(_IS_KEPT, (f"{algorithm}:{file.name}",)).fetchone():
                file.unlink()
        fsync_folder(folder)


_IS_KEPT = "SELECT 1 FROM blob WHERE digest = ? AND state < 2"


def _check_new(target: Path) -> None:
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        raise InvalidSettings(str(target), why="something is there already", remedy="give a new folder")


def _rename(work: Path, target: Path) -> None:
    if target.exists():
        target.rmdir()
    work.rename(target)
    fsync_folder(target.parent)


def _not_made(target: Path, error: OSError | sqlite3.OperationalError) -> BoxshipError:
    why = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return BoxshipError(f"{target} was not made", why=why, remedy="see its disk: whether there is room")


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
        new = target.with_name(f"{target.name}.new")
        shutil.copy2(source, new, follow_symlinks=False)
        _fsync(new)
        new.replace(target)


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
