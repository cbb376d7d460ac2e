"""Leases: what one process does at a time for all that share a registry. One that died gives its lease up in time.

A lease only spares doing something twice. Nothing is wrong when two do: what they write is decided in transactions.
"""

from __future__ import annotations

__all__ = ["Leased", "Lost", "leased"]

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from boxship.server.database import Database, Transaction
from boxship.server.finishing import finished

_DURATION = 300.0  # seconds that a holder has from one sign of life to the next
_ATTEMPTS = 2  # at giving one up

Renew = Callable[[], Awaitable[None]]


class Leased(Exception):
    """Somebody else has the lease."""


class Lost(Leased):
    """And had it not when the work began, which is left half way: its holder gave no sign of life for too long."""


@asynccontextmanager
async def leased(database: Database, name: str, *, clock: Callable[[], float]) -> AsyncIterator[Renew]:
    """Hold the lease, or raise `Leased`; what is yielded prolongs it, or raises `Lost`."""
    holder = str(uuid.uuid4())

    async def take() -> bool:
        now = clock()
        return await database.write(lambda connection: _take(connection, name, holder, now), durable=False)

    async def renew() -> None:
        if not await take():
            raise Lost(name)

    try:
        taken = await take()
    except asyncio.CancelledError:
        await finished(_give_up(database, name, holder))  # it may have been written
        raise
    if not taken:
        raise Leased(name)
    try:
        yield renew
    finally:
        await finished(_give_up(database, name, holder))


async def _give_up(database: Database, name: str, holder: str) -> None:
    """Let others have the lease. A disk that fails once may not keep it from them until it ends by itself."""
    for attempt in range(_ATTEMPTS):
        try:
            await database.write(lambda connection: connection.execute(_GIVE_UP, (name, holder)), durable=False)
        except (OSError, sqlite3.Error):
            if attempt + 1 == _ATTEMPTS:
                raise
        else:
            return


def _take(connection: Transaction, name: str, holder: str, now: float) -> bool:
    return connection.execute(_TAKE, (name, holder, now + _DURATION, now)).rowcount > 0


# A clock that was set back does not make a lease last: none was ever taken for longer than its duration.
_TAKE = """
INSERT INTO lease (name, holder, until) VALUES (?1, ?2, ?3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until <= ?4 OR lease.until > ?3
"""
_GIVE_UP = "DELETE FROM lease WHERE name = ? AND holder = ?"
