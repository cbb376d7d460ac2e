"""Which state of a database it is, asked once for all who want to know at the same time.

Whoever asks is told of a moment after that: a question that is under way already may be of one before. So those who
come meanwhile share the next one, and however many there are, two at most are open.
"""

from __future__ import annotations

__all__ = ["Snapshots"]

import asyncio
from collections.abc import Awaitable, Callable


class Snapshots:
    """Asks with `ask`, which is not called twice at a time."""

    def __init__(self, ask: Callable[[], Awaitable[object]]) -> None:
        self._ask = ask
        self._open: asyncio.Task[object] | None = None
        self._next: asyncio.Task[object] | None = None

    async def now(self) -> object:
        """What `ask` returns, or raises, when called after this."""
        if not self._next:
            self._next = asyncio.create_task(self._ask_after(self._open))
        # Others wait for it, too.
        return await asyncio.shield(self._next)

    async def _ask_after(self, earlier: asyncio.Task[object] | None) -> object:
        if earlier and not earlier.done():
            await asyncio.wait((earlier,))
        self._open, self._next = self._next, None
        return await self._ask()
