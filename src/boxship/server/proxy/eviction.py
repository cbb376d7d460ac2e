"""What a cache lets go: what nobody asked for in a long time, and of too much, what was asked for longest ago.

That is what came from its upstreams: the folder may be a registry's that was pushed to, and has nobody else's copy.
Blobs and manifests go by the same order and count alike: some manifests are megabytes. One without the other only means
that this is brought again. Files go at once, whether sweeps run or not: who may lose a blob here can have it again, so
nobody needs the time that these leave.
"""

from __future__ import annotations

__all__ = ["evict", "keep_evicting"]

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from functools import partial

from boxship.server.database import Transaction
from boxship.server.database.lease import Leased, leased
from boxship.server.finishing import in_thread
from boxship.server.registry import Registry
from boxship.server.storage.leftovers import empty_trash
from boxship.server.upkeep.garbage import Blob, Policy

_LEASE = "evict"
_OPENING = 10.0  # seconds in which whoever was told of a blob a moment ago has opened its file
_INTERVAL = 60.0  # seconds
_BATCH = 500  # rows of a transaction, as sweeps have
_SHARE = 0.9  # of the most, to which a full cache goes down: else it would be full again with the next blob

_log = logging.getLogger(__name__)


async def keep_evicting(registry: Registry) -> None:
    """Evict every minute until cancelled, unless the registry is read-only; what fails is logged, and tried again."""
    while True:
        await asyncio.sleep(_INTERVAL)
        if registry.settings.read_only:
            continue
        try:
            evicted = await evict(registry)
            if evicted:
                _log.info("evicted %d bytes", evicted)
        except Leased:
            _log.debug("another process evicts")
        except (OSError, sqlite3.Error) as error:
            _log.error("eviction failed", exc_info=error)


async def evict(registry: Registry, *, opening: float = _OPENING) -> int:
    """Let go of what is too old or too much; how many bytes that is. `Leased` while another process does.

    The files go `opening` seconds later: by then, whoever was told of one reads it.
    """
    settings, evicted, size = registry.settings, 0, -1
    before = registry.clock() - settings.proxy_age if settings.proxy_age else 0.0
    async with leased(registry.database, _LEASE, clock=registry.clock) as renew:
        kept = _kept(len(settings.proxy))
        about = {"before": before, **_places(source.name for source in settings.proxy)}
        work = partial(_let_go, kept=kept, about=about, most=settings.proxy_size)
        while size:
            size = await registry.database.write(work)
            evicted += size
            await renew()
        if evicted:
            await asyncio.sleep(opening)
        await _free(registry)
    return evicted


async def _free(registry: Registry) -> None:
    """Delete the files of what was let go, now or before a crash."""
    now, trash = registry.clock(), registry.layout.trash
    remains = registry.storage.remains(registry.database, Policy(), now=now)
    while claimed := [Blob(*row) for row in await registry.database.read(_CLAIMED, (_BATCH,))]:
        await remains.prepare()
        await remains.remove(claimed, damaged=False)
        await in_thread(empty_trash, trash, before=now, since=now)  # what a sweep put there stays its time


def _kept(sources: int) -> str:
    """The query for what came from so many upstreams: the repositories below the names of these."""
    ranges = " OR ".join(f"name >= :first{number} AND name < :after{number}" for number in range(sources))
    return _KEPT.format(cached=f"SELECT id FROM repo WHERE {ranges or '0 = 1'}")  # noqa: S608 - of constants


def _places(names: Iterable[str]) -> Mapping[str, str]:
    """Where each of the ranges begins, and what comes after it."""
    return {
        word: bound
        for number, name in enumerate(names)
        for word, bound in ((f"first{number}", f"{name}/"), (f"after{number}", f"{name}0"))
    }


def _let_go(connection: Transaction, *, kept: str, about: Mapping[str, object], most: int) -> int:
    """Delete some manifests, and make some blobs absent, as a sweep does last with what nobody has."""
    (size,) = connection.execute(_SIZE.format(kept=kept), about).fetchone()
    too_much = size - most * _SHARE if most and size > most else 0.0
    found = connection.execute(_OLDEST.format(kept=kept), {**about, "too_much": too_much, "batch": _BATCH}).fetchall()
    blobs = [(digest,) for repo, digest, _ in found if repo is None]
    connection.executemany(
        "DELETE FROM manifest WHERE repo_id = ? AND digest = ?", [row[:2] for row in found if row[0]]
    )
    connection.executemany("DELETE FROM repo_blob WHERE digest = ?", blobs)
    connection.executemany(_CLAIM, blobs)
    return sum(size for *_, size in found)


# A blob that a repository which was pushed to has, too, would be kept for that one: it is not the cache's to count.
_KEPT = """
SELECT NULL AS repo, digest, size, touched AS wanted FROM blob
WHERE state = 0 AND EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest)
AND NOT EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest AND repo_id NOT IN ({cached}))
UNION ALL
SELECT repo_id, digest, length(body), pushed FROM manifest WHERE repo_id IN ({cached})
"""
_SIZE = "SELECT coalesce(sum(size), 0) FROM ({kept}) AS kept"
# Those before the moment, and those of which the ones before them are not yet as much as is too much.
_OLDEST = """
SELECT repo, digest, size FROM (
    SELECT repo, digest, size, wanted, coalesce(sum(size) OVER (
        ORDER BY wanted, digest, repo ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS earlier FROM ({kept}) AS kept
) AS ranked WHERE wanted < :before OR earlier < :too_much ORDER BY wanted, digest, repo LIMIT :batch
"""
_CLAIM = "UPDATE blob SET state = 2, version = version + 1 WHERE digest = ?"
_CLAIMED = "SELECT digest, size, version FROM blob WHERE state <> 0 AND state = 2 LIMIT ?"
