"""The registry's folder: what is in it, which version of the layout it has, and that one server has it at a time.

VERSION              the layout's number, written last: where it is, the rest is there
LOCK                 locked while a server runs
registry.db          names (`database`)
blobs/sha256/ab/ab…  content, read-only, named by its digest (`storage`)
uploads/<session>    what has arrived of an upload (`storage`)
"""

from __future__ import annotations

__all__ = ["Layout", "fsync_folder"]

import os
import sys
from pathlib import Path

from boxship.digest import ALGORITHMS, Digest
from boxship.errors import InvalidSettings

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_VERSION = 1


class Layout:
    """A registry's folder, made if need be and locked until `close`; `InvalidSettings` where it cannot be had."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(root / "LOCK", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise InvalidSettings(str(root), why=error.strerror or str(error), remedy="give another folder") from error
        try:
            self._take()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another server have the folder."""
        os.close(self._lock)

    @property
    def database(self) -> Path:
        """Where the names are kept."""
        return self.root / "registry.db"

    @property
    def uploads(self) -> Path:
        """Where unfinished uploads are."""
        return self.root / "uploads"

    def blob(self, digest: Digest) -> Path:
        """Where a blob is, if it is there."""
        return self.root / "blobs" / digest.algorithm / digest.hex[:2] / digest.hex

    def _take(self) -> None:
        try:
            # Uploads in progress are known to one process only, so two may not share a folder.
            _lock(self._lock)
        except OSError as error:
            why = "another registry uses this folder"
            raise InvalidSettings(str(self.root), why=why, remedy="stop it, or give another folder") from error
        version = self.root / "VERSION"
        if not version.exists():
            self._make(version)
        found = version.read_text("ascii").strip()
        if found != str(_VERSION):
            why = f"its layout is version {found}, this boxship knows {_VERSION}"
            raise InvalidSettings(str(version), why=why, remedy="use the boxship that wrote it, or a newer one")

    def _make(self, version: Path) -> None:
        """Make every folder that content will go to: a push then needs to make no folder durable but its own."""
        self.uploads.mkdir(mode=0o700, exist_ok=True)
        blobs = self.root / "blobs"
        blobs.mkdir(mode=0o700, exist_ok=True)
        for algorithm in ALGORITHMS:
            folder = blobs / algorithm
            folder.mkdir(mode=0o700, exist_ok=True)
            for first_byte in range(256):
                (folder / f"{first_byte:02x}").mkdir(mode=0o700, exist_ok=True)
            fsync_folder(folder)
        fsync_folder(blobs)
        version.write_text(f"{_VERSION}\n", "ascii")
        fsync_folder(self.root)


def _lock(descriptor: int) -> None:
    """Lock the file until it is closed; `OSError` where another process has."""
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def fsync_folder(folder: Path) -> None:
    """Make durable which files the folder has (fsync(2): a file's own fsync does not)."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there, and NTFS keeps a journal of its names
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
