"""A blob on its way here: a file that grows, which any number of clients read behind the one who writes.

Its end is told when all of it is right, so nobody ever gets the whole of a wrong one.
"""

from __future__ import annotations

__all__ = ["Arrival", "no_room", "write"]

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from boxship.errors import SizeMismatch
from boxship.server.answer import Refusal
from boxship.server.proxy.elsewhere import Seen
from boxship.server.proxy.upstream import Stream
from boxship.server.room import Room
from boxship.server.storage.claim import FileClaim

_LOST = "what was on its way did not come"


class Arrival:
    """How far a blob is. Whoever brings it may be in any thread; what is awaited is for that of the event loop.

    Attributes:
        size: how many bytes it will have; None while that is not known, or where the upstream does not say.
        there: how many of them may be read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.size: int | None = None
        self.there = 0
        self._paths: tuple[Path, ...] = ()
        self._error: BaseException | None = None
        self._ended = False
        self._news = asyncio.Event()

    def begin(self, size: int | None, *paths: Path) -> None:
        """Note that it has begun to come, to the first of these paths that is there."""
        self._loop.call_soon_threadsafe(self._begun, size, paths)

    def advance(self, there: int) -> None:
        """Note that so many bytes may be read."""
        self._loop.call_soon_threadsafe(self._advanced, there)

    def end(self, error: BaseException | None = None) -> None:
        """Note that it is kept from now on, or why it is not."""
        self._loop.call_soon_threadsafe(self._end, error)

    def see(self, seen: Seen | None, kept: Path) -> None:
        """Note how far another process is with it, in the thread of the event loop; refuses what that gave up."""
        if not seen:
            return
        if not self._paths:
            self._begun(seen.size, (seen.path, kept))
        elif self._paths[0] != seen.path:
            self.check_own()
        self.there = max(self.there, seen.there)
        self._tell()

    def check_own(self) -> None:
        """Refuse to go on with what another process began and gave up: who reads has the beginning of that."""
        if self._paths:
            raise Refusal(503, "UNKNOWN", "the process that brought the blob gave it up", headers={"retry-after": "1"})

    def _begun(self, size: int | None, paths: tuple[Path, ...]) -> None:
        self.size, self._paths = size, paths
        self._tell()

    def _advanced(self, there: int) -> None:
        self.there = there
        self._tell()

    def _end(self, error: BaseException | None) -> None:
        self._error, self._ended = error, True
        if not error and self.size is not None:  # another process may have brought it
            self.there = self.size
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def begun(self) -> bool:
        """Whether it can be read as it comes; False where it has come. Raises what kept it from coming."""
        while not (self._ended or self._paths):
            await self._news.wait()
        if self._error and not self.there:
            raise self._error.with_traceback(None)
        return not self._ended

    async def whole(self) -> None:
        """Return when it is kept; raises what kept it from that."""
        while not self._ended:
            await self._news.wait()
        if self._error:
            raise self._error.with_traceback(None)

    async def beyond(self, place: int) -> int:
        """How many bytes may be read, when that is more than `place`; raises where no more will come."""
        while self.there <= place:
            if self._ended:
                raise EOFError(_LOST) from self._error
            await self._news.wait()
        return self.there

    def open(self) -> BinaryIO:
        """The file, wherever it is by now. In any thread; raises `EOFError` where no more will come."""
        for path in self._paths:
            with suppress(FileNotFoundError):
                return path.open("rb", buffering=0)
        # It was given up between the word that it comes and this.
        raise EOFError(_LOST) from self._error


def write(stream: Stream, claim: FileClaim, *, most: int, room: Room, advance: Callable[[int], None]) -> int:
    """Write a blob to its file as it comes; return its size. Blocks.

    `advance` is called with how many bytes anybody may read: what came last is left out of that until all has come,
    which a stream verifies before its last piece. Raises `SizeMismatch` for one of more than `most` bytes, and refuses
    one for which there is no `room` any more.
    """
    size = 0
    for piece in stream:
        advance(size)
        if size + len(piece) > most:
            raise SizeMismatch("a blob on its way", expected=most, actual=size + len(piece))
        if not room.take(len(piece)):
            raise no_room()
        claim.write(size, piece)
        size += len(piece)
    advance(size)
    return size


def no_room() -> Refusal:
    """The answer where the reserve would not be left."""
    return Refusal(507, "UNKNOWN", "the cache's disk is full")
