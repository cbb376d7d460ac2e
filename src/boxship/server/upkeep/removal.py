"""How garbage goes: a short transaction for each batch, which takes only what still is garbage.

A blob goes in steps. Its links, which give the right to read it, go first. A blob without links is doomed (state 1):
nobody has it, but whoever pushes or mounts it makes it live. After a while it is claimed (state 2): absent, for
everybody. Then its bytes and its row go, which is the storage's to do (`remains`).
"""

from __future__ import annotations

__all__ = ["Removal"]

from collections.abc import Sequence

from boxship.server.database import Database, Transaction
from boxship.server.upkeep.garbage import Blob, Link, Manifest, Policy, Repository
from boxship.server.upkeep.retention import Tag


class Removal:
    """The transactions of one sweep, which goes by a policy as of one moment; each returns how much it took."""

    def __init__(self, database: Database, policy: Policy, *, now: float) -> None:
        self._database = database
        self._now = now
        self._cutoff = now - policy.grace

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

    async def _each(self, query: str, rows: Sequence[tuple[object, ...]]) -> int:
        def work(connection: Transaction) -> int:
            return sum(connection.execute(query, row).rowcount for row in rows)

        return await self._database.write(work)


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
