"""Connections whose clients do not take what they are sent: found in what the system knows of them, and cut.

An ASGI application is not told that its server cannot send, and a document is handed over whole; granian waits for a
client as long as that likes, and for no more than so many of them. So this looks at the process's own connections,
which is Linux's to show: one that owes its client bytes all the while, and gets rid of too few of them, is over.
"""

from __future__ import annotations

__all__ = ["SlowReaders", "keep_cutting"]

import asyncio
import logging
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from boxship.server.body import Patience
from boxship.server.running.connections import are_shown, connections, cut
from boxship.server.running.crowds import cut_crowds
from boxship.value import dataclass

if sys.platform == "linux":
    import fcntl
    import termios

_log = logging.getLogger(__name__)

_LOOKS = 6  # in the time that a client has
_COUNT = struct.Struct("=i")
_ACKED = struct.Struct("=Q")  # tcp_info.tcpi_bytes_acked (linux/tcp.h)
_WHERE_ACKED = 120


@dataclass(frozen=True, slots=True)
class _Owing:
    """A connection with bytes that its client has not taken: how many it had taken by when."""

    taken: int
    since: float


class SlowReaders:
    """The connections to a port of this process that owe their clients something, from one look to the next."""

    def __init__(self, port: int, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._patience = patience
        self._clock = clock
        self._owing: dict[str, _Owing] = {}

    def look(self) -> int:
        """Cut the connections that are over; how many. Blocks for some microseconds for each open file."""
        now, before, count = self._clock(), self._owing, 0
        self._owing = {}
        for name, connection in connections(self._port):
            with suppress(OSError):  # one that listens has no other side, and any may have been closed meanwhile
                count += self._is_cut(connection, name, before.get(name), now)
        return count

    def _is_cut(self, connection: socket.socket, name: str, before: _Owing | None, now: float) -> bool:
        client = connection.getpeername()
        if not _owed(connection):
            return False
        found = _Owing(_taken(connection), now)
        if not before or now - before.since < self._patience.silence:
            self._owing[name] = before or found
            return False
        if self._patience.is_enough(found.taken - before.taken, now - before.since):
            self._owing[name] = found
            return False
        _log.info("cut off, for it takes nothing: %s", client)
        cut(connection)
        return True


if sys.platform == "linux":

    def _owed(connection: socket.socket) -> int:
        """Bytes that the other side has not acknowledged."""
        (count,) = _COUNT.unpack(fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(_COUNT.size)))
        return int(count)

    def _taken(connection: socket.socket) -> int:
        """Bytes that it has."""
        (count,) = _ACKED.unpack_from(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), _WHERE_ACKED)
        return int(count)

else:

    def _owed(_: socket.socket) -> int:
        """What is not known."""
        return 0

    _taken = _owed


async def keep_cutting(port: int, patience: Patience, most: int) -> None:
    """Look at the connections to `port` until cancelled, and let no client have more than `most` of them.

    Only Linux shows them, where `/proc` is.
    """
    if not await asyncio.to_thread(are_shown):
        return
    readers = SlowReaders(port, patience)
    while True:
        await asyncio.sleep(patience.silence / _LOOKS)
        await asyncio.to_thread(readers.look)
        await asyncio.to_thread(cut_crowds, port, most)
