"""A connection of psycopg's that waits for no answer for ever.

PostgreSQL bounds its statements itself, but not what a commit waits for (a synchronous standby that is away), and
nothing while it hangs with its disk or is stopped: the system at the other end goes on to say that somebody is there.
"""

from __future__ import annotations

__all__ = ["Impatient", "Late"]

import time
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.rows import TupleRow

if TYPE_CHECKING:
    from psycopg.abc import PQGen

Result = TypeVar("Result")
_INTERVAL = 0.1  # seconds between two looks at the clock


class Late(psycopg.OperationalError):
    """No answer has come, and the connection is closed. PostgreSQL may do yet what it was asked for."""


class Impatient(psycopg.Connection[TupleRow]):
    """Raises `Late` where an answer does not come.

    Attributes:
        patience: seconds that an answer may take.
    """

    patience = 60.0

    def wait(self, gen: PQGen[Result], interval: float = _INTERVAL, timeout: float | None = None) -> Result:
        """What `gen` returns, which waits for the server: psycopg lets every answer come through here."""
        del timeout  # a later psycopg's, which gives none
        return super().wait(self._bounded(gen), interval)

    def _bounded(self, gen: PQGen[Result]) -> PQGen[Result]:
        late = time.monotonic() + self.patience
        try:
            waits_for = next(gen)
            while True:
                ready = yield waits_for
                if not ready and time.monotonic() > late:
                    self.close()
                    raise Late(f"no answer in {self.patience:.0f} s")
                waits_for = gen.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result
