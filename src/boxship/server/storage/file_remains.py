"""What a sweep does to files: they go to the trash, and from there when the next sweep but one comes.

A file moves while nobody else can write to the database: a push either has its file there before, and its row says so,
or puts it there later.
"""

from __future__ import annotations

__all__ = ["FileRemains"]

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from boxship.digest import Digest
from boxship.server.database import Database, Transaction
from boxship.server.finishing import in_thread
from boxship.server.storage.layout import Layout
from boxship.server.storage.leftovers import empty_trash, find_orphans, is_damaged, make_folders
from boxship.server.storage.remains import Freed, Orphan
from boxship.server.upkeep.garbage import Blob, Found, Policy


class FileRemains:
    """The files that one sweep takes, as `remains.Remains` promises."""

    def __init__(self, database: Database, layout: Layout, policy: Policy, *, now: float) -> None:
        self._database = database
        self._layout = layout
        self._now = now
        self._aged = now - policy.orphan

    async def prepare(self) -> None:
        """Make the folders that files are moved to."""
        await in_thread(make_folders, self._layout)

    async def damaged(self, blobs: Sequence[Blob]) -> Sequence[Blob]:
        """Those that have a file, and that another digest."""
        return await in_thread(lambda: [each for each in blobs if is_damaged(self._layout, each)])

    async def remove(self, blobs: Sequence[Blob], *, damaged: bool) -> Freed:
        """Move the files of claimed blobs to the trash, or to quarantine/, and forget the blobs."""
        into = self._layout.quarantine if damaged else self._layout.trash

        def work(connection: Transaction) -> Freed:
            taken = [each for each in blobs if connection.execute(_IS_CLAIMED, (each.digest, each.version)).fetchone()]
            sizes = [self._move(Digest.parse(each.digest), into) for each in taken]
            connection.executemany("DELETE FROM blob WHERE digest = ?", [(each.digest,) for each in taken])
            return Freed.of(sizes)

        return await self._database.write(work)

    async def orphans(self, found: Found) -> AsyncIterator[Sequence[Orphan]]:
        """Old files that no row knows."""
        nothing: Sequence[Orphan] = ()
        batches = find_orphans(self._layout, found, self._is_old)
        while batch := await in_thread(next, batches, nothing):
            yield batch

    async def remove_orphans(self, orphans: Sequence[Orphan]) -> Freed:
        """Move files to the trash that still have no row and are old."""

        def work(connection: Transaction) -> Freed:
            digests = [Digest.parse(each.name) for each in orphans]
            taken = [each for each in digests if self._is_orphan(connection, each)]
            return Freed.of([self._move(each, self._layout.trash) for each in taken])

        return await self._database.write(work)

    async def empty(self, *, before: float) -> int:
        """Delete what was put in the trash until then; how many bytes that was."""
        return await in_thread(empty_trash, self._layout.trash, before=before)

    def _is_orphan(self, connection: Transaction, digest: Digest) -> bool:
        row = connection.execute("SELECT 1 FROM blob WHERE digest = ?", (str(digest),)).fetchone()
        return not row and self._is_old(self._layout.blob(digest))

    def _is_old(self, file: Path) -> bool:
        """Whether whoever put the file there would long have told the database."""
        try:
            found = file.lstat()
        except FileNotFoundError:
            return False
        # The former is when the bytes came, the latter when they got their name.
        return max(found.st_mtime, found.st_ctime) <= self._aged

    def _move(self, digest: Digest, into: Path) -> int:
        """Move a blob's file; its size, 0 where there is none."""
        file = self._layout.blob(digest)
        name = f"{digest.algorithm}-{digest.hex}.{int(self._now * 1e9)}"
        try:
            size = file.lstat().st_size
            file.replace(into / name)
        except FileNotFoundError:
            return 0
        return size


_IS_CLAIMED = "SELECT 1 FROM blob WHERE digest = ? AND version = ? AND state = 2"
