"""How long a host is dialled again: one that has answered before with patience, another one once. Pure."""

from __future__ import annotations

__all__ = ["PATIENCE", "Patience", "may_be_repeated"]

from collections.abc import Sequence

from boxship.connect.attempt import Attempt
from boxship.connect.evidence import Evidence

PATIENCE = "patience"  # as the phase of an operation
FIRST_PAUSE = 0.3
LONGEST_PAUSE = 5.0
LEAST_DIAL = 1.0  # seconds, for the dial that begins when the patience ends

# A dial that timed out is not repeated: its bound was the wait.
_AT_ONCE = frozenset({Evidence.REFUSED, Evidence.UNREACHABLE})


class Patience:
    """With a host that has answered before: from the first of the dials on, each of which takes its part of it."""

    def __init__(self, seconds: float, now: float) -> None:
        self._until, self._pause = now + seconds, FIRST_PAUSE

    def pause(self, now: float) -> float | None:
        """Seconds to wait before the next dial, longer each time; None where the patience is over."""
        left = self._until - now
        if left <= 0:
            return None
        pause, self._pause = min(self._pause, left), min(2 * self._pause, LONGEST_PAUSE)
        return pause

    def dial(self, now: float) -> float:
        """Seconds that a further dial may take: what is left, so that many addresses do not outlast it."""
        return max(self._until - now, LEAST_DIAL)


def may_be_repeated(attempts: Sequence[Attempt]) -> bool:
    """Whether a host that has never answered is dialled once more: everything there failed at once."""
    return bool(attempts) and all(attempt.evidence in _AT_ONCE for attempt in attempts)
