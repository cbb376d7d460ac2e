"""The verbs of `AsyncClient` that say what is in images: those of `verbs/reading`, lifted."""

from __future__ import annotations

__all__ = ["AsyncReading"]

from collections.abc import Iterable

from boxship.formats.ends import Where
from boxship.image.bounds import Bounds
from boxship.image.difference import Difference
from boxship.image.history import History
from boxship.image.inspection import Inspected
from boxship.image.waste import Stacked
from boxship.lift import Lift
from boxship.platform import Platform
from boxship.verbs.moving import JOBS
from boxship.verbs.reading import Reading


class AsyncReading:
    """`Reading` for asyncio: a cancelled task ends what it has under way."""

    _client: Reading
    _lift: Lift

    async def inspect(
        self, source: Where, *, platforms: Iterable[Platform | str] | None = None, jobs: int = JOBS
    ) -> Inspected:
        """See `Client.inspect`."""
        return await self._lift(lambda: self._client.inspect(source, platforms=platforms, jobs=jobs))

    async def raw(self, source: Where, *, platforms: Iterable[Platform | str] | None = None) -> bytes:
        """See `Client.raw`."""
        return await self._lift(lambda: self._client.raw(source, platforms=platforms))

    async def raw_config(self, source: Where, *, platform: Platform | str | None = None) -> bytes:
        """See `Client.raw_config`."""
        return await self._lift(lambda: self._client.raw_config(source, platform=platform))

    async def history(self, source: Where, *, platform: Platform | str | None = None) -> History:
        """See `Client.history`."""
        return await self._lift(lambda: self._client.history(source, platform=platform))

    async def tree(
        self, source: Where, *, platform: Platform | str | None = None, bounds: Bounds | None = None
    ) -> Stacked:
        """See `Client.tree`."""
        return await self._lift(lambda: self._client.tree(source, platform=platform, bounds=bounds))

    async def diff(
        self,
        before: Where,
        after: Where,
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
        times: bool = False,
    ) -> Difference:
        """See `Client.diff`."""
        return await self._lift(lambda: self._client.diff(before, after, platform=platform, bounds=bounds, times=times))
