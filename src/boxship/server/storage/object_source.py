"""Objects as they are sent: asked for block by block, the next one on its way while one is sent."""

from __future__ import annotations

__all__ = ["ObjectSource"]

from collections.abc import AsyncGenerator

from boxship.server.finishing import in_thread
from boxship.server.storage import Hash, StorageUnavailable
from boxship.server.storage.bucket import Bucket
from boxship.server.storage.soundness import FileIdentity


class ObjectSource:
    """An object, as `storage.Source` promises."""

    def __init__(self, bucket: Bucket, location: str) -> None:
        self._bucket = bucket
        self._location = location

    async def open(self, start: int, stop: int) -> OpenObject:
        """The bytes from `start` to before `stop`, the first of which are there: a store that fails is told in time."""
        blocks = self._bucket.blocks(self._location, start, stop)
        return OpenObject(self._bucket, self._location, blocks, await anext(blocks, b""))


class OpenObject:
    """An object that is being sent, as `storage.Opened` promises."""

    def __init__(self, bucket: Bucket, location: str, blocks: AsyncGenerator[bytes], first: bytes) -> None:
        self._bucket = bucket
        self._location = location
        self._blocks = blocks
        self._next = first

    async def take(self, most: int, value: Hash | None) -> list[bytes]:
        """The next block, which is taken into the value; none where there are no more."""
        del most  # no more was asked for than is to be sent
        block = self._next or await anext(self._blocks, b"")
        self._next = b""
        if block and value:
            await in_thread(value.update, block)
        return [block] if block else []

    async def identify(self) -> FileIdentity:
        """Which object it is."""
        found = await self._bucket.look(self._location)
        if not found:
            raise StorageUnavailable(self._location)
        return FileIdentity(0, found.size, found.modified)

    async def close(self) -> None:
        """Ask for no more."""
        await self._blocks.aclose()
