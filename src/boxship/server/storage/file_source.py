"""Files as they are sent: opened, and read some blocks at a time, in a worker thread.

What is small is read with the visit that opens it: to change threads costs more than to read it.
"""

from __future__ import annotations

__all__ = ["FileSource"]

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from boxship.server.storage import Hash
from boxship.server.storage.soundness import FileIdentity, identify_open

_BLOCK = 256 * 1024
_AT_ONCE = 4  # blocks
_SMALL = 64 * 1024  # bytes


class FileSource:
    """A file, as `storage.Source` promises; `opening` finds one that may have moved."""

    def __init__(self, path: Path, opening: Callable[[], BinaryIO] | None = None) -> None:
        self._path = path
        self._opening = opening

    async def open(self, start: int, stop: int) -> OpenFile | ReadFile:
        """The file, at `start`; what is small, read as far as it goes."""
        # What may still grow has not all of it yet.
        if self._opening or stop - start > _SMALL:
            return OpenFile(await asyncio.to_thread(self._open, start))
        return await asyncio.to_thread(self._read, start, stop)

    def _read(self, start: int, stop: int) -> ReadFile:
        with self._open(start) as file:
            pieces = iter(lambda: file.read(stop - file.tell()), b"")  # some file systems give less than was asked for
            return ReadFile(b"".join(pieces), identify_open(file.fileno()))

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


class ReadFile:
    """A small part of a file, which nobody has open any more, as `storage.Opened` promises."""

    def __init__(self, content: bytes, identity: FileIdentity) -> None:
        self._left = content
        self._identity = identity

    async def take(self, most: int, value: Hash | None) -> list[bytes]:
        """What is left, at most so many bytes, which are taken into the value; none where there are no more."""
        taken, self._left = self._left[:most], self._left[most:]
        if value:
            value.update(taken)
        return [taken] if taken else []

    async def identify(self) -> FileIdentity:
        """Which file it is of."""
        return self._identity

    async def close(self) -> None:
        """Do nothing."""


def _take(file: BinaryIO, rest: int, value: Hash | None) -> list[bytes]:
    """The next blocks of what is left: several for one visit of a thread, which costs as much as reading one."""
    blocks: list[bytes] = []
    while rest and len(blocks) < _AT_ONCE and (block := file.read(min(rest, _BLOCK))):
        if value:
            value.update(block)
        blocks.append(block)
        rest -= len(block)
    return blocks
