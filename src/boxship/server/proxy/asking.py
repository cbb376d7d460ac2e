"""Questions to upstreams: each in a thread of a pool of their own, and none to one that was away a moment ago.

Each upstream has its own threads, and what brings blobs has others than what asks about them: one that answers slowly
keeps nobody from the rest.
"""

from __future__ import annotations

__all__ = ["Asking"]

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

from boxship.errors import Unreachable
from boxship.server.proxy.places import Place
from boxship.server.proxy.upstream import Source, Upstream

Result = TypeVar("Result")

_AWAY = 10.0  # seconds that one which could not be reached is not asked
_AT_A_TIME = 64  # questions to one upstream, and as many blobs on their way from it

_log = logging.getLogger(__name__)


class Asking:
    """The upstreams, open. The registry's own threads, which read files, never wait for them."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._lines = {source.name: _Line(source) for source in sources}

    async def ask(self, place: Place, question: Callable[[Upstream], Result]) -> Result:
        """What the upstream of that place answers; `BoxshipError`, at once where it was `Unreachable` a moment ago."""
        line = self._lines[place.source.name]
        return await line.ask(question, line.questions)

    async def bring(self, place: Place, fetch: Callable[[Upstream], Result]) -> Result:
        """The same for what may take long: a blob."""
        line = self._lines[place.source.name]
        return await line.ask(fetch, line.blobs)

    def close(self) -> None:
        """End what is in progress. Blocks."""
        for line in self._lines.values():
            line.upstream.close()
        for line in self._lines.values():
            line.questions.shutdown()
            line.blobs.shutdown()


class _Line:
    """One upstream, and those who wait for it."""

    def __init__(self, source: Source) -> None:
        self.upstream = source.open()
        self.questions = ThreadPoolExecutor(_AT_A_TIME, "boxship-upstream")
        self.blobs = ThreadPoolExecutor(_AT_A_TIME, "boxship-blobs")
        self._registry = source.registry
        self._away: tuple[float, Unreachable] | None = None

    async def ask(self, question: Callable[[Upstream], Result], threads: Executor) -> Result:
        if self._away and time.monotonic() < self._away[0]:
            raise self._away[1].with_traceback(None)  # of many who are told, none adds to it
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, question, self.upstream)
        except Unreachable as unreachable:
            self._away = (time.monotonic() + _AWAY, unreachable)
            _log.warning("%s cannot be reached: %s", self._registry, unreachable)
            raise
