"""What goes through all names of many images: how many bytes those take, and how fast it is."""

from __future__ import annotations

__all__ = ["taken", "through_all", "timed"]

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import cast

from measure import Row
from rows import IMAGES, OBJECTS, PER_IMAGE, REPOSITORIES, TABLES, fill, size_of

from boxship.server.database import Database, Transaction
from boxship.server.database.schema import prepare
from boxship.server.database.transfer import copy_moment
from boxship.server.names import Names
from boxship.server.opening import open_database
from boxship.server.storage.bucket import Bucket, Listed
from boxship.server.storage.object_remains import ObjectRemains
from boxship.server.upkeep.garbage import Found, Policy, find_garbage

_MIB = 1024 * 1024
_LISTED = 30_000  # objects of a bucket that are held against rows
_PAGE = 1000


def through_all(folder: Path, url: str) -> Iterator[Row]:
    """What names of many images take, and what it takes to go through them."""
    with closing(open_database(folder, url)) as database:
        seconds = timed(partial(database.write_now, fill))
        with database.apart() as names:
            names.execute("VACUUM ANALYZE")
            sizes = {table: size_of(names, table) for table in TABLES}
            total = sum(rows for rows, _ in sizes.values())
            yield from (_size(table, *each) for table, each in sizes.items())
            yield _whole(sizes)
            yield taken("rows that PostgreSQL writes in one transaction, without checks", seconds, total)
            yield taken("tags, listed by pages of 1,000 of each repository", timed(partial(_list, database)), IMAGES)
            yield taken("rows that a backup copies to SQLite and compares", timed(partial(_copy, folder, names)), total)
        yield taken("rows that a sweep looks through for garbage", timed(partial(_find, database)), total)
        yield taken("objects of a bucket that a sweep holds against rows", timed(partial(_hold, database)), _LISTED)


def _size(table: str, rows: int, size: int) -> Row:
    return Row(
        name=f"a row of `{table}` with its indexes, of {rows:,}",
        target="",
        measured=f"{size / rows:.0f} bytes",
        holds="",
    )


def _whole(sizes: Mapping[str, tuple[int, int]]) -> Row:
    image = sum(size / rows * PER_IMAGE[table] for table, (rows, size) in sizes.items())
    return Row(
        name=f"the names of an image of {OBJECTS // IMAGES} blobs of its own and 4 of others, "
        f"{sum(PER_IMAGE.values())} rows",
        target="",
        measured=f"{image:.0f} bytes",
        holds="",
    )


def taken(what: str, seconds: float, count: int, more: str = "") -> Row:
    return Row(
        name=f"{what}, {count:,}", target="", measured=f"{seconds:.2f} s ({count / seconds:,.0f}/s{more})", holds=""
    )


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _list(database: Database) -> None:
    async def every() -> int:
        names, count = Names(database), 0
        for repository in await names.repositories("", _PAGE):
            count += len(await names.tags(repository, "", _PAGE))
        return count

    if asyncio.run(every()) != IMAGES:
        raise RuntimeError(f"not all tags of {REPOSITORIES} repositories were listed")


def _copy(folder: Path, names: Transaction) -> None:
    with closing(sqlite3.connect(folder / "copy.db", isolation_level=None)) as copy:
        prepare(copy, "the copy")
        copy_moment(names, copy)


def _find(database: Database) -> None:
    with find_garbage(database, Policy(grace=-3600, untagged=True), now=time.time()) as found:
        if any(found.blobs()):
            raise RuntimeError("there was to be no garbage")


class _Listing:
    """The listing of a bucket whose objects all have a row."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    async def list(self, prefix: str) -> AsyncIterator[Sequence[Listed]]:
        del prefix
        for start in range(0, len(self._keys), _PAGE):
            yield [Listed(key, _MIB, 0) for key in self._keys[start : start + _PAGE]]


def _hold(database: Database) -> None:
    rows = database.read_now("SELECT location FROM blob ORDER BY location LIMIT ?", (_LISTED,))
    listing = cast("Bucket", _Listing([location for (location,) in rows]))

    async def nothing() -> None:
        """Whose the bucket is."""

    async def orphans() -> int:
        remains = ObjectRemains(listing, database, Policy(), now=time.time(), check=nothing)
        return sum([len(each) async for each in remains.orphans(cast("Found", None))])  # which objects do not ask

    if asyncio.run(orphans()):
        raise RuntimeError("there were to be no orphans")
