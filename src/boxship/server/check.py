"""Whether a registry's folder holds what its database says: reading only, also beside a server that runs.

What can be done about a finding is `repair`'s work; what damage does to readers meanwhile, `blobs`'s.
"""

from __future__ import annotations

__all__ = ["Fault", "Finding", "Report", "check", "findings", "reading"]

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from boxship.digest import ALGORITHMS, Digest
from boxship.errors import InvalidSettings
from boxship.server.belonging import check_files
from boxship.server.document import Rejected, judge
from boxship.server.layout import check_database
from boxship.server.schema import VERSION, read_version
from boxship.server.soundness import digest_file
from boxship.server.sqlite import telling

_GRACE = 3600.0  # seconds that a file without a row may belong to a push that is under way
_BATCH = 100  # manifests read at once: no transaction stays open while files are looked at


class Fault(StrEnum):
    """What can be wrong; those of `DAMAGE` are content that was acknowledged and cannot be had."""

    LOST = "its file is not there"
    RESIZED = "its file has another size"
    DAMAGED = "its file has other bytes"
    UNREADABLE = "its file cannot be read"
    CONDEMNED = "it was found damaged and has not been pushed anew"
    FALSIFIED = "its body has another digest"
    INCOMPLETE = "its repository lacks content of it"
    PARTIAL = "a manifest that it lists was deleted"
    REJECTED = "it would not be taken today"
    ORPHAN = "no blob has this file"
    STRAY = "no upload has this file"
    CUT_SHORT = "the upload's file lacks bytes of it"
    INCONSISTENT = "the database contradicts itself"


