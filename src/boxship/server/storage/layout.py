"""The registry's folder: what is in it, which version of the layout it has, and who has it, alone or with others.

VERSION              the layout's number, written last: where it is, the rest is there
LOCK                 shared by whoever uses the folder; taken alone while it is made, brought up to date or repaired
registry.db          names (`database`)
blobs/sha256/ab/ab…  content, read-only, named by its digest (`storage`), in a folder that comes with the first one
uploads/<session>    what has arrived of an upload (`storage`); locked while somebody writes to it (`claim`)
trash/<digest>.<ns>  content that a sweep took away at that time, kept until a later one (`sweep`)
quarantine/<…>.<ns>  what was found damaged at that time, made when there is any (`soundness`, `repair`)
"""

from __future__ import annotations

__all__ = ["Layout", "blob_in", "check_database", "check_registry", "folders_in", "fsync_folder"]

import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from boxship.digest import ALGORITHMS, Digest
from boxship.errors import InvalidSettings
from boxship.server.storage import locks

_VERSION = 2  # 1 had no trash, and tables that knew neither referrers nor users
_PATIENCE = 10.0  # seconds for somebody to make the folder, or to bring it up to date
_ONCE_MORE = 0.01  # seconds between two looks


class Layout:
    """A registry's folder, made if need be; `InvalidSettings` where it cannot be had.

    Whoever comes first has it alone until `share`, so that nobody sees it half made, and others wait that long.

    Attributes:
        alone: whether nobody else has the folder, nor can have it now.
        first: whether nobody else had it when it was opened.
    """

    def __init__(self, root: Path, *, alone: bool = False, names_elsewhere: bool = False) -> None:
        """Have the folder; with `alone`, only if nobody else has it."""
        self.root = root
        self._names_elsewhere = names_elsewhere
        self._durable = set[Path]()  # folders of blobs
        try:
            _make_root(root)
            self._lock = os.open(root / "LOCK", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise _not_had(root, error) from error
        try:
            self.alone = self.first = self._take(alone=alone)
            self._check()
        except OSError as error:
            self.close()
            raise _not_had(root, error) from error
        except BaseException:
            self.close()
            raise

    def share(self) -> None:
        """Let others have the folder, too."""
        self.alone = self.alone and not locks.share(self._lock)

    def close(self) -> None:
        """Leave the folder to others."""
        os.close(self._lock)

    @property
    def database(self) -> Path:
        """Where the names are kept."""
        return self.root / "registry.db"

    @property
    def uploads(self) -> Path:
        """Where unfinished uploads are."""
        return self.root / "uploads"

    @property
    def trash(self) -> Path:
        """Where content is that a sweep took away."""
        return self.root / "trash"

    @property
    def quarantine(self) -> Path:
        """Where content is whose bytes were found wrong."""
        return self.root / "quarantine"

    @property
    def blobs(self) -> Path:
        """Where content is, in a folder for each algorithm, and there in one for each first byte."""
        return self.root / "blobs"

    def blob(self, digest: Digest) -> Path:
        """Where a blob is, if it is there."""
        return blob_in(self.root, digest)

    def place(self, digest: Digest) -> Path:
        """Where a blob is put: its folder is there, and durably so."""
        blob = self.blob(digest)
        folder = blob.parent
        if folder not in self._durable:
            # Where another process has made it, nobody knows whether that has made it durable yet.
            folder.mkdir(mode=0o700, exist_ok=True)
            fsync_folder(folder.parent)
            self._durable.add(folder)
        return blob

    def _take(self, *, alone: bool) -> bool:
        """Lock the folder; whether nobody else has it."""
        until = time.monotonic() + _PATIENCE
        while not locks.lock(self._lock):
            if not alone and locks.share(self._lock):
                return False
            if alone or time.monotonic() > until:
                why = "another registry uses this folder"
                raise InvalidSettings(str(self.root), why=why, remedy="stop it, or give another folder")
            time.sleep(_ONCE_MORE)
        return True

    def _check(self) -> None:
        version = self.root / "VERSION"
        found = _read_version(version)
        if found > _VERSION:
            why = f"its layout is version {found}, this boxship knows {_VERSION}"
            raise InvalidSettings(str(version), why=why, remedy="use the boxship that wrote it, or a newer one")
        if found < _VERSION:
            # An older one lacks some of the folders, and nothing else. Its number comes before what the database gets
            # next, which the boxship that wrote it does not know.
            self._make(version)
        elif not self._names_elsewhere:
            check_database(self.root)

    def _make(self, version: Path) -> None:
        """Make every folder that others are made in: a push then needs to make none durable but its blob's."""
        for folder in (self.uploads, self.trash, self.blobs, *(self.blobs / algorithm for algorithm in ALGORITHMS)):
            folder.mkdir(mode=0o700, exist_ok=True)
        fsync_folder(self.blobs)
        fsync_folder(self.root)  # else a disk may keep VERSION's name and none of theirs
        _write_version(version)
        fsync_folder(self.root)


def blob_in(root: Path, digest: Digest) -> Path:
    """Where a blob is in the folder, if it is there."""
    return root / "blobs" / digest.algorithm / digest.hex[:2] / digest.hex


def folders_in(root: Path) -> Iterator[tuple[str, Path]]:
    """The folders of blobs that there are, in order, each with its algorithm."""
    for algorithm in ALGORITHMS:
        folder = root / "blobs" / algorithm
        if folder.is_dir():
            yield from ((algorithm, each) for each in sorted(folder.iterdir()) if each.is_dir())


def check_registry(root: Path) -> None:
    """Raise `InvalidSettings` where the folder is no registry's, and would be made one."""
    if not (root / "VERSION").is_file():
        raise InvalidSettings(str(root), why="it is no registry's folder", remedy="give the folder of a registry")


def check_database(root: Path) -> None:
    """`InvalidSettings` where content is there, and not what knows of it: a new one would let sweeps take all away."""
    if (root / "DATABASE").exists():
        why = "its names are in a database of PostgreSQL"
        raise InvalidSettings(str(root), why=why, remedy="give its URL: --database postgresql://…")
    database = root / "registry.db"
    if not database.exists() and next((root / "blobs").glob("*/*/*"), None):
        remedy = "put it back, or restore a backup of the registry"
        raise InvalidSettings(str(database), why="it is gone, and the content that it knew of is there", remedy=remedy)


def _not_had(root: Path, error: OSError) -> InvalidSettings:
    remedy = "make room on its disk" if error.errno == errno.ENOSPC else "give another folder"
    return InvalidSettings(str(root), why=error.strerror or str(error), remedy=remedy)


def _make_root(root: Path) -> None:
    """Make the folder and those it is in, each of them durable: whatever it is given would be lost with it."""
    new = [folder for folder in (root, *root.parents) if not folder.exists()]
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (root / "VERSION").exists():
        # A crash may have come between its making and here. Where it may not be read, others made it.
        new = [folder for folder in (new or [root]) if os.access(folder.parent, os.R_OK)]
        for folder in reversed(new):
            fsync_folder(folder.parent)


def _read_version(file: Path) -> int:
    """The number that the file says; 0 where there is none."""
    try:
        return int(file.read_text("ascii"))
    except FileNotFoundError:
        return 0
    except ValueError as error:
        raise InvalidSettings(str(file), why="it is no number", remedy="restore a backup of it") from error


def _write_version(file: Path) -> None:
    """Write the file whole or not at all."""
    new = file.with_name("VERSION.new")
    with new.open("w", encoding="ascii") as written:
        written.write(f"{_VERSION}\n")
        written.flush()
        os.fsync(written.fileno())
    new.replace(file)


def fsync_folder(folder: Path) -> None:
    """Make durable which files the folder has (fsync(2): a file's own fsync does not)."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there, and NTFS keeps a journal of its names
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
