"""Request bodies: read piece by piece, with a bound on size, silence and slowness.

A body that breaks off ends the iteration like one that is whole, since what arrived of an upload is kept;
`ending` then tells which of the two it was.
"""

from __future__ import annotations

__all__ = ["Body", "Ending"]

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Self

from boxship.server.answer import Refusal
from boxship.server.asgi import Receive

_SILENCE = 30.0  # seconds without a byte
_PATIENCE = 60.0  # seconds before slowness counts
_SLOWEST = 1024  # bytes a second, on average, after that


class Ending(StrEnum):
    """How a body ended."""

    WHOLE = "whole"
    DISCONNECTED = "disconnected"
    STALLED = "stalled"
    TOO_LARGE = "too large"


class Body:
    """The body of one request.

    Attributes:
        length: how many bytes the request announced, None for a chunked body.
        received: how many bytes have come.
        ending: how it ended, once it has.
    """

    def __init__(self, receive: Receive, length: int | None, *, silence: float = _SILENCE) -> None:
        self._receive = receive
        self._silence = silence
        self.length = length
        self.received = 0
        self.ending = Ending.WHOLE

    @classmethod
    def of(cls, headers: Sequence[tuple[bytes, bytes]], receive: Receive) -> Self:
        """The body that comes after `headers`, if they agree on where it ends."""
        lengths = [value for name, value in headers if name == b"content-length"]
        chunked = any(name == b"transfer-encoding" for name, _ in headers)
        # RFC 9112, 6.3: two framings are an attempt to smuggle a request past somebody.
        if len(lengths) + chunked > 1 or not all(length.isdigit() for length in lengths):
            raise Refusal(400, "SIZE_INVALID", "the body has no single length", headers={"connection": "close"})
        return cls(receive, int(lengths[0]) if lengths else None)

    async def pieces(self, limit: int) -> AsyncIterator[bytes]:
        """The pieces as they arrive; the one that passes `limit` bytes in all is left out, and ends it."""
        started = time.monotonic()
        more = self.length != 0
        while more and self.ending is Ending.WHOLE:
            piece, more = await self._next(limit)
            self.received += len(piece)
            if piece:
                yield piece
            if too_slow(self.received, time.monotonic() - started):
                self.ending = Ending.STALLED
        if self.ending is Ending.WHOLE and self.length not in (None, self.received):
            # Not every server tells of a body that breaks off; the announced length does.
            self.ending = Ending.DISCONNECTED

    async def _next(self, limit: int) -> tuple[bytes, bool]:
        """A piece, and whether more may follow."""
        if (self.length or 0) > limit:
            self.ending = Ending.TOO_LARGE
            return b"", False
        try:
            async with asyncio.timeout(self._silence):
                message = await self._receive()
        except TimeoutError:
            self.ending = Ending.STALLED
            return b"", False
        if message["type"] != "http.request":
            self.ending = Ending.DISCONNECTED
            return b"", False
        piece: bytes = message.get("body", b"")
        if self.received + len(piece) > limit:
            self.ending = Ending.TOO_LARGE
            return b"", False
        return piece, message.get("more_body", False)

    async def batches(self, limit: int, size: int) -> AsyncIterator[bytes]:
        """The same bytes joined to batches of at least `size`, but for the last."""
        waiting: list[bytes] = []
        held = 0
        async for piece in self.pieces(limit):
            waiting.append(piece)
            held += len(piece)
            if held >= size:
                yield b"".join(waiting)
                waiting.clear()
                held = 0
        if waiting:
            yield b"".join(waiting)

    def check(self, code: str) -> None:
        """Refuse a body that did not end whole, with `code` for one that is too large."""
        if self.ending is not Ending.WHOLE:
            status, failure = _REFUSALS[self.ending]
            raise Refusal(status, failure or code, f"the body is {self.ending}", headers={"connection": "close"})


_REFUSALS: dict[Ending, tuple[int, str]] = {
    # Nobody is left to read this one; it keeps the access log honest.
    Ending.DISCONNECTED: (400, "SIZE_INVALID"),
    Ending.STALLED: (408, "BLOB_UPLOAD_INVALID"),
    Ending.TOO_LARGE: (413, ""),
}


def too_slow(received: int, seconds: float) -> bool:
    """Whether a sender that took this long for this much only holds the connection."""
    return seconds > _PATIENCE and received < _SLOWEST * seconds
