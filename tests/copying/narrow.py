"""A way to a registry on which so many bytes pass, and no more until it is opened; it counts them."""

from __future__ import annotations

__all__ = ["Narrow", "narrow"]

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_PIECE = 65536


class Narrow:
    """Passes on what comes, in threads that end with the process."""

    def __init__(self, address: str, most: int) -> None:
        host, _, port = address.rpartition(":")
        self._there, self._most = (host, int(port)), most
        self._lock, self._open = threading.Lock(), threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent = 0
        """Bytes that were passed on to the registry."""
        self._begin(self._accept)

    def open(self) -> None:
        """Let everything pass, and count anew."""
        with self._lock:
            self.sent = 0
        self._open.set()

    def close(self) -> None:
        """Take no more connections."""
        self._open.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._there)
                self._begin(self._up, client, server)
                self._begin(self._down, server, client)

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with server:
            with suppress(OSError):
                self._pass_on(client, server)
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # closing alone tells nobody while `_down` reads from it

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """Until the client's end; what is left of who was ended while it was narrow goes nowhere."""
        while piece := client.recv(_PIECE):
            if self.sent + len(piece) > self._most and not self._open.is_set():
                self._open.wait()
                return
            server.sendall(piece)
            with self._lock:
                self.sent += len(piece)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError), client:
            while piece := server.recv(_PIECE):
                client.sendall(piece)

    @staticmethod
    def _begin(what: Callable[..., None], *given: socket.socket) -> None:
        threading.Thread(target=what, args=given, daemon=True).start()


@contextmanager
def narrow(address: str, most: int) -> Iterator[Narrow]:
    """The way to the registry."""
    made = Narrow(address, most)
    try:
        yield made
    finally:
        made.close()
