"""Whether the files of a registry's folder are what its names say, wherever those are."""

from __future__ import annotations

__all__ = ["FileCheck"]

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.storage.layout import blob_in, folders_in
from boxship.server.storage.soundness import digest_file
from boxship.server.upkeep.finding import Fault, Finding

_PAGE = 500  # digests, or names of files


class _Row(NamedTuple):
    digest: str
    state: int
    size: int
    modified: int
    linked: bool


class FileCheck:
    """One look at all files; with `verify` each is read, and else only those that were written to since.

    Each page of rows, and of files, is looked at before the next is read.
    """

    def __init__(self, names: Transaction, folder: Path, *, verify: bool, until: float) -> None:
        """What no row knows counts when it is as old as `until`."""
        self._names = names
        self._folder = folder
        self._verify = verify
        self._until = until

    def findings(self) -> Iterator[Finding]:
        """What is wrong with blobs, and then what is nobody's."""
        for row in self._rows():
            # Asked again where something is wrong: a server may have changed row and file meanwhile.
            if self._fault(row) and (fault := self._fault_now(row.digest)):
                yield Finding(fault, row.digest)
        for algorithm, folder in folders_in(self._folder):
            yield from self._orphans(folder, algorithm)

    def uploads(self) -> Iterator[Finding]:
        """What is wrong with uploads."""
        folder, last = self._folder / "uploads", ""
        while rows := self._names.execute(_SESSIONS, (last, _PAGE)).fetchall():
            for (session,) in rows:
                found = _stat(folder / session)
                # The row is read after the file, which is written before it.
                row = self._names.execute("SELECT size FROM upload WHERE id = ?", (session,)).fetchone()
                if row and row[0] > (found.st_size if found else 0):
                    yield Finding(Fault.CUT_SHORT, f"uploads/{session}")
            (last,) = rows[-1]
        for files in _pages(folder):
            for file in files:
                known = self._names.execute("SELECT 1 FROM upload WHERE id = ?", (file,)).fetchone()
                if not known and self._is_old(folder / file):
                    yield Finding(Fault.STRAY, f"uploads/{file}")

    def _rows(self) -> Iterator[_Row]:
        last = ""
        while rows := self._names.execute(_PAGE_OF_BLOBS, (last, _PAGE)).fetchall():
            yield from map(_Row._make, rows)
            last = rows[-1][0]

    def _fault_now(self, digest: str) -> Fault | None:
        row = self._names.execute(_BLOB, (digest,)).fetchone()
        return self._fault(_Row(*row)) if row else None

    def _fault(self, row: _Row) -> Fault | None:
        if row.state == _DELETING:
            return None
        if row.state == _BAD:
            return Fault.CONDEMNED if row.linked else None
        digest = Digest.parse(row.digest)
        path = blob_in(self._folder, digest)
        found = _stat(path)
        if not found:
            return Fault.LOST
        if found.st_size != row.size:
            return Fault.RESIZED
        if not self._verify and found.st_mtime_ns == row.modified:
            return None
        return _content(path, digest)

    def _orphans(self, folder: Path, algorithm: str) -> Iterator[Finding]:
        for files in _pages(folder):
            asked = [f"{algorithm}:{file}" for file in files] + [""] * (_PAGE - len(files))
            known = {digest for (digest,) in self._names.execute(_KNOWN, asked)}
            for file in files:
                if f"{algorithm}:{file}" not in known and self._is_old(folder / file):
                    yield Finding(Fault.ORPHAN, f"blobs/{algorithm}/{folder.name}/{file}")

    def _is_old(self, path: Path) -> bool:
        """Whether a file has been there, under this name, since before `until`."""
        found = _stat(path)
        # A rename changes st_ctime, and leaves st_mtime.
        return found is not None and max(found.st_ctime, found.st_mtime) <= self._until


def _content(path: Path, digest: Digest) -> Fault | None:
    try:
        return None if digest_file(path, digest.algorithm) == digest else Fault.DAMAGED
    except FileNotFoundError:
        return Fault.LOST  # a moment ago: it may have been swept
    except OSError:
        return Fault.UNREADABLE


def _pages(folder: Path) -> Iterator[Sequence[str]]:
    """The names of the files there, each page in their order."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as found:
        names = (file.name for file in found)
        while page := sorted(islice(names, _PAGE)):
            yield page


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


_DELETING, _BAD = 2, 3  # blob.state
_ROW = """
SELECT digest, state, size, modified, EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest) FROM blob
"""
_BLOB = f"{_ROW} WHERE digest = ?"
_PAGE_OF_BLOBS = f"{_ROW} WHERE digest > ? ORDER BY digest LIMIT ?"
_KNOWN = f"SELECT digest FROM blob WHERE digest IN ({', '.join('?' * _PAGE)})"  # noqa: S608 - placeholders
_SESSIONS = "SELECT id FROM upload WHERE id > ? ORDER BY id LIMIT ?"
