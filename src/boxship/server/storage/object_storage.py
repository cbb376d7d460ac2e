"""Bytes in an object store, for any number of registries that have it in common, and their database.

Nothing here relies on what the store does when several ask at once: the database alone decides which object counts
(`object_upload` says how that can be).
"""

from __future__ import annotations

__all__ = ["ObjectStorage"]

import asyncio
import errno
import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Sequence

from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidSettings
from boxship.server.database import Database
from boxship.server.finishing import in_thread
from boxship.server.storage import Content, StorageUnavailable, Stored, Visit
from boxship.server.storage.bucket import Bucket, Listed, ObjectState
from boxship.server.storage.claim import Taken
from boxship.server.storage.object_remains import ObjectRemains
from boxship.server.storage.object_source import ObjectSource
from boxship.server.storage.object_upload import BLOBS, ObjectUpload
from boxship.server.storage.soundness import FileIdentity, Suspect
from boxship.server.upkeep.garbage import Policy

_LEAST = 5 * 1024 * 1024  # what S3 takes as a part; of smaller ones, every byte is sent twice to become a blob
_SIGNED = 300  # seconds that a URL is good for; a sweep's wait is longer
_FRESH = 5.0  # seconds that a look at the store counts
_SETTLING = 2.0  # seconds in which whoever else began at the same moment is done with it
_MARK = "registry"  # the key of what says whose the bucket is


class ObjectStorage:
    """The objects of a registry, as `storage.Storage` promises."""

    keeps_rows = True
    least = _LEAST

    def __init__(self, bucket: Bucket, database: Database, *, redirect: bool = False) -> None:
        self._bucket = bucket
        self._database = database
        self._redirect = redirect
        self._claimed: set[str] = set()
        self._checked = 0.0
        self._registry = b""  # whose the bucket is

    async def belong(self, registry: str, *, known: bool) -> None:
        """Let the bucket be that registry's, or raise `InvalidSettings` where it is another's.

        A sweep takes what its own database does not know. `known` is whether names say that content is in it: a bucket
        that is nobody's is another one then.
        """
        try:
            found = await self._bucket.read(_MARK)
            if found is None and known:
                raise _wrong(self._bucket, "nothing of this registry is there")
            if found is None:
                found = await self._take(registry.encode())
        except StorageUnavailable as error:
            remedy = "see whether the bucket is there, and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
            raise BoxshipError("--storage", why=error.strerror or str(error), remedy=remedy) from error
        if found != registry.encode():
            raise _wrong(self._bucket, "it is another registry's")
        self._registry = registry.encode()

    async def _take(self, registry: bytes) -> bytes | None:
        """Let a bucket in which nothing is be that registry's; whose it is now."""
        async for page in self._bucket.list(""):
            if any(each.key != _MARK for each in page):
                raise _wrong(self._bucket, "something is there that is no registry's")
        try:
            await self._bucket.create(_MARK, registry)
        except StorageUnavailable:  # or it cannot do that
            if await self._bucket.read(_MARK) is None:
                await self._bucket.put(_MARK, registry)
        # Of several who begin at once, Swift tells more than one that they were the first, and keeps what the last put.
        await asyncio.sleep(_SETTLING)
        return await self._bucket.read(_MARK)

    async def claim(self, session: str, *, new: bool) -> ObjectUpload:
        """An upload, for the only one in this process who may write to it; `Taken` where somebody else has it.

        What others write, the upload's row decides.
        """
        del new
        if session in self._claimed:
            raise Taken(session)
        self._claimed.add(session)
        return ObjectUpload(session, self._bucket, self._database, lambda: self._claimed.discard(session))

    async def claim_any(self) -> ObjectUpload:
        """One that nobody else knows of."""
        return await self.claim(str(uuid.uuid4()), new=True)

    async def claim_for(self, digest: Digest) -> ObjectUpload:
        """One of content that is known, which a later attempt finds by that."""
        return await self.claim(_session(digest), new=True)

    async def find(self, digest: Digest, size: int) -> Stored | None:
        """What an earlier attempt to bring that content has left; None where there is nothing of that size."""
        async for page in self._bucket.list(f"{BLOBS}/{_session(digest)}"):
            for each in page:
                found = await self._bucket.look(each.key) if each.size == size else None
                if found:
                    return Stored(found.size, found.modified, each.key)
        return None

    async def identify(self, content: Content) -> FileIdentity | None:
        """Which object is there; None where none is."""
        found = await self._look(content)
        return FileIdentity(0, found.size, found.modified) if found else None

    async def size(self, location: str) -> int | None:
        """How many bytes an object has, a part of an upload for example; None where there is none."""
        found = await self._bucket.look(location)
        return found.size if found else None

    def listed(self) -> AsyncIterator[Sequence[Listed]]:
        """All objects with content, in pages."""
        return self._bucket.list(BLOBS)

    async def digest(self, content: Content, visit: Visit | None = None) -> Digest | None:
        """The digest of the object, with the content's algorithm; None where there is none."""
        found = await self._look(content)
        if not found:
            return None
        value = hashlib.new(content.digest.algorithm)
        async for block in self._bucket.blocks(content.location, 0, found.size):
            await in_thread(value.update, block)
            if visit:
                await visit(len(block))
        return Digest(content.digest.algorithm, value.hexdigest())

    def source(self, content: Content, size: int) -> ObjectSource:
        """The object, to be sent."""
        del size
        return ObjectSource(self._bucket, content.location)

    async def sign(self, content: Content) -> str | None:
        """A URL by which anybody can read the object for some minutes; None where clients are not sent there."""
        return await self._bucket.sign(content.location, _SIGNED) if self._redirect else None

    async def set_aside(self, database: Database, suspect: Suspect, *, now: float) -> None:
        """Leave it: nothing else will ever be there, and a sweep takes it a day after a push has healed the blob."""
        del database, suspect, now

    def remains(self, database: Database, policy: Policy, *, now: float) -> ObjectRemains:
        """What one sweep does to objects."""
        return ObjectRemains(self._bucket, database, policy, now=now, check=self._check_mark)

    async def check(self) -> None:
        """Raise `StorageUnavailable` where the store does not answer."""
        now = time.monotonic()
        if not self._checked or now - self._checked >= _FRESH:
            async with asyncio.timeout(_FRESH):
                await self._check_mark()
            self._checked = now

    async def _look(self, content: Content) -> ObjectState | None:
        """The object; None where there is none.

        Where the whole bucket is away, or another is asked, every object is missed, and none is lost.
        """
        found = await self._bucket.look(content.location) if content.location else None
        if not found:
            await self._check_mark()
        return found

    async def _check_mark(self) -> None:
        if await self._bucket.read(_MARK) != self._registry:
            raise StorageUnavailable(errno.ENOENT, f"{self._bucket} is not this registry's any more")


def _session(digest: Digest) -> str:
    return f"{digest.algorithm}-{digest.hex}"


def _wrong(bucket: Bucket, why: str) -> InvalidSettings:
    return InvalidSettings(str(bucket), why=why, remedy="give another bucket or prefix, or that registry's database")
