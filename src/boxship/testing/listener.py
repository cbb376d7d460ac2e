"""Accepting connections: a thread that accepts, a thread for each connection, and an end that leaves nothing behind.

What is done with a connection is the caller's function; ready-made ones are in `hello` and `serving`.
"""

from __future__ import annotations

__all__ = ["Listener", "listening"]

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from boxship.testing.connection import Connection
from boxship.testing.place import LOOPBACK, Place, held

_BACKLOG = 128
# A connection's thread ends as soon as its socket is shut down; a function that blocks elsewhere is the caller's bug.
_PATIENCE = 5.0


class Listener:
    """A port that accepts connections and gives each to `handle`, in a thread of its own.

    With `single_threaded` one connection is handled at a time, and the next one waits, connected and unanswered.
    """

    def __init__(
        self,
        handle: Callable[[Connection], None],
        *,
        host: str = LOOPBACK,
        port: int = 0,
        single_threaded: bool = False,
    ) -> None:
        self._handle = handle
        self._single_threaded = single_threaded
        self._stopping = threading.Event()
        self._connections: list[Connection] = []
        self._arrived = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._failures: list[Exception] = []
        self._socket = held(host, port)
        self._socket.listen(_BACKLOG)
        self._place = Place.of(self._socket)
        self._acceptor = threading.Thread(target=self._accept, name=f"accept {self.address}", daemon=True)

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._place.host

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._place.port

    @property
    def address(self) -> str:
        """`127.0.0.1:43210`, or `[::1]:43210`."""
        return self._place.address

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Every connection so far, in the order they were taken up."""
        return tuple(self._connections)

    def connection(self, number: int = 0, *, timeout: float = 5.0) -> Connection:
        """The connection with that number, waited for; `TimeoutError` where it has not come by then."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._connections) > number, timeout):
                raise TimeoutError(f"{len(self._connections)} connections to {self.address} within {timeout:g} s")
            return self._connections[number]

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        # A bug in the caller's function is the test's failure, unless the test has failed already.
        if error is None and self._failures:
            raise self._failures[0]

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                return
            if self._stopping.is_set():
                accepted.close()
                return
            self._take_up(accepted)

    def _take_up(self, accepted: socket.socket) -> None:
        try:
            connection = Connection(accepted, self._stopping)
        except OSError:  # it was reset before it was accepted
            accepted.close()
            return
        with self._arrived:
            self._connections.append(connection)
            self._arrived.notify_all()
        if self._single_threaded:
            self._run(connection)
            return
        thread = threading.Thread(target=self._run, args=(connection,), name=f"serve {self.address}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            self._handle(connection)
        except OSError as error:
            connection.failure = connection.failure or str(error)
        except Exception as error:  # noqa: BLE001 - raised again where the `with` block ends
            self._failures.append(error)
        finally:
            connection.close()

    def _stop(self) -> None:
        self._stopping.set()
        for connection in self.connections:
            connection.interrupt()
        self._wake_acceptor()
        self._acceptor.join(_PATIENCE)
        self._socket.close()
        for connection in self.connections:  # one may have been accepted meanwhile
            connection.interrupt()
        for thread in self._threads:
            thread.join(_PATIENCE)
        if any(thread.is_alive() for thread in (self._acceptor, *self._threads)):
            raise RuntimeError(f"a function that handles connections to {self.address} does not return")

    def _wake_acceptor(self) -> None:
        # Closing a socket does not wake the thread that accepts on it. Linux has this; elsewhere, a connection.
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            socket.create_connection((self.host, self.port), timeout=_PATIENCE).close()


@contextmanager
def listening(
    handle: Callable[[Connection], None], *, host: str = LOOPBACK, port: int = 0, single_threaded: bool = False
) -> Iterator[Listener]:
    """A port where `handle` is called for each connection, in a thread; it is closed when `handle` returns.

    Errors of the network end a connection silently; others are raised where the `with` block ends.
    """
    with Listener(handle, host=host, port=port, single_threaded=single_threaded) as listener:
        yield listener
