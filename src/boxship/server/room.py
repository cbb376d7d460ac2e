"""Room on the registry's disk: when less than the reserve would be left, nothing is taken until there is more.

A database that cannot write serves nobody, so the last bytes are not content's. Deleting is always possible.
"""

from __future__ import annotations

__all__ = ["Room"]

import asyncio
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

_FRESH = 1.0  # seconds that a look at the disk counts
_FULL = 5.0  # seconds to believe a disk that said it was full: quotas (EDQUOT) do not show in what it reports
_RESERVE = 1024**3
_SHARE = 50  # a small disk keeps a fiftieth free

Look = Callable[[Path], tuple[int, int]]  # a folder's disk: bytes in all, and bytes that are free


def _look_at(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free


class Room:
    """What is left on the disk of `folder` beyond `reserve` bytes; None: 1 GiB, or a fiftieth of a smaller disk.

    Blocks when it is made.
    """

    def __init__(
        self,
        folder: Path,
        reserve: int | None = None,
        *,
        takes_content: bool = True,
        look: Look = _look_at,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._reserve = reserve
        self._takes_content = takes_content  # where it goes elsewhere, only names need room here
        self._look = look
        self._clock = clock
        self._full_until = -math.inf
        self._left = self._measure()
        self._measured = clock()

    def limit(self, reserve: int | None) -> None:
        """Leave so many bytes free from now on."""
        self._reserve, self._measured = reserve, -math.inf

    async def is_left(self, needed: int = 0) -> bool:
        """Whether there is room for `needed` bytes more of content, or for what a database needs."""
        now = self._clock()
        if now - self._measured >= _FRESH:
            # Noted first: requests at once look once.
            self._measured = now
            self._left = await asyncio.to_thread(self._measure)
        return now >= self._full_until and self._left >= (needed if self._takes_content else 0)

    def take(self, size: int, *, besides: int = 0) -> bool:
        """Whether there is room for `size` bytes that are written now, and others that are awaited. In any thread."""
        now = self._clock()
        if now - self._measured >= _FRESH:
            self._measured, self._left = now, self._measure()
        if now < self._full_until or self._left < size + besides:
            return False
        self._left -= size  # until the next look, which sees them
        return True

    def ran_out(self) -> None:
        """Note that the disk said it was full, whatever it reports."""
        self._full_until = self._clock() + _FULL

    def _measure(self) -> int:
        total, free = self._look(self._folder)
        reserve = min(_RESERVE, total // _SHARE) if self._reserve is None else self._reserve
        return free - reserve
