"""Questions to upstreams: each in a thread of a pool of their own, and none to one that was away a moment ago."""

from __future__ import annotations

__all__ = ["Asking"]

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from boxship.errors import Unreachable
from boxship.server.proxy.places import Place
from boxship.server.proxy.upstream import Source, Upstream

Result = TypeVar("Result")

_AWAY = 10.0  # seconds that one which could not be reached is not asked
_AT_A_TIME = 64  # questions, each of which may be a blob on its way

_log = logging.getLogger(__name__)


class Asking:
    """The upstreams, open. The registry's own threads, which read files, never wait for them."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._upstreams = {source.name: source.open() for source in sources}
        self._pool = ThreadPoolExecutor(_AT_A_TIME, "boxship-upstream")
        self._away: dict[str, tuple[float, Unreachable]] = {}

    async def ask(self, place: Place, question: Callable[[Upstream], Result]) -> Result:
        """What the upstream of that place answers; `BoxshipError`, at once where it was `Unreachable` a moment ago."""
        name = place.source.name
        until, error = self._away.get(name, (0.0, None))
        if error and time.monotonic() < until:
            raise error.with_traceback(None)  # of many who are told, none adds to it
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, question, self._upstreams[name])
        except Unreachable as unreachable:
            self._away[name] = (time.monotonic() + _AWAY, unreachable)
            _log.warning("%s cannot be reached: %s", place.source.registry, unreachable)
            raise

    def close(self) -> None:
        """End what is in progress. Blocks."""
        for upstream in self._upstreams.values():
            upstream.close()
        self._pool.shutdown()
