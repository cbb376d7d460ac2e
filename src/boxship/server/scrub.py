"""Looking at all blobs again, the longest unseen first: a disk may change bytes and say nothing.

A blob that turns out wrong is absent from then on, so that the next push brings it back (`soundness`).
"""

from __future__ import annotations

__all__ = ["Scrubbed", "condemn_blob", "condemn_read", "scrub"]

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.registry import Registry
from boxship.server.soundness import FileIdentity, Suspect, condemn, identify, set_aside
from boxship.server.storage import Hash

_BATCH = 100  # rows read at once
_BLOCK = 1024 * 1024


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
    digest: Digest
    version: int
    verified: float


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
    now = registry.clock()
    await registry.database.write(lambda connection: set_aside(connection, registry.layout, suspect, now=now))
    return True


async def condemn_read(registry: Registry, digest: Digest, file: FileIdentity) -> None:
    """Condemn a blob that was found wrong as it was read from `file`, unless another one has its place by now."""
    row = (await registry.database.read("SELECT version FROM blob WHERE digest = ?", (str(digest),))).fetchone()
    # In this order: whoever replaces the file after this look changes the version, too.
    if row and await asyncio.to_thread(identify, registry.layout.blob(digest)) == file:
        await condemn_blob(registry, Suspect(digest, row[0], file))


async def _rows(registry: Registry, since: float) -> AsyncIterator[_Row]:
    after: tuple[float, str] = (-1.0, "")
    while rows := (await registry.database.read(_OLDEST, (*after, since, _BATCH))).fetchall():
        for name, version, verified in rows:
            after = (verified, name)
            yield _Row(Digest.parse(name), version, verified)


async def _look(registry: Registry, row: _Row, pace: _Pace) -> bool:
    """Whether the blob is what its digest says, or gone by right; what it is otherwise is seen to."""
    path = registry.layout.blob(row.digest)
    file = await asyncio.to_thread(identify, path)
    if file and await _digest(path, row.digest.algorithm, pace) == row.digest:
        await registry.database.write(lambda connection: _confirm(connection, row, registry.clock()), durable=False)
        return True
    return not await condemn_blob(registry, Suspect(row.digest, row.version, file))


def _confirm(connection: Transaction, row: _Row, now: float) -> None:
    connection.execute(_CONFIRM, (now, str(row.digest), row.version))


async def _digest(path: Path, algorithm: str, pace: _Pace) -> Digest | None:
    """The digest of the file, read at a pace; None where it has gone."""
    value = hashlib.new(algorithm)
    try:
        file = await asyncio.to_thread(_open, path)
    except FileNotFoundError:
        return None
    try:
        while length := await asyncio.to_thread(_take_in, file, value):
            await pace.keep(length)
    finally:
        await asyncio.to_thread(file.close)
    return Digest(algorithm, value.hexdigest())


def _open(path: Path) -> BinaryIO:
    return path.open("rb", buffering=0)


def _take_in(file: BinaryIO, value: Hash) -> int:
    block = file.read(_BLOCK)
    value.update(block)
    return len(block)


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
SELECT digest, version, verified FROM blob
WHERE state < 2 AND (verified, digest) > (?1, ?2) AND verified < ?3 ORDER BY verified, digest LIMIT ?4
"""
_CONFIRM = "UPDATE blob SET verified = ?1 WHERE digest = ?2 AND version = ?3"
