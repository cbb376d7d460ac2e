"""The connections of this process to a port of its own, which Linux shows in `/proc`: found, asked about and cut.

Which of them are to go is `slow_readers`' and `crowds`' to say.
"""

from __future__ import annotations

__all__ = ["are_shown", "connections", "cut"]

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")
_SOCKET = "socket:"
_INTERNET = (socket.AF_INET, socket.AF_INET6)


def are_shown() -> bool:
    """Whether the system shows them. Blocks."""
    return _DESCRIPTORS.is_dir()


def connections(port: int) -> Iterator[tuple[str, socket.socket]]:
    """Each connection with its name, which is never another's; it is lent until the next one is asked for.

    Takes some microseconds for each open file. Any may be closed meanwhile: what is asked of it may be an `OSError`.
    """
    for descriptor in _DESCRIPTORS.iterdir():
        with suppress(OSError):
            name = str(descriptor.readlink())
            if name.startswith(_SOCKET):
                with _borrowed(int(descriptor.name)) as connection:
                    if connection.family in _INTERNET and connection.getsockname()[1] == port:
                        yield name, connection


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    # Not a duplicate: were it a file by now, closing that would give up SQLite's locks on it (fcntl(2)).
    connection = socket.socket(fileno=descriptor)
    try:
        yield connection
    finally:
        connection.detach()


def cut(connection: socket.socket) -> None:
    """End a connection at once."""
    # What nobody takes is not to be kept by the system either, which would go on offering it for minutes.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