DAMAGE = frozenset(
    {
        Fault.LOST,
        Fault.RESIZED,
        Fault.DAMAGED,
        Fault.UNREADABLE,
        Fault.CONDEMNED,
        Fault.FALSIFIED,
        Fault.INCOMPLETE,
        Fault.INCONSISTENT,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, and whose: a digest, `repository@digest`, or a path in the folder."""

    fault: Fault
    name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.fault}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class Report:
    """How much was looked at, and what was found."""

    blobs: int
    manifests: int
    findings: tuple[Finding, ...]

    @property
    def damage(self) -> tuple[Finding, ...]:
        """The findings that somebody's pull would meet; the rest only takes space."""
        return tuple(finding for finding in self.findings if finding.fault in DAMAGE)


# What is as it should be where manifests are taken without their content, or brought ahead of it.
_SPARSE = frozenset({Fault.INCOMPLETE, Fault.PARTIAL})


def check(folder: Path, *, verify: bool = False, grace: float = _GRACE, sparse: bool = False) -> Report:
    """Compare a registry's files with its database; with `verify` hash every file, not only those written to since.

    `sparse` is for a cache, or a registry with `--allow-sparse`: content that is not there is no fault of theirs.
    Files without a row count when they are older than `grace` seconds. `InvalidSettings` for what is no registry.
    """
    with reading(folder) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
            return Report(0, 0, ())  # a crash came while it was made
        check_files(connection, folder)
        faults = findings(connection, folder, verify=verify, grace=grace)
        found = tuple(each for each in faults if not (sparse and each.fault in _SPARSE))
        return Report(_count(connection, "blob"), _count(connection, "manifest"), found)


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing in a registry's database, but to undo what a crash left half done.

    `InvalidSettings` for what is no registry's folder, or one of another version; `ContentMismatch` where the database
    turns out to be damaged.
    """
    path = folder / "registry.db"
    if not path.is_file():
        check_database(folder)
        remedy = "give the folder of a registry, or of a backup of one"
        raise InvalidSettings(str(folder), why="it is no registry's folder", remedy=remedy)
    address = f"file:{quote(str(path))}?mode=rw"
    with telling(folder), closing(_connect(address)) as connection:
        connection.execute("PRAGMA query_only = ON")
        _check_version(connection, path)
        yield connection


def _connect(address: str) -> sqlite3.Connection:
    # What reads may be the thread that writes somewhere else.
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse the tables of an older registry; there may be none, where a crash came while they were made."""
    found = read_version(connection, str(path))
    if 0 < found < VERSION:
        why = f"it is of version {found}, this boxship knows {VERSION}"
        raise InvalidSettings(str(path), why=why, remedy="`boxship registry serve` brings it up to date")


def findings(connection: sqlite3.Connection, folder: Path, *, verify: bool, grace: float) -> Iterator[Finding]:
    """Every fault: of the database first, where all is verified, then of blobs, manifests and uploads."""
    if verify:
        yield from _database(connection)
    until = time.time() - grace
    for algorithm in ALGORITHMS:
        for first_byte in range(256):
            prefix = f"{first_byte:02x}"
            yield from _fan(connection, folder / "blobs" / algorithm / prefix, f"{algorithm}:{prefix}", verify, until)
    for repo, repository, name, media_type, body in _manifests(connection):
        yield from _manifest(connection, repo, f"{repository}@{name}", media_type, body)
    yield from _uploads(connection, folder / "uploads", until)


def _database(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (complaint,) in connection.execute("PRAGMA integrity_check").fetchall():
        if complaint != "ok":
            yield Finding(Fault.INCONSISTENT, "registry.db", complaint)


def _fan(
    connection: sqlite3.Connection,
    folder: Path,
    prefix: str,
    verify: bool,  # noqa: FBT001
    until: float,
) -> Iterator[Finding]:
    """The blobs of one of the folders that they are spread over."""
    rows = connection.execute(_BLOBS, (prefix, f"{prefix}g")).fetchall()
    known = {digest for (digest,) in rows}
    for digest in sorted(known):
        # Asked again where something is wrong: a server may have changed row and file meanwhile.
        if _blob(connection, folder, digest, verify) and (fault := _blob(connection, folder, digest, verify)):
            yield Finding(fault, digest)
    algorithm = prefix.partition(":")[0]
    for file in sorted(_names(folder)):
        if f"{algorithm}:{file}" not in known and _is_old(folder / file, until):
            yield Finding(Fault.ORPHAN, f"blobs/{algorithm}/{folder.name}/{file}")


def _blob(connection: sqlite3.Connection, folder: Path, name: str, verify: bool) -> Fault | None:  # noqa: FBT001
    row = connection.execute(_BLOB, (name,)).fetchone()
    if not row or row[0] == _DELETING:
        return None
    state, size, modified, linked = row
    if state == _BAD:
        return Fault.CONDEMNED if linked else None
    digest = Digest.parse(name)
    path = folder / digest.hex
    found = _stat(path)
    if not found:
        return Fault.LOST
    if found.st_size != size:
        return Fault.RESIZED
    if not verify and found.st_mtime_ns == modified:
        return None
    return _content(path, digest)


def _content(path: Path, digest: Digest) -> Fault | None:
    try:
        return None if digest_file(path, digest.algorithm) == digest else Fault.DAMAGED
    except FileNotFoundError:
        return Fault.LOST  # a moment ago: it may have been swept
    except OSError:
        return Fault.UNREADABLE


def _manifest(connection: sqlite3.Connection, repo: int, name: str, media_type: str, body: bytes) -> Iterator[Finding]:
    digest = Digest.parse(name.rpartition("@")[2])
    if Digest.of(body, digest.algorithm) != digest:
        yield Finding(Fault.FALSIFIED, name)
        return
    try:
        document = judge(body, media_type)
    except Rejected as error:
        yield Finding(Fault.REJECTED, name, str(error))
        return
    needed = ((_HAS_BLOB, Fault.INCOMPLETE, document.blobs), (_HAS_CHILD, Fault.PARTIAL, document.children))
    missing = [
        Finding(fault, name, str(descriptor.digest))
        for query, fault, descriptors in needed
        for descriptor in descriptors
        if not connection.execute(query, (repo, str(descriptor.digest))).fetchone()
    ]
    if missing and _is_there(connection, repo, digest):
        yield from missing


def _is_there(connection: sqlite3.Connection, repo: int, digest: Digest) -> bool:
    """Whether the manifest has not been deleted meanwhile, and its content with it."""
    query = "SELECT 1 FROM manifest WHERE repo_id = ? AND digest = ?"
    return connection.execute(query, (repo, str(digest))).fetchone() is not None


def _manifests(connection: sqlite3.Connection) -> Iterator[tuple[int, str, str, str, bytes]]:
    last = 0
    while rows := connection.execute(_MANIFESTS, (last, _BATCH)).fetchall():
        yield from (row[1:] for row in rows)
        last = rows[-1][0]


def _uploads(connection: sqlite3.Connection, folder: Path, until: float) -> Iterator[Finding]:
    for session, _ in connection.execute(_SESSIONS).fetchall():
        found = _stat(folder / session)
        # The row is read after the file, which is written before it.
        row = connection.execute("SELECT size FROM upload WHERE id = ?", (session,)).fetchone()
        if row and row[0] > (found.st_size if found else 0):
            yield Finding(Fault.CUT_SHORT, f"uploads/{session}")
    for file in sorted(_names(folder)):
        known = connection.execute("SELECT 1 FROM upload WHERE id = ?", (file,)).fetchone()
        if not known and _is_old(folder / file, until):
            yield Finding(Fault.STRAY, f"uploads/{file}")


def _names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()] if folder.is_dir() else []


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _is_old(path: Path, until: float) -> bool:
    """Whether a file has been there, under this name, since before `until`."""
    found = _stat(path)
    # A rename changes st_ctime, and leaves st_mtime.
    return found is not None and max(found.st_ctime, found.st_mtime) <= until


def _count(connection: sqlite3.Connection, table: str) -> int:
    (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - one of two words
    return int(found)


_DELETING, _BAD = 2, 3  # blob.state
_BLOBS = "SELECT digest FROM blob WHERE digest >= ? AND digest < ?"
_BLOB = """
SELECT state, size, modified, EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest)
FROM blob WHERE digest = ?
"""
_HAS_BLOB = "SELECT 1 FROM repo_blob JOIN blob USING (digest) WHERE repo_id = ?1 AND digest = ?2 AND state < 2"
# As `push` has it: an index may list blobs, too.
_HAS_CHILD = f"SELECT 1 FROM manifest WHERE repo_id = ?1 AND digest = ?2 UNION ALL {_HAS_BLOB}"  # noqa: S608
_MANIFESTS = """
SELECT manifest.rowid, repo.id, repo.name, digest, media_type, body FROM manifest JOIN repo ON repo.id = repo_id
WHERE manifest.rowid > ? ORDER BY manifest.rowid LIMIT ?
"""
_SESSIONS = "SELECT id, size FROM upload"
