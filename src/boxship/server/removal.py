"""How garbage goes: a short transaction for each batch, which takes only what still is garbage.

A blob goes in steps. Its links, which give the right to read it, go first. A blob without links is doomed (state 1):
nobody has it, but whoever pushes or mounts it makes it live. After a while it is claimed (state 2): absent, for
everybody. Then its file goes to the trash and its row goes, both while nobody else can write to the database: a push
either has its file there before, and its row says so, or puts it there later.
"""

from __future__ import annotations

__all__ = ["Freed", "Removal"]

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from boxship.digest import Digest
from boxship.server.database import Database, Transaction
from boxship.server.garbage import Blob, Link, Manifest, Policy, Repository
from boxship.server.layout import Layout
from boxship.server.retention import Tag


class Freed(NamedTuple):
    """How many files, and their bytes."""

    files: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, sizes: Sequence[int]) -> Freed:
        """The files of these sizes."""
        return cls(len(sizes), sum(sizes))

    def also(self, other: Freed) -> Freed:
        """Both."""
        return Freed(self.files + other.files, self.bytes + other.bytes)


class Removal:
    """The transactions of one sweep, which goes by a policy as of one moment; each returns how much it took."""

    def __init__(self, database: Database, layout: Layout, policy: Policy, *, now: float) -> None:
        self._database = database
        self._layout = layout
        self._now = now
        self._cutoff = now - policy.grace
        self._aged = now - policy.orphan

    async def delete_tags(self, tags: Sequence[Tag]) -> Sequence[Tag]:
        """Delete tags that nobody has moved since; which."""

        def work(connection: Transaction) -> Sequence[Tag]:
            rows = ((tag, (tag.repo, tag.name, tag.digest, tag.updated)) for tag in tags)
            return [tag for tag, row in rows if connection.execute(_DELETE_TAG, row).rowcount]

        return await self._database.write(work)

    async def delete_manifests(self, manifests: Sequence[Manifest]) -> int:
        """Delete manifests that are still untagged, in no index, and about nothing."""
        return await self._each(_DELETE_MANIFEST, [(each.repo, each.digest, self._cutoff) for each in manifests])

    async def unlink(self, links: Sequence[Link]) -> int:
        """Take blobs from repositories whose manifests still do not need them."""
        return await self._each(_UNLINK, [(each.repo, each.digest, self._cutoff) for each in links])

    async def forget(self, repositories: Sequence[Repository]) -> int:
        """Forget repositories that still have nothing."""
        return await self._each(_FORGET, [(each.repo,) for each in repositories])

    async def doom(self, blobs: Sequence[Blob]) -> int:
        """Doom blobs that still nobody has."""
        return await self._each(_DOOM, [(each.digest, each.version, self._cutoff, self._now) for each in blobs])

    async def claim(self, blobs: Sequence[Blob]) -> int:
        """Make doomed blobs absent that nobody wanted meanwhile."""
        return await self._each(_CLAIM, [(each.digest, each.version) for each in blobs])

    async def remove(self, blobs: Sequence[Blob], *, into: Path) -> Freed:
        """Move the files of claimed blobs `into` a folder, and forget the blobs."""

        def work(connection: Transaction) -> Freed:
            taken = [each for each in blobs if connection.execute(_IS_CLAIMED, (each.digest, each.version)).fetchone()]
            sizes = [self._move(Digest.parse(each.digest), into) for each in taken]
            connection.executemany("DELETE FROM blob WHERE digest = ?", [(each.digest,) for each in taken])
            return Freed.of(sizes)

        return await self._database.write(work)

    async def remove_orphans(self, digests: Sequence[Digest], *, into: Path) -> Freed:
        """Move files `into` a folder that still have no row and are old."""

        def work(connection: Transaction) -> Freed:
            orphans = [each for each in digests if self._is_orphan(connection, each)]
            return Freed.of([self._move(each, into) for each in orphans])

        return await self._database.write(work)

    def is_old(self, file: Path) -> bool:
        """Whether whoever put the file there would long have told the database."""
        try:
            found = file.lstat()
        except FileNotFoundError:
            return False
        # The former is when the bytes came, the latter when they got their name.
        return max(found.st_mtime, found.st_ctime) <= self._aged

    async def _each(self, query: str, rows: Sequence[tuple[object, ...]]) -> int:
        def work(connection: Transaction) -> int:
            return sum(connection.execute(query, row).rowcount for row in rows)

        return await self._database.write(work)

    def _is_orphan(self, connection: Transaction, digest: Digest) -> bool:
        row = connection.execute("SELECT 1 FROM blob WHERE digest = ?", (str(digest),)).fetchone()
        return not row and self.is_old(self._layout.blob(digest))

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


_DELETE_TAG = "DELETE FROM tag WHERE repo_id = ? AND name = ? AND digest = ? AND updated = ?"
_DELETE_MANIFEST = """
DELETE FROM manifest WHERE repo_id = ?1 AND digest = ?2 AND pushed < ?3
AND NOT EXISTS (SELECT 1 FROM tag WHERE repo_id = ?1 AND digest = ?2)
AND NOT EXISTS (SELECT 1 FROM manifest_ref WHERE repo_id = ?1 AND child = ?2)
AND NOT EXISTS (SELECT 1 FROM manifest AS about WHERE about.repo_id = ?1 AND about.digest = manifest.subject)
"""
_UNLINK = """
DELETE FROM repo_blob WHERE repo_id = ?1 AND digest = ?2 AND linked < ?3
AND NOT EXISTS (SELECT 1 FROM manifest_ref WHERE repo_id = ?1 AND child = ?2)
AND EXISTS (SELECT 1 FROM blob WHERE digest = ?2 AND touched < ?3)
"""
_FORGET = """
DELETE FROM repo WHERE id = ?1
AND NOT EXISTS (SELECT 1 FROM manifest WHERE repo_id = ?1) AND NOT EXISTS (SELECT 1 FROM repo_blob WHERE repo_id = ?1)
"""
# `touched` becomes when it was doomed.
_DOOM = """
UPDATE blob SET state = 1, version = version + 1, touched = ?4
WHERE digest = ?1 AND version = ?2 AND state IN (0, 3) AND touched < ?3
AND NOT EXISTS (SELECT 1 FROM repo_blob WHERE digest = ?1)
"""
_CLAIM = """
UPDATE blob SET state = 2, version = version + 1 WHERE digest = ?1 AND version = ?2 AND state = 1
AND NOT EXISTS (SELECT 1 FROM repo_blob WHERE digest = ?1)
"""
_IS_CLAIMED = "SELECT 1 FROM blob WHERE digest = ? AND version = ? AND state = 2"
