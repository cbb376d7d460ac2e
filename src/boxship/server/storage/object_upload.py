"""An upload to an object store: each request that adds to it puts an object of its own.

An object's key is never used twice, so nobody's bytes are ever another's, and deleting one harms nothing that came
later. Which objects count, in which order, says `upload_part`; several become one in the end. Every object is of an
upload that has a row, or of a blob whose row names it: what is of neither may be deleted, by anybody, at any time,
but for what a blob had before, which may be read for a while (`superseded`).
"""

from __future__ import annotations

__all__ = ["ObjectUpload", "Part", "upload_of"]

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from functools import partial
from typing import Self

from boxship.digest import Digest
from boxship.server.database import Database, Transaction
from boxship.server.finishing import in_thread
from boxship.server.storage import Hash, Hashes, Look, Stored
from boxship.server.storage.bucket import Bucket
from boxship.server.storage.claim import Incomplete, Taken
from boxship.value import dataclass

BLOBS = "blobs"  # what the keys of all objects with content begin with
_SIGN_OF_LIFE = 60.0  # seconds; sessions that show none end after an hour


@dataclass(frozen=True, slots=True)
class Part:
    """An object with the bytes of an upload from `start` on."""

    start: int
    size: int
    location: str


def upload_of(location: str) -> str:
    """Which upload an object came by."""
    return location.split("/")[1]


class ObjectUpload:
    """An upload that is claimed, as `storage.Claim` promises."""

    def __init__(self, session: str, bucket: Bucket, database: Database, release: Callable[[], None]) -> None:
        self.session = session
        self._bucket = bucket
        self._database = database
        self._release = release
        self._known: list[Part] | None = None  # what its row says, as far as anybody asked
        self._added: list[Part] = []
        self._joined = ""

    async def append(self, at: int, batches: AsyncIterable[list[bytes]], hashes: Hashes) -> int:
        """Put `batches` into an object that follows the first `at` bytes of the upload, and into `hashes`.

        Returns the upload's new size. The object is there when all of it has come. Raises `Taken` where another replica
        has added to the upload, `Incomplete` where less is there.
        """
        there = _size(await self._parts())
        if there > at:
            raise Taken(self.session)
        if there < at:
            raise Incomplete(self.session)
        coming = aiter(batches)
        first = await _some(coming)
        if not first:
            return at
        location, size, seen = self._new(at), 0, asyncio.get_running_loop().time()
        async with self._bucket.writing(location) as writer:
            pieces: list[bytes] = first
            while pieces:
                content = b"".join(pieces)
                pieces.clear()  # many clients push at a time, and each would hold them until its next ones have come
                await in_thread(_take_in, content, hashes)
                await writer.write(content)
                size += len(content)
                seen = await self._live(seen)
                pieces = await _some(coming)
        self._added.append(Part(at, size, location))
        return at + size

    def acknowledge(self, transaction: Transaction) -> None:
        """Note the new objects, in the transaction that tells the upload's new size."""
        rows = [(self.session, part.start, part.size, part.location) for part in self._added]
        transaction.executemany(_NOTE, rows)

    async def digest(self, algorithm: str) -> Digest:
        """The digest of what has arrived, read back."""
        value = hashlib.new(algorithm)
        async for block in self._content():
            await in_thread(value.update, block)
        return Digest(algorithm, value.hexdigest())

    async def publish(self, digest: Digest, size: int) -> Look:
        """Make an upload of `size` bytes one object; what that looks like.

        Raises `Incomplete` where the upload has another size, or the store lost some of it.
        """
        del digest
        parts = await self._parts()
        if _size(parts) != size:
            raise Incomplete(f"{_size(parts)} bytes, not {size}")
        location = parts[0].location if len(parts) == 1 else await self._join()
        found = await self._bucket.look(location)
        if not found or found.size != size:
            raise Incomplete(location)
        return partial(Stored, found.size, found.modified, location)

    async def settle(self) -> None:
        """Delete the objects that became one, now that a row names that."""
        parts = await self._parts()
        if self._joined:
            await self._bucket.delete([part.location for part in parts])

    async def discard(self) -> None:
        """Delete the upload's objects, but for one that a blob's row names by now. The upload has no row any more."""
        async for page in self._bucket.list(f"{BLOBS}/{self.session}"):
            locations = [each.key for each in page]
            named = await self._database.look(partial(_named, locations))
            await self._bucket.delete([each for each in locations if each not in named])

    def close(self) -> None:
        """Let others claim the upload."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _parts(self) -> Sequence[Part]:
        """The objects that count, in their order."""
        if self._known is None:
            rows = await self._database.read(_PARTS, (self.session,))
            self._known = [Part(*row) for row in rows]
        return [*self._known, *self._added]

    async def _join(self) -> str:
        """Put all parts into one object; its key."""
        self._joined, seen = self._new("all"), asyncio.get_running_loop().time()
        async with self._bucket.writing(self._joined) as writer:
            async for block in self._content():
                await writer.write(block)
                seen = await self._live(seen)
        return self._joined

    async def _content(self) -> AsyncIterator[bytes]:
        for part in await self._parts():
            async for block in self._bucket.blocks(part.location, 0, part.size):
                yield block

    async def _live(self, seen: float) -> float:
        """Show now and then that somebody writes to the upload, so that it does not expire; when that was."""
        now = asyncio.get_running_loop().time()
        if now - seen < _SIGN_OF_LIFE:
            return seen
        longer = (now - seen, self.session)
        await self._database.write(lambda transaction: transaction.execute(_LIVE, longer), durable=False)
        return now

    def _new(self, what: object) -> str:
        return f"{BLOBS}/{self.session}/{what}-{secrets.token_hex(8)}"


def _size(parts: Sequence[Part]) -> int:
    return sum(part.size for part in parts)


async def _some(batches: AsyncIterator[list[bytes]]) -> list[bytes]:
    """The next batch that has a byte; an empty one at the end."""
    async for pieces in batches:
        if any(pieces):
            return pieces
    return []


def _take_in(content: bytes, hashes: Hashes) -> None:
    value: Hash
    for value in hashes.values():
        value.update(content)


def _named(locations: Sequence[str], transaction: Transaction) -> set[str]:
    """Those that are a blob's."""
    return {each for each in locations if transaction.execute(_IS_NAMED, (each,)).fetchone()}


_PARTS = "SELECT start, size, location FROM upload_part WHERE upload = ? ORDER BY start"
_NOTE = "INSERT INTO upload_part (upload, start, size, location) VALUES (?, ?, ?, ?)"
_IS_NAMED = "SELECT 1 FROM blob WHERE location = ? AND location <> ''"
_LIVE = "UPDATE upload SET expires = expires + ? WHERE id = ?"
