"""Listeners that accept a connection and then never speak HTTP: mute, closing, resetting, or answering rubbish.

Each waits for the client's first bytes, a TLS hello most of the time. `connections` tells what these were.
"""

from __future__ import annotations

__all__ = [
    "HANDSHAKE_FAILURE",
    "PROTOCOL_VERSION",
    "alert",
    "answering",
    "close_after_hello",
    "garbage",
    "mute",
    "reset_after_hello",
]

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.testing.connection import Connection
from boxship.testing.listener import Listener
from boxship.testing.place import LOOPBACK

# RFC 8446, 6: alert descriptions.
HANDSHAKE_FAILURE = 40
PROTOCOL_VERSION = 70

_ALERT_RECORD = 21
_TLS_1_2 = 0x0303
_FATAL = 2


@contextmanager
def mute(*, host: str = LOOPBACK, port: int = 0) -> Iterator[Listener]:
    """A port that accepts, reads everything, and never sends a byte."""
    with Listener(Connection.drain, host=host, port=port) as listener:
        yield listener


@contextmanager
def close_after_hello(*, host: str = LOOPBACK, port: int = 0) -> Iterator[Listener]:
    """A port that closes (FIN) each connection after its first bytes, without an answer."""
    with answering(b"", host=host, port=port) as listener:
        yield listener


@contextmanager
def reset_after_hello(*, host: str = LOOPBACK, port: int = 0) -> Iterator[Listener]:
    """A port that resets (RST) each connection after its first bytes."""
    with Listener(_reset, host=host, port=port) as listener:
        yield listener


@contextmanager
def alert(description: int = HANDSHAKE_FAILURE, *, host: str = LOOPBACK, port: int = 0) -> Iterator[Listener]:
    """A port that answers the first bytes with a fatal TLS alert, and closes."""
    record = struct.pack("!BHHBB", _ALERT_RECORD, _TLS_1_2, 2, _FATAL, description)
    with answering(record, host=host, port=port) as listener:
        yield listener


@contextmanager
def garbage(*, host: str = LOOPBACK, port: int = 0) -> Iterator[Listener]:
    """A port that answers with bytes that are neither TLS nor HTTP, and closes."""
    with answering(b"SSH-2.0-OpenSSH_9.6\r\n", host=host, port=port) as listener:
        yield listener


@contextmanager
def answering(reply: bytes, *, host: str = LOOPBACK, port: int = 0) -> Iterator[Listener]:
    """A port that answers the first bytes of each connection with `reply`, whatever they are, and closes."""

    def handle(connection: Connection) -> None:
        if connection.receive():
            connection.send(reply)
            connection.finish()

    with Listener(handle, host=host, port=port) as listener:
        yield listener


def _reset(connection: Connection) -> None:
    if connection.receive():
        connection.reset()
