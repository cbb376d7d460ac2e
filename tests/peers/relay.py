"""A road to a program that listens: what the program sends can be held back, slowed down, cut off or spoilt on it.

And what it is asked can be refused, or the whole of it reset or stalled, while a test says so.
"""

from __future__ import annotations

__all__ = ["Fault", "Relay", "relay"]

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from tests.peers.programs import Address

_PIECE = 64 * 1024
_TRICKLE = 4096  # bytes of each piece that trickles
_PAUSE = 0.05  # seconds before each of them
_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)  # socket(7), SO_LINGER: closing resets


class Fault(Enum):
    """What becomes of whatever is asked over HTTP."""

    REFUSED = "refused"
    RESET = "reset"
    STALLED = "stalled"


class Relay:
    """A road to `target`; `address` is where it begins.

    Attributes:
        free: how many bytes of each connection pass as they come.
        trickles: whether what comes after these passes slowly; else it is held back until `open`.
        spoilt: the number of the byte of each connection that becomes another one, if it comes.
        met: how often something failed that a test let fail.
    """

    def __init__(self, target: Address) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._opened = threading.Event()
        self._held = threading.Event()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.address = Address("127.0.0.1", self._listener.getsockname()[1])
        self.free: float = float("inf")
        self.trickles = False
        self.spoilt: int | None = None
        self.met = 0
        self._fault: Fault | None = None
        self._clear = threading.Event()
        self._clear.set()
        self._run(self._accept)

    def wait_until_held(self, seconds: float = 60.0) -> None:
        """Return when a connection has brought all that passes freely."""
        assert self._held.wait(seconds)

    def open(self) -> None:
        """Let everything pass."""
        self.free = float("inf")
        self._opened.set()

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

    def cut(self) -> None:
        """End all connections."""
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Accept none any more, and end all."""
        self._opened.set()
        self._clear.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:  # the first one adds to them until it ends
            thread.join()
        for connection in (self._listener, *self._connections):
            connection.close()

    def _run(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection((self._target.host, self._target.port))
                except OSError:
                    near.close()
                    continue
                self._connections |= {near, far}
                self._run(self._up, near, far)
                self._run(self._down, near, far)

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (piece := near.recv(_PIECE)) and self._lets_pass(near):
                far.sendall(piece)
        self._end(near, far)

    def _lets_pass(self, near: socket.socket) -> bool:
        """Whether what was asked is passed on, waiting where it is stalled; else it gets its answer."""
        fault = self._fault
        if fault:
            self.met += 1
        if fault is Fault.REFUSED:
            near.sendall(_UNAVAILABLE)
            near.shutdown(socket.SHUT_WR)
            near.recv(_PIECE)  # closed with something unread, it would reset
        elif fault is Fault.RESET:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            near.close()
        elif fault is Fault.STALLED:
            self._clear.wait()
        return fault in (None, Fault.STALLED)

    def _down(self, near: socket.socket, far: socket.socket) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while piece := far.recv(self._most(passed)):
                if self.spoilt is not None and passed <= self.spoilt < passed + len(piece):
                    piece = _spoilt(piece, self.spoilt - passed)
                if self._fault is Fault.STALLED:
                    self.met += 1
                    self._clear.wait()
                near.sendall(piece)
                passed += len(piece)
        self._end(near, far)

    def _most(self, passed: int) -> int:
        """How many bytes may be passed on now, waiting where that is none."""
        if passed < self.free:
            return int(min(_PIECE, self.free - passed))
        self._held.set()
        self._opened.wait(_PAUSE if self.trickles else None)
        return _PIECE if self._opened.is_set() else _TRICKLE

    def _end(self, *connections: socket.socket) -> None:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _spoilt(piece: bytes, at: int) -> bytes:
    return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]


@contextmanager
def relay(target: Address) -> Iterator[Relay]:
    """A road while the block runs."""
    road = Relay(target)
    try:
        yield road
    finally:
        road.close()
