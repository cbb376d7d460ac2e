"""A target that sends back what comes, and a client that sends and reads at once."""

from __future__ import annotations

__all__ = ["echo", "exchanged"]

import socket
import threading

from boxship.testing import Connection
from tests.testing.conftest import rest_of


def echo(connection: Connection) -> None:
    """Send back what comes, and end when the peer does."""
    while piece := connection.receive():
        connection.send(piece)
    connection.finish()


def exchanged(client: socket.socket, content: bytes) -> bytes:
    """What comes back while all of `content` is sent, and after its end."""

    def send() -> None:
        client.sendall(content)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        return rest_of(client)
    finally:
        sender.join()
