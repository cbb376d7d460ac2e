"""What nobody has read of a body when its request's answer is known: read, where it is little.

So the answer arrives. A server that closes a connection on which bytes are still coming resets it (RFC 9112, 9.6). A
proxy that is sending then never sees the answer: it says 502, and takes a registry that only refused something for one
that is broken.
"""

from __future__ import annotations

__all__ = ["Incoming"]

import asyncio
from collections.abc import Sequence

from boxship.server.answer import Refusal
from boxship.server.asgi import Message, Receive
from boxship.server.body import length_of

_MOST = 16 * 1024 * 1024  # bytes: whoever is told that chunks have 5 MiB at least sends more than that
_LONGEST = 5.0  # seconds
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Incoming:
    """The messages of a request, as they are received: call it, or `rest`."""

    def __init__(self, headers: Sequence[tuple[bytes, bytes]], receive: Receive) -> None:
        self._receive = receive
        self._more = _is_little(headers)
        self._received = 0

    async def __call__(self) -> Message:
        """The next message."""
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._more = self._more and message.get("more_body", False)
        return message

    async def rest(self, seconds: float) -> None:
        """Read what is left, for so long; of a body that is long, or that its sender would rather keep, nothing."""
        try:
            async with asyncio.timeout(min(seconds, _LONGEST)):
                while self._more and self._received <= _MOST:
                    await self()
        except TimeoutError:
            return


def _is_little(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether there is a body that may be read to its end without harm."""
    names = {name for name, _ in headers}
    if b"expect" in names or names.isdisjoint(_FRAMING):
        return False  # RFC 9110, 10.1.1: who waits for leave has not sent it
    try:
        length = length_of(headers)
    except Refusal:
        return False  # nobody knows where it ends
    return length is None or 0 < length <= _MOST
