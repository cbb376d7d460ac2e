"""A relay between a program and what it asks over HTTP, which refuses, resets or stalls while a test says so."""

from __future__ import annotations

__all__ = ["Fault", "Relay", "relay"]

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from urllib.parse import urlsplit

_BLOCK = 64 * 1024
_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)  # socket(7), SO_LINGER: closing resets


class Fault(Enum):
    """What becomes of whatever is asked."""

    REFUSED = "refused"
    RESET = "reset"
    STALLED = "stalled"


class Relay:
    """Connections to an address, handed on; `met` is how many were not."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        assert place.hostname
        assert place.port
        self._to = (place.hostname, place.port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._fault: Fault | None = None
        self._clear = threading.Event()
        self._clear.set()
        self._open: set[socket.socket] = set()
        self.met = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Let everything fail while the block runs, what is on its way, too."""
        self._clear.clear()
        self._fault = fault
        try:
            yield
        finally:
            self._fault = None
            self._clear.set()

    def close(self) -> None:
        """Hand on nothing any more."""
        self._clear.set()
        for each in (self._listener, *list(self._open)):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(self._to) as server:
            self._open |= {client, server}
            try:
                threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
                self._questions(client, server)
            finally:
                self._open -= {client, server}

    def _questions(self, client: socket.socket, server: socket.socket) -> None:
        while content := client.recv(_BLOCK):
            fault = self._fault
            if fault:
                self.met += 1
            if fault is Fault.STALLED:
                self._clear.wait()
            elif fault:
                # What the store was told so far was not all: it forgets it.
                server.shutdown(socket.SHUT_RDWR)
                if fault is Fault.REFUSED:
                    client.sendall(_UNAVAILABLE)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(_BLOCK)  # closed with something unread, it would reset
                else:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            server.sendall(content)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := server.recv(_BLOCK):
                if self._fault is Fault.STALLED:
                    self.met += 1
                    self._clear.wait()
                client.sendall(content)
            client.shutdown(socket.SHUT_WR)


@contextmanager
def relay(url: str) -> Iterator[Relay]:
    """A relay to that URL while the block runs."""
    made = Relay(url)
    try:
        yield made
    finally:
        made.close()
