"""What a cache lets go: what nobody asked for in a long time, and of too much, what was asked for longest ago.

That is what came from its upstreams: the folder may be a registry's that was pushed to, and has nobody else's copy.
Blobs lose their repositories here and are garbage then, which the sweeps take away. Manifests stay until they are old:
they are small, and one without its blobs only means that these are brought again.
"""

from __future__ import annotations

__all__ = ["evict", "keep_evicting"]

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from functools import partial

from boxship.server.lease import Leased, leased
from boxship.server.registry import Registry

_LEASE = "evict"
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
                _log.info("evicted %d bytes of blobs", evicted)
        except Leased:
            _log.debug("another process evicts")
        except (OSError, sqlite3.Error) as error:
            _log.error("eviction failed", exc_info=error)


async def evict(registry: Registry) -> int:
    """Let go of what is too old or too much; how many bytes of blobs that is. `Leased` while another process does."""
    settings, evicted, size = registry.settings, 0, -1
    before = registry.clock() - settings.proxy_age if settings.proxy_age else 0.0
    async with leased(registry.database, _LEASE, clock=registry.clock) as renew:
        about = {"sources": _names(registry), "before": before}
        work = partial(_unlink, about=about, most=settings.proxy_size)
        while size:
            size = await registry.database.write(work)
            evicted += size
            await renew()
        await registry.database.write(lambda connection: connection.execute(_DELETE_MANIFESTS, about))
    return evicted


def _names(registry: Registry) -> str:
    """The first components of what came from upstreams, as `_CACHED` finds them: each between two slashes."""
    return "".join(f"/{source.name}/" for source in registry.settings.proxy)


def _unlink(connection: sqlite3.Connection, *, about: Mapping[str, object], most: int) -> int:
    """Take some blobs from all repositories; the next sweep finds that nobody has them, whatever its grace."""
    (kept,) = connection.execute(_KEPT, about).fetchone()
    too_much = kept - most * _SHARE if most and kept > most else 0.0
    found = connection.execute(_OLDEST, {**about, "too_much": too_much, "batch": _BATCH}).fetchall()
    digests = [(digest,) for digest, _ in found]
    connection.executemany("DELETE FROM repo_blob WHERE digest = ?", digests)
    connection.executemany("UPDATE blob SET touched = 0 WHERE digest = ?", digests)
    return sum(size for _, size in found)


# A name without a slash has '' before it, and no source is called that.
_CACHED = "SELECT id FROM repo WHERE instr(:sources, '/' || substr(name, 1, instr(name, '/') - 1) || '/')"
# What a repository that was pushed to has, too, would be kept for that one: it is not this cache's to count.
_LINKED = f"""
state = 0 AND EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest)
AND NOT EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest AND repo_id NOT IN ({_CACHED}))
"""  # noqa: S608 - of constants, as all that follow
_KEPT = f"SELECT coalesce(sum(size), 0) FROM blob WHERE {_LINKED}"  # noqa: S608
# Those before the moment, and those of which the ones before them are not yet as much as is too much.
_OLDEST = f"""
SELECT digest, size FROM (
    SELECT digest, size, touched, coalesce(sum(size) OVER (
        ORDER BY touched, digest ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS earlier FROM blob WHERE {_LINKED}
) WHERE touched < :before OR earlier < :too_much ORDER BY touched, digest LIMIT :batch
"""  # noqa: S608
_DELETE_MANIFESTS = f"DELETE FROM manifest WHERE pushed < :before AND repo_id IN ({_CACHED})"  # noqa: S608
