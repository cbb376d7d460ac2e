"""Looking at all blobs again, the longest unseen first: a disk may change bytes and say nothing.

A blob that turns out wrong is absent from then on, so that the next push brings it back (`soundness`).
"""

from __future__ import annotations

__all__ = ["Scrubbed", "condemn_blob", "condemn_read", "scrub"]

import asyncio
import time
from collections.abc import AsyncIterator

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.registry import Registry
from boxship.server.storage import Content
from boxship.server.storage.soundness import FileIdentity, Suspect, condemn
from boxship.value import dataclass

_BATCH = 100  # rows read at once


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """How much was looked at, which blobs were wrong, and which could not be read at all."""

    blobs: int
    bytes: int
    condemned: tuple[Digest, ...]
    unreadable: tuple[Digest, ...]

    def __str__(self) -> str:
        found = f"{len(self.condemned)} damaged, {len(self.unreadable)} unreadable"
        blobs = "1 blob" if self.blobs == 1 else f"{self.blobs} blobs"
        return f"{blobs}, {self.bytes} bytes: {found}"


@dataclass(frozen=True, slots=True)
class _Row:
    content: Content
    version: int
    modified: int

    @property
    def digest(self) -> Digest:
        return self.content.digest


async def scrub(registry: Registry, *, rate: float | None = None, since: float | None = None) -> Scrubbed:
    """Hash every blob that was last hashed before `since` (now), at most `rate` bytes a second.

    Others push, pull and sweep meanwhile; what they change is theirs. A file that cannot be read is told and left
    alone: it may be the way to the disk that fails.
    """
    pace = _Pace(rate)
    blobs = 0
    condemned, unreadable = [], []
    async for row in _rows(registry, registry.clock() if since is None else since):
        try:
            sound = await _look(registry, row, pace)
        except OSError:
            if await _is_there(registry, row):  # or it was swept while it was read
                unreadable.append(row.digest)
            continue
        blobs += 1
        if not sound:
            condemned.append(row.digest)
    return Scrubbed(blobs, pace.done, tuple(condemned), tuple(unreadable))


async def condemn_blob(registry: Registry, suspect: Suspect) -> bool:
    """Let a blob be absent and its file set aside; False where somebody has changed it meanwhile."""
    if not await registry.database.write(lambda connection: condemn(connection, suspect)):
        return False
    await registry.storage.set_aside(registry.database, suspect, now=registry.clock())
    return True


async def condemn_read(registry: Registry, digest: Digest, found: FileIdentity) -> None:
    """Condemn a blob whose bytes were found wrong as they were read, unless others have their place by now."""
    row = (await registry.database.read(_VERSION, (str(digest),))).fetchone()
    # In this order: whoever replaces them after this look changes the version, too.
    if row and await registry.storage.identify(Content(digest, row[1])) == found:
        await condemn_blob(registry, Suspect(digest, row[0], row[2], found, row[1]))


async def _rows(registry: Registry, since: float) -> AsyncIterator[_Row]:
    after: tuple[float, str] = (-1.0, "")
    while rows := (await registry.database.read(_OLDEST, (*after, since, _BATCH))).fetchall():
        for name, version, verified, location, modified in rows:
            after = (verified, name)
            yield _Row(Content(Digest.parse(name), location), version, modified)


async def _look(registry: Registry, row: _Row, pace: _Pace) -> bool:
    """Whether the blob is what its digest says, or gone by right; what it is otherwise is seen to."""
    found = await registry.storage.identify(row.content)
    if found and await registry.storage.digest(row.content, pace.keep) == row.digest:
        await registry.database.write(lambda connection: _confirm(connection, row, registry.clock()), durable=False)
        return True
    return not await condemn_blob(registry, Suspect(row.digest, row.version, row.modified, found, row.content.location))


async def _is_there(registry: Registry, row: _Row) -> bool:
    """Whether the blob is still the one that was looked at."""
    found = (await registry.database.read(_LIVE, (str(row.digest),))).fetchone()
    return bool(found) and tuple(found) == (row.version, row.content.location, row.modified)


def _confirm(connection: Transaction, row: _Row, now: float) -> None:
    connection.execute(_CONFIRM, (now, str(row.digest), row.version))


class _Pace:
    """How many bytes have been read, and that they are not too many a second."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._started = time.monotonic()
        self.done = 0

    async def keep(self, length: int) -> None:
        """Count bytes, and wait until so many may have been read."""
        self.done += length
        if self._rate:
            await asyncio.sleep(self._started + self.done / self._rate - time.monotonic())


_OLDEST = """
SELECT digest, version, verified, location, modified FROM blob
WHERE state < 2 AND (verified, digest) > (?1, ?2) AND verified < ?3 ORDER BY verified, digest LIMIT ?4
"""
_VERSION = "SELECT version, location, modified FROM blob WHERE digest = ?"
_LIVE = f"{_VERSION} AND state < 2"
_CONFIRM = "UPDATE blob SET verified = ?1 WHERE digest = ?2 AND version = ?3"
