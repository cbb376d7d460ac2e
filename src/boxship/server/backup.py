"""A registry's backup, made beside a server that runs: a registry's folder of its own, which can be served as it is.

Its content is linked, not copied, where the file system can. Making a registry of it again is `restore`'s work.
"""

from __future__ import annotations

__all__ = ["Backup", "backup"]

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from boxship.digest import Digest
from boxship.server.belonging import belong, check_files
from boxship.server.check import reading
from boxship.server.copying import link_or_copy, new_folder
from boxship.server.database import Elsewhere, Transaction
from boxship.server.layout import Layout, check_registry, fsync_folder
from boxship.server.opening import open_database
from boxship.server.schema import prepare
from boxship.server.transfer import copy_names

# Of a blob that is being deleted, or was found damaged, there is no file that anybody relies on.
_WITH_FILES = "SELECT digest FROM blob WHERE state < 2"
# Uploads and leases are of the processes that run; what nobody has any more need not be kept.
_FORGET = (
    "DELETE FROM upload",
    "DELETE FROM lease",
    "DELETE FROM blob WHERE state IN (1, 2) AND digest NOT IN (SELECT digest FROM repo_blob)",
)


@dataclass(frozen=True, slots=True)
class Backup:
    """How many blobs and manifests a backup holds, and the blobs whose files the registry itself does not have."""

    blobs: int
    manifests: int
    missing: tuple[Digest, ...]


def backup(folder: Path, target: Path, *, database: str = "") -> Backup:
    """Back up the registry in `folder` to the new folder `target`, while it may be served and swept.

    `database` is the URL of PostgreSQL where its names are, '' where they are in the folder, as they are in the backup.
    What was acknowledged before it begins is in it. `InvalidSettings` for a folder that is no registry's, or a target
    that cannot be had.
    """
    names: AbstractContextManager[Transaction] = _elsewhere(folder, database) if database else reading(folder)
    with names as connection, closing(Layout(folder, names_elsewhere=bool(database))) as layout:
        layout.share()
        check_files(connection, folder)
        with new_folder(target) as work:
            return _fill(work, layout, connection)


@contextmanager
def _elsewhere(folder: Path, url: str) -> Iterator[Transaction]:
    """A connection to the names of the folder, which are in another place."""
    check_registry(folder)
    with closing(Layout(folder, names_elsewhere=True)) as layout, closing(open_database(layout.database, url)) as there:
        layout.share()
        if isinstance(there, Elsewhere):
            belong(layout, there.id)
        with there.apart() as names:
            yield names


def _fill(work: Path, layout: Layout, connection: Transaction) -> Backup:
    with closing(Layout(work)) as copy, closing(sqlite3.connect(copy.database, isolation_level=None)) as snapshot:
        # Before: what a sweep takes between the snapshot and its copying is not lost. After: what was pushed between.
        early = _link(layout, copy, _digests(connection))
        _copy(connection, snapshot)
        for statement in _FORGET:
            snapshot.execute(statement)
        wanted = _digests(snapshot)
        late = _link(layout, copy, wanted - early)
        missing = wanted - early - late
        for digest in (early | late) - wanted:
            copy.blob(digest).unlink()
        _settle(snapshot, missing)
        _fsync(copy, wanted)
        copy.database.chmod(0o600)
        (manifests,) = snapshot.execute("SELECT count(*) FROM manifest").fetchone()
        return Backup(len(wanted - missing), manifests, tuple(sorted(missing, key=str)))


def _copy(names: Transaction, snapshot: sqlite3.Connection) -> None:
    """Let the snapshot have all names as they are at one moment."""
    if isinstance(names, sqlite3.Connection):
        names.backup(snapshot)
        return
    prepare(snapshot, "the backup")
    for each in (names, snapshot):
        each.execute("BEGIN")
    copy_names(names, snapshot)
    for each in (names, snapshot):
        each.execute("COMMIT")


def _digests(connection: Transaction) -> set[Digest]:
    return {Digest.parse(digest) for (digest,) in connection.execute(_WITH_FILES)}


def _link(layout: Layout, copy: Layout, digests: Iterable[Digest]) -> set[Digest]:
    """Have the files of the digests; those that there are."""
    found = set()
    for digest in digests:
        try:
            link_or_copy(layout.blob(digest), copy.blob(digest))
        except FileNotFoundError:
            continue  # swept meanwhile, or lost; the snapshot tells which
        found.add(digest)
    return found


def _settle(snapshot: sqlite3.Connection, missing: Iterable[Digest]) -> None:
    """Make the snapshot the database of the files that are there, in one file that can lie on a disk for reading."""
    # As if a scrub had found them damaged: the next push heals them.
    lost = [(str(digest),) for digest in missing]
    snapshot.executemany("UPDATE blob SET state = 3, version = version + 1 WHERE digest = ?", lost)
    snapshot.execute("PRAGMA journal_mode = DELETE")


def _fsync(copy: Layout, digests: Iterable[Digest]) -> None:
    for folder in {copy.blob(digest).parent for digest in digests}:
        fsync_folder(folder)
