"""A registry's backup, made beside a server that runs: a registry's folder of its own, which can be served as it is.

Its content is linked, not copied, where the file system can. Making a registry of it again is `restore`'s work.
"""

from __future__ import annotations

__all__ = ["Backup", "backup"]

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from boxship.digest import Digest
from boxship.server.check import reading
from boxship.server.copying import link_or_copy, new_folder
from boxship.server.layout import Layout, fsync_folder

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


def backup(folder: Path, target: Path) -> Backup:
    """Back up the registry in `folder` to the new folder `target`, while it may be served and swept.

    What was acknowledged before it begins is in it. `InvalidSettings` for a folder that is no registry's, or a target
    that cannot be had.
    """
    with reading(folder) as connection, closing(Layout(folder)) as layout, new_folder(target) as work:
        layout.share()
        return _fill(work, layout, connection)


def _fill(work: Path, layout: Layout, connection: sqlite3.Connection) -> Backup:
    with closing(Layout(work)) as copy, closing(sqlite3.connect(copy.database, isolation_level=None)) as snapshot:
        # Before: what a sweep takes between the snapshot and its copying is not lost. After: what was pushed between.
        early = _link(layout, copy, _digests(connection))
        connection.backup(snapshot)
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


def _digests(connection: sqlite3.Connection) -> set[Digest]:
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
