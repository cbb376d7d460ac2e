"""Files as they are sent: opened, and read some blocks at a time, in a worker thread."""

from __future__ import annotations

__all__ = ["FileSource"]

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from boxship.server.soundness import FileIdentity, identify_open
from boxship.server.storage import Hash

_BLOCK = 256 * 1024
_AT_ONCE = 4  # blocks


class FileSource:
    """A file, as `storage.Source` promises; `opening` finds one that may have moved."""

    def __init__(self, path: Path, opening: Callable[[], BinaryIO] | None = None) -> None:
        self._path = path
        self._opening = opening

    async def open(self, start: int, stop: int) -> OpenFile:
        """The file, at `start`."""
        del stop
        return OpenFile(await asyncio.to_thread(self._open, start))

    def _open(self, start: int) -> BinaryIO:
        file = self._opening() if self._opening else self._path.open("rb", buffering=0)
        file.seek(start)
        return file

    def __str__(self) -> str:
        return str(self._path)


class OpenFile:
    """A file that is being sent, as `storage.Opened` promises."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def take(self, most: int, value: Hash | None) -> list[bytes]:
        """The next bytes, at most so many, which are taken into the value; none where there are no more."""
        return await asyncio.to_thread(_take, self._file, most, value)

    async def identify(self) -> FileIdentity:
        """Which file it is."""
        return identify_open(self._file.fileno())

    async def close(self) -> None:
        """Close it."""
        await asyncio.to_thread(self._file.close)


def _take(file: BinaryIO, rest: int, value: Hash | None) -> list[bytes]:
    """The next blocks of what is left: several for one visit of a thread, which costs as much as reading one."""
    blocks: list[bytes] = []
    while rest and len(blocks) < _AT_ONCE and (block := file.read(min(rest, _BLOCK))):
        if value:
            value.update(block)
        blocks.append(block)
        rest -= len(block)
    return blocks
