"""What a cache lets go: what nobody asked for in a long time, and of too much, what was asked for longest ago.

Blobs lose their repositories here and are garbage then, which the sweeps take away. Manifests stay until they are old:
they are small, and one without its blobs only means that these are brought again.
"""

from __future__ import annotations

__all__ = ["evict", "keep_evicting"]

import asyncio
import logging
import sqlite3
from functools import partial

from boxship.server.database import Transaction
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
        work = partial(_unlink, before=before, most=settings.proxy_size)
        while size:
            size = await registry.database.write(work)
            evicted += size
            await renew()
        await registry.database.write(lambda connection: connection.execute(_DELETE_MANIFESTS, (before,)))
    return evicted


def _unlink(connection: Transaction, *, before: float, most: int) -> int:
    """Take some blobs from all repositories; the next sweep finds that nobody has them, whatever its grace."""
    (kept,) = connection.execute(_KEPT).fetchone()
    too_much = kept - most * _SHARE if most and kept > most else 0.0
    found = connection.execute(_OLDEST, (before, too_much, _BATCH)).fetchall()
    digests = [(digest,) for digest, _ in found]
    connection.executemany("DELETE FROM repo_blob WHERE digest = ?", digests)
    connection.executemany("UPDATE blob SET touched = 0 WHERE digest = ?", digests)
    return sum(size for _, size in found)


_LINKED = "state = 0 AND EXISTS (SELECT 1 FROM repo_blob WHERE repo_blob.digest = blob.digest)"
_KEPT = f"SELECT coalesce(sum(size), 0) FROM blob WHERE {_LINKED}"  # noqa: S608 - of constants
# Those before the moment, and those of which the ones before them are not yet as much as is too much.
_OLDEST = f"""
SELECT digest, size FROM (
    SELECT digest, size, touched, coalesce(sum(size) OVER (
        ORDER BY touched, digest ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS earlier FROM blob WHERE {_LINKED}
) AS ranked WHERE touched < ?1 OR earlier < ?2 ORDER BY touched, digest LIMIT ?3
"""  # noqa: S608
_DELETE_MANIFESTS = "DELETE FROM manifest WHERE pushed < ?"
