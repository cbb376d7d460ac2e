"""Passing bytes on: from a connection that a listener accepted to the place that its peer asks for, and back.

What a peer says to ask for it is `proxy`'s (HTTP) and `socks`'s. Nothing outside loopback is ever reached.
"""

from __future__ import annotations

__all__ = ["At", "Targets", "UnknownTarget", "forward", "readable"]

import ipaddress
import os
import selectors
import socket
import ssl
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from errno import EINPROGRESS, EWOULDBLOCK
from typing import Protocol

from boxship.testing.connection import Connection
from boxship.testing.place import Place

_PIECE = 65536
_MOST = 4 * _PIECE  # bytes that wait for one side before the other one is no longer read
_GLANCE = 0.05  # seconds between two looks at whether the listener stops
_WSAEWOULDBLOCK = 10035  # what Windows says instead of EINPROGRESS
_CONNECTING = frozenset({EINPROGRESS, EWOULDBLOCK, _WSAEWOULDBLOCK})
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class At(Protocol):
    """What has a place: a `Place`, a listener, a registry."""

    @property
    def host(self) -> str:
        """An address on loopback."""

    @property
    def port(self) -> int:
        """A port."""


class UnknownTarget(OSError):
    """A host that no mapping knows, and that is not on loopback."""


class Targets:
    """Where the places are that a proxy is asked for: `reg.test:443` is where `resolve` says, loopback is itself."""

    def __init__(self, resolve: Mapping[str, At], patience: float) -> None:
        self._resolve = {name.lower(): Place(at.host, at.port) for name, at in resolve.items()}
        self._patience = patience

    def reach(self, name: str, connection: Connection) -> socket.socket:
        """A socket that is connected there and does not block; `OSError` where that fails or takes too long.

        It is given up when the listener of `connection` stops.
        """
        place = self._resolve.get(name.lower()) or _on_loopback(name)
        reached = socket.socket(socket.AF_INET6 if ":" in place.host else socket.AF_INET)
        try:
            reached.setblocking(False)
            self._connect(reached, place, connection)
        except OSError:
            reached.close()
            raise
        reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return reached

    def _connect(self, reached: socket.socket, place: Place, connection: Connection) -> None:
        until = time.monotonic() + self._patience
        code = reached.connect_ex((place.host, place.port))
        while code in _CONNECTING:
            if connection.stopping:
                raise ConnectionAbortedError("the listener stopped")
            if time.monotonic() > until:
                raise TimeoutError(f"no answer from {place.address}")
            if _ready({reached: selectors.EVENT_WRITE}, _GLANCE):
                code = reached.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))


def readable(connection: Connection, *others: socket.socket) -> set[socket.socket | Connection]:
    """Which of them have something to be read, or have ended; none where that takes longer than a moment."""
    if connection.pending:
        return {connection}
    ready = _ready(dict.fromkeys((connection._socket, *others), selectors.EVENT_READ), _GLANCE)
    return {connection if found is connection._socket else found for found in ready}


def forward(connection: Connection, target: socket.socket, first: bytes = b"") -> None:
    """Pass bytes on in both directions, after `first` to the target, until the target ends or the listener stops.

    The peer's end (FIN) is passed on, and the target may still answer; a reset of either is a reset of the other.
    """
    connection._socket.setblocking(False)
    target.setblocking(False)
    both = _Both(connection, target, first)
    while not connection.stopping and both.step():
        pass


class _Both:
    """The two directions of a connection, and what waits in each of them."""

    def __init__(self, connection: Connection, target: socket.socket, first: bytes) -> None:
        self._connection, self._target = connection, target
        self._to_target, self._to_peer = bytearray(first), bytearray()
        self._peer_ended = self._target_ended = self._told_target = False

    def step(self) -> bool:
        """Wait a moment for what can be done, and do it; whether there is more to come."""
        peer = self._connection._socket
        ready = _ready(self._wanted(), 0 if self._connection.pending else _GLANCE)
        self._write(ready)
        if ready.get(self._target, 0) & selectors.EVENT_READ and not self._read_target():
            return False
        if (ready.get(peer, 0) & selectors.EVENT_READ or self._connection.pending) and not self._read_peer():
            return False
        return self._pass_ends_on()

    def _wanted(self) -> dict[socket.socket, int]:
        wanted = {
            self._connection._socket: _interest(self._peer_ended, self._to_target, self._to_peer),
            self._target: _interest(self._target_ended, self._to_peer, self._to_target),
        }
        return {sock: events for sock, events in wanted.items() if events}

    def _write(self, ready: Mapping[socket.socket, int]) -> None:
        for sock, waiting in ((self._connection._socket, self._to_peer), (self._target, self._to_target)):
            if waiting and ready.get(sock, 0) & selectors.EVENT_WRITE:
                with suppress(*_NOT_NOW):
                    del waiting[: sock.send(waiting)]

    def _read_target(self) -> bool:
        try:
            piece = self._target.recv(_PIECE)
        except BlockingIOError:
            return True
        except ConnectionError:
            self._connection.reset()
            return False
        self._to_peer += piece
        self._target_ended = not piece
        return True

    def _read_peer(self) -> bool:
        try:
            piece = self._connection.receive()
        except _NOT_NOW:
            return True
        self._to_target += piece
        self._peer_ended = not piece
        if self._peer_ended and self._connection.ending(0) == "reset":
            self._target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return False
        return True

    def _pass_ends_on(self) -> bool:
        if self._target_ended and not self._to_peer:
            self._connection.finish()
            return False
        if self._peer_ended and not self._to_target and not self._told_target:
            self._told_target = True
            with suppress(OSError):  # it may have ended meanwhile
                self._target.shutdown(socket.SHUT_WR)
        return True


def _interest(ended: bool, taken: bytearray, waiting: bytearray) -> int:  # noqa: FBT001 -- three facts of one socket
    read = 0 if ended or len(taken) >= _MOST else selectors.EVENT_READ
    return read | (selectors.EVENT_WRITE if waiting else 0)


def _ready(wanted: Mapping[socket.socket, int], seconds: float) -> dict[socket.socket, int]:
    with selectors.DefaultSelector() as selector:
        keys = {selector.register(sock, events).fd: sock for sock, events in wanted.items()}
        return {keys[key.fd]: events for key, events in selector.select(seconds)}


def _on_loopback(name: str) -> Place:
    host, _, port = name.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    try:
        known = bare == "localhost" or ipaddress.ip_address(bare).is_loopback
    except ValueError:
        known = False
    if not known or not (port.isascii() and port.isdigit()):
        raise UnknownTarget(f"no such host: {name}")
    return Place("127.0.0.1" if bare == "localhost" else bare, int(port))
