"""A registry's backup, made beside a server that runs: a registry's folder of its own, which can be served as it is.

Its content is linked, not copied, where that is in files and the file system can, or where an earlier backup has it.
Making a registry of it again is `restore`'s work.
"""

from __future__ import annotations

__all__ = ["Backup", "backup"]

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.database.schema import prepare
from boxship.server.database.transfer import copy_moment
from boxship.server.finishing import in_thread
from boxship.server.storage import Stored
from boxship.server.storage.file_storage import FileStorage
from boxship.server.storage.layout import Layout, blob_in
from boxship.server.storage.soundness import identify
from boxship.server.upkeep.arrived import Arrived
from boxship.server.upkeep.carrying import Blob, Bring, Linking, Sending, blobs_of, carry
from boxship.server.upkeep.copying import growing_folder, link_or_copy, tidy
from boxship.server.upkeep.place import Held, Place, read_place
from boxship.server.upkeep.reading import reading
from boxship.value import dataclass

# Uploads and leases are of the processes that run; what nobody has any more need not be kept.
_FORGET = (
    "DELETE FROM upload_part",
    "DELETE FROM upload",
    "DELETE FROM lease",
    "DELETE FROM blob WHERE state IN (1, 2) AND digest NOT IN (SELECT digest FROM repo_blob)",
)


@dataclass(frozen=True, slots=True)
class Backup:
    """How many blobs and manifests a backup holds, and the blobs whose bytes the registry itself does not have."""

    blobs: int
    manifests: int
    missing: tuple[Digest, ...]


def backup(place: Place, target: Path, *, previous: Path | None = None) -> Backup:
    """Back up the registry in `place` to the new folder `target`, while it may be served and swept.

    What the backup `previous` has is linked from there, and not brought again. What was acknowledged before it begins
    is in it. `InvalidSettings` for what is no registry or no backup, or a target that cannot be had. What was cut off
    goes on when it is done again.
    """
    with ExitStack() as opened:
        held = opened.enter_context(read_place(place))
        earlier = opened.enter_context(reading(previous)) if previous else None
        work = opened.enter_context(growing_folder(target))
        # Its names come last: until then, content without any is no fault.
        copy = opened.enter_context(closing(Layout(work, alone=True, names_elsewhere=True)))
        bring = _bringing(held, FileStorage(copy))
        if previous and earlier:
            bring = _Earlier(previous, earlier, copy, bring)
        arrived = opened.enter_context(closing(Arrived()))
        return _fill(copy, held.names, bring, arrived)


def _bringing(held: Held, copy: FileStorage) -> Bring:
    if isinstance(held.storage, FileStorage):
        return Linking(held.storage, copy, hashed=False)
    return Sending(held.storage, copy)


class _Earlier:
    """Links what an earlier backup has, as its names say; the rest is brought otherwise."""

    def __init__(self, folder: Path, names: sqlite3.Connection, copy: Layout, otherwise: Bring) -> None:
        self._folder = folder
        self._names = names
        self._copy = copy
        self._otherwise = otherwise

    async def __call__(self, blob: Blob) -> Stored | None:
        digest = blob.content.digest
        row = self._names.execute("SELECT size, modified FROM blob WHERE digest = ?", (str(digest),)).fetchone()
        found = await in_thread(identify, blob_in(self._folder, digest)) if row else None
        if not found or (found.size, found.modified) != row or found.size != blob.size:
            return await self._otherwise(blob)
        await in_thread(lambda: link_or_copy(blob_in(self._folder, digest), self._copy.place(digest)))
        return Stored(found.size, found.modified)


def _fill(copy: Layout, names: Transaction, bring: Bring, arrived: Arrived) -> Backup:
    # Before: what a sweep takes between the snapshot and its copying is not lost. After: what was pushed between.
    asyncio.run(carry(blobs_of(names), bring, arrived))
    copy.database.unlink(missing_ok=True)  # of an attempt that was cut off
    with closing(sqlite3.connect(copy.database, isolation_level=None)) as snapshot:
        _copy(names, snapshot)
        for statement in _FORGET:
            snapshot.execute(statement)
        missing = asyncio.run(carry(blobs_of(snapshot), bring, arrived))
        _settle(snapshot, arrived, missing)
        tidy(copy, snapshot)
        copy.database.chmod(0o600)
        (blobs, manifests) = snapshot.execute(_COUNTS).fetchone()
        return Backup(blobs, manifests, tuple(missing))


def _copy(names: Transaction, snapshot: sqlite3.Connection) -> None:
    """Let the snapshot have all names as they are at one moment."""
    if isinstance(names, sqlite3.Connection):
        names.backup(snapshot)
        return
    prepare(snapshot, "the backup")
    copy_moment(names, snapshot)


def _settle(snapshot: sqlite3.Connection, arrived: Arrived, missing: Sequence[Digest]) -> None:
    """Make the snapshot the database of the files that are there, in one file that can lie on a disk for reading."""
    snapshot.execute("BEGIN")
    for blob in blobs_of(snapshot):
        digest = str(blob.content.digest)
        if there := arrived.find(digest):
            snapshot.execute("UPDATE blob SET modified = ?, location = '' WHERE digest = ?", (there.modified, digest))
    # As if a scrub had found them damaged: the next push heals them.
    lost = [(str(digest),) for digest in missing]
    snapshot.executemany("UPDATE blob SET state = 3, version = version + 1, location = '' WHERE digest = ?", lost)
    snapshot.execute("UPDATE blob SET location = '' WHERE location <> ''")
    snapshot.execute("COMMIT")
    snapshot.execute("PRAGMA journal_mode = DELETE")


_COUNTS = "SELECT (SELECT count(*) FROM blob WHERE state < 2), (SELECT count(*) FROM manifest)"
