"""How many connections a process has, and how many of them one client: nobody holds all, and keeps others out.

A connection that asks for nothing is no request, so `throttle` knows nothing of it; the server takes no new ones while
it has as many as it may. Programs of this machine are nobody who is counted: one may bring the requests of many.
"""

from __future__ import annotations

__all__ = ["cut_crowds", "make_room"]

import logging
import socket
import struct
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from boxship.server.running.connections import connections, cut
from boxship.server.throttle import client_of

_log = logging.getLogger(__name__)

_MOST = 8192  # a connection that waits for its next request takes 12 kB, as measured
_FILES = 2  # that a connection may take: itself, and the blob that it is sent
_BESIDE = 128  # files that are open all the while, with some for uploads
_LEAST = 64
_IDLE = struct.Struct("=I4xI")  # tcp_info.tcpi_last_data_sent and tcpi_last_data_recv, milliseconds (linux/tcp.h)
_WHERE_IDLE = 44


def make_room() -> int:
    """How many connections this process can have; it may have more open files from now on, if the system lets it."""
    return max(_LEAST, min(_MOST, (_files(_MOST * _FILES + _BESIDE) - _BESIDE) // _FILES))


if sys.platform == "win32":

    def _files(wanted: int) -> int:
        """How many files this process may have open: there is no such limit here."""
        return wanted

else:
    import resource

    def _files(wanted: int) -> int:
        """How many files this process may have open, `wanted` at most, if the system gives it so many."""
        files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files == resource.RLIM_INFINITY:
            return wanted
        more = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        if files < more:
            with suppress(OSError, ValueError):  # macOS has a lower limit than it says
                resource.setrlimit(resource.RLIMIT_NOFILE, (more, most))
                return more
        return files


def cut_crowds(port: int, most: int, whose: Callable[[str], str] = client_of) -> int:
    """Cut what one client has beyond `most` connections, those first that were silent for longest; how many. Blocks."""
    crowds: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name, connection in connections(port):
        with suppress(OSError):  # one that listens has no other side
            client = whose(connection.getpeername()[0])
            if client:
                crowds[client].append((_silent(connection), name))
    over = {name for crowd in crowds.values() for _, name in sorted(crowd, reverse=True)[: max(0, len(crowd) - most)]}
    for client, crowd in crowds.items():
        if len(crowd) > most:
            _log.warning("%s has %d connections, of which %d are cut", client, len(crowd), len(crowd) - most)
    return sum([_cut(connection) for name, connection in connections(port) if name in over]) if over else 0


def _silent(connection: socket.socket) -> int:
    """Milliseconds in which nothing was sent either way; 0 where that is not known."""
    if sys.platform != "linux":
        return 0
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int(min(_IDLE.unpack_from(told, _WHERE_IDLE)))


def _cut(connection: socket.socket) -> bool:
    with suppress(OSError):  # its client was first
        cut(connection)
        return True
    return False
