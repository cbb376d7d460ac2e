"""Turns: work that is done once at a time for each key, and where that is said by few at a time in all."""

from __future__ import annotations

__all__ = ["Turns"]

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from weakref import WeakValueDictionary


class Turns:
    """Lets one work at a time for each key, and `most` in all; None is any number."""

    def __init__(self, most: int | None = None) -> None:
        self._turns: AbstractAsyncContextManager[object] = nullcontext() if most is None else asyncio.Semaphore(most)
        # Those that nobody has or waits for are gone by themselves.
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def about(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a turn at `key`, and have it."""
        async with self._locks.setdefault(key, asyncio.Lock()), self._turns:
            yield
