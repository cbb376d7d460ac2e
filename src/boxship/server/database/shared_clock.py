"""What time it is to registries that have a database in common: its clock decides, whatever theirs say.

How old content is decides whether a sweep takes it, and one writes down when it came what another one sweeps. Where the
clocks are far apart one of them is wrong, and nobody knows which: then nothing is swept at all.
"""

from __future__ import annotations

__all__ = ["SharedClock", "keep_time", "machine", "now_of"]

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from boxship.errors import BoxshipError
from boxship.server.database import Database, Rows, Transaction

_log = logging.getLogger(__name__)

machine = time.time  # this machine's clock
_SAME = 2.0  # seconds, by which nothing is decided
_APART = 30.0  # seconds that no machine is off whose clock is kept by NTP
_AGAIN = 60.0  # seconds from one look at the database's clock to the next


class SharedClock:
    """Seconds since the epoch, by the database's clock as it was last asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ahead = 0.0

    def __call__(self) -> float:
        """The time now. Asks nobody."""
        return machine() + self._ahead

    def set_now(self) -> None:
        """Go by the database's clock. Blocks."""
        self._note(_ahead(self._database.read_now))

    async def set(self) -> None:
        """The same."""
        self._note(await self._database.look(lambda connection: _ahead(connection.execute)))

    async def check(self) -> None:
        """Raise `BoxshipError` where this machine's clock and the database's do not agree."""
        await self.set()
        if abs(self._ahead) > _APART:
            why = f"this machine's clock says {_told(machine())}, and the database's {_told(self())}: one is wrong"
            remedy = "set both by NTP, or sweep from a machine whose clock is right"
            raise BoxshipError("nothing was swept", why=why, remedy=remedy)

    def _note(self, ahead: float) -> None:
        ahead = ahead if abs(ahead) > _SAME else 0.0
        if abs(ahead - self._ahead) > _SAME:
            _log.warning("the database's clock is %+.0f s from this machine's, and is the one that counts", ahead)
        self._ahead = ahead


def now_of(names: Transaction) -> float:
    """The time by the clock of PostgreSQL, which is asked. Blocks."""
    return float(names.execute(_ASK).fetchone()[0])


async def keep_time(clock: SharedClock) -> None:
    """Go by the database's clock until cancelled, also when it, or this machine's, is set."""
    while True:
        await asyncio.sleep(_AGAIN)
        try:
            await clock.set()
        except OSError as error:
            _log.debug("the database's clock cannot be asked just now", exc_info=error)


def _ahead(execute: Callable[[str], Rows]) -> float:
    """How far the database's clock is ahead at least: it was asked between two moments, which may be far apart."""
    before = machine()
    now = float(execute(_ASK).fetchone()[0])
    return now - before if now < before else max(0.0, now - machine())


def _told(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_ASK = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
