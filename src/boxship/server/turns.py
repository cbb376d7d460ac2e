"""Turns: work that is done once at a time for each key, and by few at a time in all."""

from __future__ import annotations

__all__ = ["Turns"]

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Lets `most` work at a time, and for each key one."""

    def __init__(self, most: int) -> None:
        self._turns = asyncio.Semaphore(most)
        # Those that nobody has or waits for are gone by themselves.
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def about(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a turn at `key`, and have it."""
        async with self._locks.setdefault(key, asyncio.Lock()), self._turns:
            yield
