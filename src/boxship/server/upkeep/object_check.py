"""Whether the objects of a bucket are what names say: the bucket is listed once, beside the rows in the same order.

Where the two differ, row and object are asked for each by itself, so nothing here relies on the listing's order or on
its being of one moment.
"""

from __future__ import annotations

__all__ = ["ObjectCheck"]

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.storage import Content
from boxship.server.storage.bucket import Listed
from boxship.server.storage.object_storage import ObjectStorage
from boxship.server.storage.object_upload import upload_of
from boxship.server.storage.superseded import IS_READ
from boxship.server.upkeep.finding import Fault, Finding

_PAGE = 500  # rows
_AT_ONCE = 4  # objects that are read at a time
_SECOND = 1_000_000_000  # nanoseconds; some stores tell no more of when, and others do in listings only


class _Row(NamedTuple):
    location: str
    digest: str
    size: int
    modified: int


class ObjectCheck:
    """One look at all objects; with `verify` each is read, and else only those that are not what they were."""

    def __init__(self, names: Transaction, storage: ObjectStorage, *, verify: bool, now: float, grace: float) -> None:
        """What no row knows counts when it is older than `grace` seconds, and nobody may be reading it yet."""
        self._names = names
        self._storage = storage
        self._verify = verify
        self._now = now
        self._until = now - grace

    def findings(self) -> Iterator[Finding]:
        """What is wrong with blobs, and what is nobody's; and then what was found wrong before."""
        yield from _iterated(self._found())
        last = ""
        while rows := self._names.execute(_CONDEMNED, (last, _PAGE)).fetchall():
            yield from (Finding(Fault.CONDEMNED, digest) for (digest,) in rows)
            (last,) = rows[-1]

    def uploads(self) -> Iterator[Finding]:
        """What is wrong with uploads."""
        last = ""
        while rows := self._names.execute(_SESSIONS, (last, _PAGE)).fetchall():
            for (session,) in rows:
                if self._is_cut_short(session) and self._is_cut_short(session):
                    yield Finding(Fault.CUT_SHORT, f"uploads/{session}")
            (last,) = rows[-1]

    async def _found(self) -> AsyncIterator[Finding]:
        doubtful: list[str] = []
        async for each in self._walked():
            if isinstance(each, Finding):
                yield each
                continue
            doubtful.append(each)
            if len(doubtful) == _AT_ONCE:
                for finding in await self._looked(doubtful):
                    yield finding
                doubtful.clear()
        for finding in await self._looked(doubtful):
            yield finding

    async def _walked(self) -> AsyncIterator[str | Finding]:
        """Go through rows and objects in the order of their keys: blobs that may be wrong, and what is nobody's."""
        rows = self._rows()
        row = next(rows, None)
        async for each in self._objects():
            while row and row.location < each.key:
                yield row.digest
                row = next(rows, None)
            if row and row.location == each.key:
                if self._verify or _differs(row, each):
                    yield row.digest
                row = next(rows, None)
            elif self._is_orphan(each):
                yield Finding(Fault.ORPHAN, each.key)
        while row:
            yield row.digest
            row = next(rows, None)

    async def _objects(self) -> AsyncIterator[Listed]:
        async for page in self._storage.listed():
            for each in page:
                yield each

    def _rows(self) -> Iterator[_Row]:
        last = ""
        while rows := self._names.execute(_ROWS, (last, _PAGE)).fetchall():
            yield from map(_Row._make, rows)
            last = rows[-1][0]

    async def _looked(self, digests: Sequence[str]) -> Sequence[Finding]:
        """What is wrong with these blobs, which are read at a time."""
        faults = await asyncio.gather(*map(self._twice, digests))
        return [Finding(fault, digest) for digest, fault in zip(digests, faults, strict=True) if fault]

    async def _twice(self, digest: str) -> Fault | None:
        """Asked again where something is wrong: a server may have changed row and object meanwhile."""
        return await self._blob(digest) and await self._blob(digest)

    async def _blob(self, name: str) -> Fault | None:
        row = self._names.execute(_BLOB, (name,)).fetchone()
        if not row:
            return None  # it was swept, or is bad, which is told later
        size, modified, location = row
        content = Content(Digest.parse(name), location)
        found = await self._storage.identify(content)
        if not found:
            return Fault.LOST
        if found.size != size:
            return Fault.RESIZED
        if not self._verify and found.modified // _SECOND == modified // _SECOND:
            return None
        return await self._content(content)

    async def _content(self, content: Content) -> Fault | None:
        try:
            digest = await self._storage.digest(content)
        except OSError:
            await self._storage.check()  # a store that is away has lost nothing
            return Fault.UNREADABLE
        if not digest:
            return Fault.LOST
        return None if digest == content.digest else Fault.DAMAGED

    def _is_orphan(self, each: Listed) -> bool:
        if each.modified > self._until:
            return False
        return self._names.execute(_IS_KNOWN, (upload_of(each.key), each.key, self._now)).fetchone() is None

    def _is_cut_short(self, session: str) -> bool:
        """Whether what was acknowledged of an upload is not all there."""
        row = self._names.execute("SELECT size FROM upload WHERE id = ?", (session,)).fetchone()
        parts = self._names.execute(_PARTS, (session,)).fetchall()
        return row is not None and (sum(size for size, _ in parts) < row[0] or not asyncio.run(self._are_there(parts)))

    async def _are_there(self, parts: Sequence[tuple[int, str]]) -> bool:
        for size, location in parts:
            if await self._storage.size(location) != size:
                return False
        return True


def _differs(row: _Row, each: Listed) -> bool:
    return row.size != each.size or row.modified // _SECOND != int(each.modified)


def _iterated(found: AsyncIterator[Finding]) -> Iterator[Finding]:
    """The same, for who has no loop."""
    with asyncio.Runner() as runner:
        while finding := runner.run(_next(found)):
            yield finding


async def _next(found: AsyncIterator[Finding]) -> Finding | None:
    return await anext(found, None)


_ROWS = """
SELECT location, digest, size, modified FROM blob WHERE location <> '' AND location > ? AND state < 2
ORDER BY location LIMIT ?
"""
_BLOB = "SELECT size, modified, location FROM blob WHERE digest = ? AND state < 2"
_CONDEMNED = """
SELECT digest FROM blob WHERE state <> 0 AND state = 3 AND digest > ?
AND EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest) ORDER BY digest LIMIT ?
"""
# In one question: an upload's row goes in the transaction in which the blob's row comes.
_IS_KNOWN = f"""
SELECT 1 WHERE EXISTS (SELECT 1 FROM upload WHERE id = ?1)
OR EXISTS (SELECT 1 FROM blob WHERE location = ?2 AND location <> '') OR {IS_READ}
"""  # noqa: S608 - a constant
_SESSIONS = "SELECT id FROM upload WHERE id > ? ORDER BY id LIMIT ?"
_PARTS = "SELECT size, location FROM upload_part WHERE upload = ?"
