"""Which refusals have a line of their own in the audit log: some of each client and minute; the others are counted.

Whoever is refused decides how often that is, and a disk that they fill is everybody's.
"""

from __future__ import annotations

__all__ = ["Refusals"]

import math
from collections import Counter
from collections.abc import Callable

_SECONDS = 60.0
_MOST = 60  # of a client: each a second, a client that is set up wrongly shows with every try
_MOST_CLIENTS = 1000  # whoever has a network has many addresses


class Refusals:
    """Counts them, by the seconds of `clock`.

    Attributes:
        left_out: how many had no line since the last one that had.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = -math.inf
        self._told: Counter[str] = Counter()
        self.left_out = 0

    def take(self, client: str) -> int | None:
        """How many were left out before this one of the client's; None where this one is, too."""
        now = self._clock()
        if not 0 <= now - self._began < _SECONDS:
            self._began = now
            self._told.clear()
        if self._told[client] >= _MOST or len(self._told) > _MOST_CLIENTS:
            self.left_out += 1
            return None
        self._told[client] += 1
        before, self.left_out = self.left_out, 0
        return before
