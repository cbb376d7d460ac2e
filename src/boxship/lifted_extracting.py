"""The verbs of `AsyncClient` that take the file system out of an image: those of `verbs/extracting`, lifted."""

from __future__ import annotations

__all__ = ["AsyncExtracting"]

import os
from collections.abc import Iterable

from boxship.formats.ends import Where
from boxship.image.bounds import Bounds
from boxship.image.flattened import Output
from boxship.image.unpacked import Unpacked
from boxship.lift import Lift
from boxship.platform import Platform
from boxship.verbs.extracting import Extracting
from boxship.verbs.files import Files


class AsyncExtracting:
    """`Extracting` for asyncio: a cancelled task ends what it has under way."""

    _client: Extracting
    _lift: Lift

    async def export(
        self,
        source: Where,
        target: str | os.PathLike[str] | Output,
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """See `Client.export`; a `target` that is open is written from a thread."""
        await self._lift(lambda: self._client.export(source, target, platform=platform, bounds=bounds))

    async def unpack(
        self,
        source: Where,
        folder: str | os.PathLike[str],
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
        devices: bool = False,
    ) -> Unpacked:
        """See `Client.unpack`."""
        return await self._lift(
            lambda: self._client.unpack(source, folder, platform=platform, bounds=bounds, devices=devices)
        )

    async def list_files(
        self,
        source: Where,
        path: str = "/",
        *,
        recursive: bool = False,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> Files:
        """See `Client.list_files`."""
        return await self._lift(
            lambda: self._client.list_files(source, path, recursive=recursive, platform=platform, bounds=bounds)
        )

    async def read_files(
        self,
        source: Where,
        paths: str | Iterable[str],
        target: str | os.PathLike[str] | Output,
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> Files:
        """See `Client.read_files`; a `target` that is open is written from a thread."""
        return await self._lift(
            lambda: self._client.read_files(source, paths, target, platform=platform, bounds=bounds)
        )

    async def get_files(
        self,
        source: Where,
        path: str,
        target: str | os.PathLike[str],
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> Files:
        """See `Client.get_files`."""
        return await self._lift(lambda: self._client.get_files(source, path, target, platform=platform, bounds=bounds))
