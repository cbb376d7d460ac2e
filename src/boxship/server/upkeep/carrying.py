"""Content brought from one storage to another, some of it at a time; what is there already and right is not sent again.

Which content, and what its rows say of it then, is `filling`'s and `backup`'s.
"""

from __future__ import annotations

__all__ = ["Blob", "Bring", "Linking", "Origin", "Sending", "blobs_of", "carry"]

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from boxship.digest import Digest
from boxship.errors import ContentMismatch
from boxship.server.database import Transaction
from boxship.server.finishing import in_thread
from boxship.server.storage import Content, Opened, Source, Storage, Stored
from boxship.server.storage.file_storage import FileStorage
from boxship.server.storage.soundness import FileIdentity
from boxship.server.upkeep.arrived import Arrived
from boxship.server.upkeep.copying import link_or_copy

_AT_ONCE = 4  # blobs; an object on its way takes 12 MiB of memory
_MOST = 1024 * 1024  # bytes asked for at a time
_PAGE = 500  # rows


class Blob(NamedTuple):
    """Content, and how many bytes its row says that it has."""

    content: Content
    size: int


# What content looks like once it is there; None where no such bytes are to be had.
Bring = Callable[[Blob], Awaitable[Stored | None]]


class Origin(Protocol):
    """Where content is read."""

    async def identify(self, content: Content) -> FileIdentity | None:
        """What is there; None where nothing is."""

    def source(self, content: Content, size: int) -> Source:
        """The content, to be read."""


def blobs_of(names: Transaction) -> Iterator[Blob]:
    """All blobs whose bytes somebody may rely on, in the order of their digests."""
    last = ""
    while rows := names.execute(_BLOBS, (last,)).fetchall():
        yield from (Blob(Content(Digest.parse(digest), location), size) for digest, location, size in rows)
        last = rows[-1][0]


async def carry(blobs: Iterable[Blob], bring: Bring, arrived: Arrived) -> list[Digest]:
    """Bring the blobs that have not arrived, and note each; those that are not to be had."""
    waiting = iter(blobs)
    wrong: list[Digest] = []

    async def work() -> None:
        for blob in waiting:
            digest = blob.content.digest
            if arrived.find(str(digest)):
                continue
            stored = await bring(blob)
            if stored:
                arrived.note(digest, stored)
            else:
                wrong.append(digest)

    tasks = [asyncio.create_task(work()) for _ in range(_AT_ONCE)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(wrong, key=str)


class Sending:
    """Sends bytes, hashed on their way, and reads back what has arrived."""

    def __init__(self, origin: Origin, target: Storage) -> None:
        self._origin = origin
        self._target = target

    async def __call__(self, blob: Blob) -> Stored | None:
        """What the content looks like at the target, where its bytes were looked at."""
        digest = blob.content.digest
        found = await self._target.find(digest, blob.size)
        if found and await self._is_right(digest, found):
            return found
        sent = await self._send(blob)
        if sent and not await self._is_right(digest, sent):
            remedy = "see what is wrong with the target, and do it again"
            raise ContentMismatch(f"the blob {digest} has not arrived as it was sent", remedy=remedy)
        return sent

    async def _is_right(self, digest: Digest, stored: Stored) -> bool:
        return await self._target.digest(Content(digest, stored.location)) == digest

    async def _send(self, blob: Blob) -> Stored | None:
        found = await self._origin.identify(blob.content)
        if not found or found.size != blob.size:
            return None
        opened = await self._origin.source(blob.content, blob.size).open(0, blob.size)
        try:
            return await self._put(blob, opened)
        finally:
            await opened.close()

    async def _put(self, blob: Blob, opened: Opened) -> Stored | None:
        digest = blob.content.digest
        value = hashlib.new(digest.algorithm)
        with await self._target.claim_for(digest) as claim:
            size = await claim.append(0, _batches(opened, blob.size), {digest.algorithm: value})
            if size != blob.size or value.hexdigest() != digest.hex:
                await claim.discard()
                return None
            look = await claim.publish(digest, size)
            return await in_thread(look)


class Linking:
    """Gives files of one folder a second name in another, or copies them where the file system cannot."""

    def __init__(self, origin: FileStorage, target: FileStorage, *, hashed: bool) -> None:
        self._origin = origin
        self._target = target
        self._hashed = hashed

    async def __call__(self, blob: Blob) -> Stored | None:
        """What the file looks like; where that is asked for, its bytes were looked at."""
        digest = blob.content.digest
        try:
            await in_thread(lambda: link_or_copy(self._origin.path(digest), self._target.place(digest)))
        except FileNotFoundError:
            return None  # swept meanwhile, or lost; the names tell which
        if self._hashed and await self._target.digest(blob.content) != digest:
            return None
        found = await self._target.identify(blob.content)
        return Stored(found.size, found.modified) if found else None


async def _batches(opened: Opened, size: int) -> AsyncIterator[list[bytes]]:
    left = size
    while left and (batch := await opened.take(min(left, _MOST), None)):
        left -= sum(map(len, batch))
        yield batch


_BLOBS = f"SELECT digest, location, size FROM blob WHERE state < 2 AND digest > ? ORDER BY digest LIMIT {_PAGE}"  # noqa: S608
