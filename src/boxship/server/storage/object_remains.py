"""What a sweep does to objects: they are deleted, for their keys are never used again.

A claimed blob is absent for everybody already, and whoever pushes it anew has another object: so its object goes
first, and then its row, if it is still claimed. There is no trash: the wait before the claim has been.
"""

from __future__ import annotations

__all__ = ["ObjectRemains"]

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

from boxship.server.database import Database, Transaction
from boxship.server.storage.bucket import Bucket, Listed
from boxship.server.storage.object_upload import BLOBS, upload_of
from boxship.server.storage.remains import Freed, Orphan
from boxship.server.storage.superseded import IS_READ, forget
from boxship.server.upkeep.garbage import BATCH, Blob, Found, Policy

Check = Callable[[], Awaitable[None]]


class ObjectRemains:
    """The objects that one sweep takes, as `remains.Remains` promises."""

    def __init__(self, bucket: Bucket, database: Database, policy: Policy, *, now: float, check: Check) -> None:
        """`check` raises where the bucket is not the registry's any more."""
        self._bucket = bucket
        self._check = check
        self._database = database
        self._now, self._aged = now, now - policy.orphan

    async def prepare(self) -> None:
        """See whose the bucket is: in another registry's, everything is an orphan."""
        await self._check()

    async def damaged(self, blobs: Sequence[Blob]) -> Sequence[Blob]:
        """None: what is deleted need not be right, and there is no place to keep it aside."""
        del blobs
        return ()

    async def remove(self, blobs: Sequence[Blob], *, damaged: bool) -> Freed:
        """Delete the objects of claimed blobs, and forget the blobs."""
        del damaged
        taken = await self._database.look(partial(_claimed, blobs))
        await self._bucket.delete([location for _, location in taken if location])
        return await self._database.write(lambda transaction: _forget(transaction, [blob for blob, _ in taken]))

    async def orphans(self, found: Found) -> AsyncIterator[Sequence[Orphan]]:
        """Old objects of no blob and no upload, which nobody reads."""
        del found  # is of a moment ago
        async for page in self._bucket.list(BLOBS):
            old = [each for each in page if each.modified <= self._aged]
            for start in range(0, len(old), BATCH):
                orphans = await self._database.look(partial(_orphans, old[start : start + BATCH], self._now))
                if orphans:
                    yield [Orphan(each.key, each.size) for each in orphans]

    async def remove_orphans(self, orphans: Sequence[Orphan]) -> Freed:
        """Delete them: what was an orphan once will always be one."""
        await self._bucket.delete([each.name for each in orphans])
        return Freed.of([each.size for each in orphans])

    async def empty(self, *, before: float) -> int:
        """0: nothing was kept but what is read, of which some is over."""
        del before
        await self._database.write(partial(forget, now=self._now), durable=False)
        return 0


def _claimed(blobs: Sequence[Blob], transaction: Transaction) -> Sequence[tuple[Blob, str]]:
    rows = ((blob, transaction.execute(_CLAIMED, (blob.digest, blob.version)).fetchone()) for blob in blobs)
    return [(blob, row[0]) for blob, row in rows if row]


def _forget(transaction: Transaction, blobs: Sequence[Blob]) -> Freed:
    """Of those that are still claimed, the rows go."""
    gone = [blob for blob in blobs if transaction.execute(_FORGET, (blob.digest, blob.version)).rowcount]
    return Freed.of([blob.size for blob in gone])


def _orphans(listed: Sequence[Listed], now: float, transaction: Transaction) -> Sequence[Listed]:
    asked = ((each, (upload_of(each.key), each.key, now)) for each in listed)
    return [each for each, values in asked if transaction.execute(_IS_ORPHAN, values).fetchone()]


_CLAIMED = "SELECT location FROM blob WHERE digest = ? AND version = ? AND state = 2"
_FORGET = "DELETE FROM blob WHERE digest = ? AND version = ? AND state = 2"
# In one question: an upload's row goes in the transaction in which the blob's row comes.
_IS_ORPHAN = f"""
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM upload WHERE id = ?1)
AND NOT EXISTS (SELECT 1 FROM blob WHERE location = ?2 AND location <> '')
AND NOT {IS_READ}
"""  # noqa: S608 - a constant
