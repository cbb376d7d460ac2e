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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from boxship.server.body import Patience

if sys.platform == "linux":
    import fcntl
    import termios

_log = logging.getLogger(__name__)

_LOOKS = 6  # in the time that a client has
_DESCRIPTORS = Path("/proc/self/fd")
_SOCKET = "socket:"
_INTERNET = (socket.AF_INET, socket.AF_INET6)
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
        for descriptor in _DESCRIPTORS.iterdir():
            with suppress(OSError):  # one that listens has no other side, and any may have been closed meanwhile
                # The name of a socket is never another's.
                name = str(descriptor.readlink())
                if name.startswith(_SOCKET):
                    with _borrowed(int(descriptor.name)) as connection:
                        count += self._is_ours(connection) and self._is_cut(connection, name, before.get(name), now)
        return count

    def _is_ours(self, connection: socket.socket) -> bool:
        return connection.family in _INTERNET and connection.getsockname()[1] == self._port

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
        _cut(connection)
        return True


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    # Not a duplicate: were it a file by now, closing that would give up SQLite's locks on it (fcntl(2)).
    connection = socket.socket(fileno=descriptor)
    try:
        yield connection
    finally:
        connection.detach()


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


def _cut(connection: socket.socket) -> None:
    # What nobody takes is not to be kept by the system either, which would go on offering it for minutes.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)


async def keep_cutting(port: int, patience: Patience) -> None:
    """Look at the connections to `port` until cancelled; only Linux shows them, where `/proc` is."""
    if not await asyncio.to_thread(_DESCRIPTORS.is_dir):
        return
    readers = SlowReaders(port, patience)
    while True:
        await asyncio.sleep(patience.silence / _LOOKS)
        await asyncio.to_thread(readers.look)
