"""What names in PostgreSQL cost: pushes, the bytes of rows, and what goes through all of them, of 20,000 images."""

from __future__ import annotations

__all__ = ["run"]

import asyncio
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from load import boxship_registry
from measure import Row, Sides, in_turn
from objects import objects
from programs import missing
from replicas import processor
from tests.peers.postgresql import Cluster, cluster
from tests.peers.process import program
from through import taken, through_all, timed

from boxship.digest import Digest
from boxship.server.database import Database
from boxship.server.names import Names
from boxship.server.opening import open_database
from boxship.server.registry import Registry, Settings
from boxship.server.storage import Stored
from boxship.server.upkeep.scrub import scrub
from boxship.testing import put_image, random_image

_ROUNDS, _SECONDS = 3, 1.5
_AT_ONCE = 64
_PUSHERS, _PUSHING = 16, 4.0  # clients, and seconds
_LAYERS = 2
_MIB = 1024 * 1024
_LISTED = 30_000  # objects of a bucket that are held against rows
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Cost:
    """Images a second, and of each the milliseconds of processors and the bytes of PostgreSQL's log."""

    rate: float
    registry: float
    database: float
    log: float


def run(folder: Path) -> Iterator[Row]:
    """The rows of names."""
    if not program("postgres") or missing("wrk"):
        return
    with cluster(durable=True) as running:
        yield from _commits(folder, running)
        for number in (1, 2, 3):
            yield _pushed(_push(folder / f"pushed-{number}", running, number), number)
        yield from _scrubbed(folder, running)
        yield from objects(folder, running)
        yield from through_all(folder, running.new())


def _commits(folder: Path, running: Cluster) -> Iterator[Row]:
    """How many blobs a second become a repository's, each in a transaction of its own."""
    with ExitStack() as opened:
        databases = {
            "PostgreSQL": opened.enter_context(closing(open_database(folder, running.new()))),
            "SQLite": opened.enter_context(closing(open_database(folder / "beside.db"))),
        }
        for at_once in (1, _AT_ONCE):
            sides = {name: name for name in databases}
            yield _beside(at_once, in_turn(_ROUNDS, sides, partial(_rate, databases, at_once)))


def _rate(databases: Mapping[str, Database], at_once: int, name: str) -> float:
    return asyncio.run(_linking(Names(databases[name]), at_once)) / _SECONDS


async def _linking(names: Names, at_once: int) -> int:
    """Let so many callers link one blob after the other; how many these were in the time."""
    until, stored = time.monotonic() + _SECONDS, Stored(_MIB, 1)
    done = 0

    async def link() -> None:
        nonlocal done
        while time.monotonic() < until:
            await names.put_blob("team/app", Digest.of(os.urandom(16)), lambda: stored, now=time.time())
            done += 1

    await asyncio.gather(*(link() for _ in range(at_once)))
    return done


def _beside(at_once: int, rates: Mapping[str, Sequence[float]]) -> Row:
    ratios = [a / b for a, b in zip(rates["PostgreSQL"], rates["SQLite"], strict=True)]
    best = {name: max(each) for name, each in rates.items()}
    what = f"blobs that a repository gets, {at_once} at a time"
    return Row(
        name=f"{what}, {best['PostgreSQL']:,.0f}/s with PostgreSQL, over {best['SQLite']:,.0f}/s with SQLite",
        target="",
        measured=f"{best['PostgreSQL'] / best['SQLite']:.2f} x (median {median(ratios):.2f})",
        spread=f"{min(ratios):.2f}-{max(ratios):.2f}, {_ROUNDS} rounds",
        holds="",
        sides=Sides(work=what, values=rates, unit="/s"),
    )


def _push(folder: Path, running: Cluster, number: int) -> _Cost:
    """What pushes of small images cost by so many registries with one database and one folder."""
    folder.mkdir()
    url = running.new()
    with ExitStack() as started, closing(open_database(folder, url)) as database:
        registries = [
            started.enter_context(boxship_registry(folder, "--in-flight", "0", "--database", url))
            for _ in range(number)
        ]
        put_image(registries[0][0], "team/app", "v1")
        before, log = processor(registries, running), _log_place(database)
        images = _images([address for address, _ in registries])
        after = processor(registries, running)
        registry, theirs = ((b - a) * 1000 / images for a, b in zip(before, after, strict=True))
        return _Cost(images / _PUSHING, registry, theirs, (_log_place(database) - log) / images)


def _images(addresses: Sequence[str]) -> int:
    """Push images by all of the registries; how many came in the time."""
    until = time.monotonic() + _PUSHING

    def push(client: int) -> int:
        count = 0
        while time.monotonic() < until:
            image = random_image(layers=_LAYERS, layer_size=512)
            put_image(addresses[client % len(addresses)], f"team/app-{client}", f"v{count}", image)
            count += 1
        return count

    with ThreadPoolExecutor(_PUSHERS) as clients:
        return sum(clients.map(push, range(_PUSHERS)))


def _log_place(database: Database) -> int:
    """How many bytes PostgreSQL has ever written ahead."""
    (place,) = database.read_now("SELECT CAST(pg_current_wal_lsn() - '0/0' AS bigint)").fetchone()
    return int(place)


def _pushed(cost: _Cost, number: int) -> Row:
    return Row(
        name=f"push of an image of {_LAYERS + 1} small blobs, {_PUSHERS} clients, by {number} "
        f"registr{'ies' if number > 1 else 'y'}: processor time",
        target="",
        measured=f"{cost.registry:.2f} ms, and {cost.database:.2f} ms of PostgreSQL and {cost.log / 1000:.1f} kB of "
        f"its log ({cost.rate:,.0f}/s in all)",
        holds="",
    )


def _scrubbed(folder: Path, running: Cluster) -> Iterator[Row]:
    """How fast a scrub looks at blobs, small and large ones."""
    for count, size, what in ((2000, 4096, "small blobs in files"), (4, 256 * _MIB, "blobs of 256 MiB in files")):
        registry = Registry.open(folder / f"scrubbed-{count}", Settings(database=running.new()))
        with closing(registry):
            asyncio.run(_put(registry, count, size))
            seconds = timed(partial(_scrub, registry))
        yield taken(f"scrub of {what}", seconds, count, f", {count * size / seconds / 1e6:,.0f} MB/s")


def _scrub(registry: Registry) -> None:
    if asyncio.run(scrub(registry)).condemned:
        raise RuntimeError("what was written is damaged")


async def _put(registry: Registry, count: int, size: int) -> None:
    block = os.urandom(size)
    for number in range(count):
        content = number.to_bytes(8, "big") + block[8:]
        digest = Digest.of(content)
        path = registry.files.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        found = path.stat()
        look = partial(Stored, found.st_size, found.st_mtime_ns)
        await registry.names.put_blob("team/app", digest, look, now=time.time() - 1)
