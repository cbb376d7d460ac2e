"""How long a host is dialled again: one that has answered before with patience, another one once. Pure."""

from __future__ import annotations

__all__ = ["may_be_repeated", "pauses"]

from collections.abc import Iterator, Sequence

from boxship.connect.attempt import Attempt
from boxship.connect.evidence import Evidence

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 5.0

# A dial that timed out is not repeated: its bound was the wait.
_AT_ONCE = frozenset({Evidence.REFUSED, Evidence.UNREACHABLE})


def pauses(patience: float) -> Iterator[float]:
    """Seconds to wait before each further attempt at a host that has answered before, `patience` in all."""
    pause, left = FIRST_PAUSE, patience
    while left > 0:
        yield min(pause, left)
        left -= pause
        pause = min(2 * pause, LONGEST_PAUSE)


def may_be_repeated(attempts: Sequence[Attempt]) -> bool:
    """Whether a host that has never answered is dialled once more: everything there failed at once."""
    return bool(attempts) and all(attempt.evidence in _AT_ONCE for attempt in attempts)
