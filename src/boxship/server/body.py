"""Request bodies: read piece by piece, with a bound on size, silence and slowness.

A body that breaks off ends the iteration like one that is whole, since what arrived of an upload is kept;
`ending` then tells which of the two it was.
"""

from __future__ import annotations

__all__ = ["Body", "Ending", "HasRoom", "Patience", "length_of"]

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Self

from boxship.server.answer import Refusal
from boxship.server.asgi import Message, Receive
from boxship.value import dataclass

_MOST_DIGITS = 19  # of a length: more is past 2**63, and nobody's body

_GONE: Message = {"type": "http.disconnect"}

HasRoom = Callable[[int], Awaitable[bool]]


class Ending(StrEnum):
    """How a body ended."""

    WHOLE = "whole"
    DISCONNECTED = "disconnected"
    STALLED = "stalled"
    TOO_LARGE = "too large"
    NO_ROOM = "no room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How slow a body may come, and an answer be taken.

    Attributes:
        silence: seconds without a byte; of an answer, seconds in which too few are taken.
        grace: seconds before slowness of a body counts; then, `slowest` bytes a second, on average.
        slowest: of an answer, so many a second in each `silence`.
    """

    silence: float = 30.0
    grace: float = 60.0
    slowest: int = 1024

    def is_over(self, received: int, seconds: float) -> bool:
        """Whether a sender that took this long for this much only holds the connection."""
        return seconds > self.grace and not self.is_enough(received, seconds)

    def is_enough(self, moved: int, seconds: float) -> bool:
        """Whether somebody who moves this much in that time is only slow."""
        return moved >= self.slowest * seconds


_PATIENCE = Patience()


async def _always(_: int) -> bool:
    return True


class Body:
    """The body of one request.

    Attributes:
        length: how many bytes the request announced, None for a chunked body.
        received: how many bytes have come.
        ending: how it ended, once it has.
    """

    def __init__(
        self, receive: Receive, length: int | None, *, patience: Patience = _PATIENCE, has_room: HasRoom = _always
    ) -> None:
        self._receive = receive
        self._patience = patience
        self._has_room = has_room
        self.length = length
        self.received = 0
        self.ending = Ending.WHOLE
        self._given_up = False
        self._reader: asyncio.Task[object] | None = None

    @classmethod
    def of(
        cls,
        headers: Sequence[tuple[bytes, bytes]],
        receive: Receive,
        *,
        patience: Patience = _PATIENCE,
        has_room: HasRoom = _always,
    ) -> Self:
        """The body that comes after `headers`, if they agree on where it ends."""
        return cls(receive, length_of(headers), patience=patience, has_room=has_room)

    def give_up(self) -> None:
        """Read no more of it, as if the client had gone, and let who waits for it know at once."""
        self._given_up = True
        if self._reader:
            self._reader.cancel()

    async def pieces(self, limit: int) -> AsyncIterator[bytes]:
        """The pieces as they arrive; one that passes `limit` bytes in all, or has no room, is left out and ends it."""
        started = time.monotonic()
        more = self.length != 0
        while more and self.ending is Ending.WHOLE:
            piece, more = await self._next(limit)
            self.received += len(piece)
            if piece:
                yield piece
            if more and self._patience.is_over(self.received, time.monotonic() - started):
                self.ending = Ending.STALLED
        if self.ending is Ending.WHOLE and self.length not in (None, self.received):
            # Not every server tells of a body that breaks off; the announced length does.
            self.ending = Ending.DISCONNECTED

    async def _next(self, limit: int) -> tuple[bytes, bool]:
        """A piece, and whether more may follow."""
        if (self.length or 0) > limit:
            return self._end(Ending.TOO_LARGE)
        try:
            async with asyncio.timeout(self._patience.silence):
                message = await self._message()
        except TimeoutError:
            return self._end(Ending.STALLED)
        if message["type"] != "http.request":
            return self._end(Ending.DISCONNECTED)
        piece: bytes = message.get("body", b"")
        if self.received + len(piece) > limit:
            return self._end(Ending.TOO_LARGE)
        if not await self._has_room(len(piece)):
            return self._end(Ending.NO_ROOM)
        return piece, message.get("more_body", False)

    async def _message(self) -> Message:
        if self._given_up:
            return _GONE
        self._reader = asyncio.current_task()
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not (self._given_up and self._reader):
                raise
            self._reader.uncancel()
            return _GONE
        finally:
            self._reader = None

    def _end(self, ending: Ending) -> tuple[bytes, bool]:
        self.ending = ending
        return b"", False

    async def batches(self, limit: int, size: int) -> AsyncIterator[list[bytes]]:
        """The same pieces, several at a time: at least `size` bytes, but for the last. The lists are the caller's."""
        waiting: list[bytes] = []
        held = 0
        async for piece in self.pieces(limit):
            waiting.append(piece)
            held += len(piece)
            if held >= size:
                yield waiting
                waiting, held = [], 0
        if waiting:
            yield waiting

    def check(self, code: str) -> None:
        """Refuse a body that did not end whole, with `code` for one that is too large."""
        if self.ending is not Ending.WHOLE:
            status, failure, message = _REFUSALS[self.ending]
            raise Refusal(status, failure or code, message, headers={"connection": "close"})


_REFUSALS: dict[Ending, tuple[int, str, str]] = {
    # Nobody is left to read this one; it keeps the access log honest.
    Ending.DISCONNECTED: (400, "SIZE_INVALID", "the body broke off"),
    Ending.STALLED: (408, "BLOB_UPLOAD_INVALID", "the body came too slowly"),
    Ending.TOO_LARGE: (413, "", "the body is too large"),
    Ending.NO_ROOM: (507, "UNKNOWN", "the registry's disk is full"),
}


def length_of(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """The length that the headers announce, None for a body whose end shows when it comes."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    # RFC 9112, 6.3: two framings are an attempt to smuggle a request past somebody.
    if len(lengths) + len(codings) > 1 or not all(map(_is_length, lengths)):
        raise Refusal(400, "SIZE_INVALID", "the body has no single length", headers={"connection": "close"})
    if any(coding.strip().lower() != b"chunked" for coding in codings):
        # RFC 9112, 6.1; the bytes of content are what its digest names, so they come as they are.
        raise Refusal(501, "UNSUPPORTED", "no transfer coding but chunked", headers={"connection": "close"})
    return int(lengths[0]) if lengths else None


def _is_length(value: bytes) -> bool:
    return value.isdigit() and len(value) <= _MOST_DIGITS
