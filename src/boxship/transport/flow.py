"""Whether a stream flows: how long it has been silent, and whether it is too slow to be waited for.

What counts is the time that was spent waiting: a reader that is slow itself blames nobody.
"""

from __future__ import annotations

__all__ = ["LEAST_RATE", "Flow", "Stalled"]

from boxship.errors import TimedOut

LEAST_RATE = 1024  # bytes a second; less is a trickle


class Stalled(TimedOut):
    """A stream does not flow, and its connection is still there: it may be waited for again."""

    awaited: int = 1
    """How many bytes will show that it flows again."""


class Flow:
    """A stream's waits, and what they brought. `slow`: seconds over which it must bring `LEAST_RATE`, where it must."""

    def __init__(self, silence: float, slow: float | None = None) -> None:
        self.silence, self.slow = silence, slow
        self._quiet = 0.0
        self._waited = 0.0
        self._brought = 0

    @property
    def left(self) -> float:
        """Seconds for which its next byte is to be waited for."""
        quiet = self.silence - self._quiet
        return quiet if self.slow is None else min(quiet, self.slow - self._waited)

    @property
    def silent(self) -> bool:
        """Whether no byte has come for too long."""
        return self._quiet >= self.silence

    @property
    def trickles(self) -> bool:
        """Whether too few bytes have come in too long a time."""
        return self.slow is not None and self._waited >= self.slow

    def came(self, count: int) -> None:
        """So many bytes have come."""
        self._quiet = 0.0
        self._brought += count

    def waited(self, seconds: float) -> None:
        """So long has been waited."""
        self._quiet += seconds
        self._waited += seconds
        if self.slow is not None and self._waited >= self.slow and self._brought >= self.slow * LEAST_RATE:
            self._waited, self._brought = 0.0, 0
