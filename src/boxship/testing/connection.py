"""One accepted connection: what came over it, how it ended, and the ways to end it badly.

A `listener` makes these and gives each to a thread of its own; only that thread reads, sends and closes.
"""

from __future__ import annotations

__all__ = ["Connection", "Ending"]

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from typing import Literal

# How much of the beginning is kept: more than any TLS hello or request head.
_KEPT = 65536
_PIECE = 65536
# How long the end of a peer that does not close is waited for, so that it reads our last bytes and no RST.
_LINGER = 1.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Ending = Literal["open", "closed", "reset"]


class Connection:
    """A connection that a listener accepted.

    Attributes:
        peer: the address it came from.
        opened: when it was accepted, by `time.monotonic`.
        tls: the version of TLS that was agreed on, or an empty string.
        failure: what ended it in words, where that was an error.
    """

    def __init__(self, accepted: socket.socket, stopping: threading.Event) -> None:
        self.opened = time.monotonic()
        self.peer: str = accepted.getpeername()[0]
        self.tls = ""
        self.failure = ""
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = accepted
        self._stopping = stopping
        self._replacing = threading.Lock()
        self._received = bytearray()
        self._ending: Ending = "open"
        self._ended = threading.Event()

    @property
    def received(self) -> bytes:
        """The first bytes the peer sent, as they came over the wire: a request, or a TLS hello."""
        return bytes(self._received)

    @property
    def pending(self) -> bool:
        """Whether TLS holds bytes that were read off the socket already, so that waiting for it would be in vain."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    @property
    def stopping(self) -> bool:
        """Whether the listener is about to stop."""
        return self._stopping.is_set()

    def ending(self, timeout: float = 5.0) -> Ending:
        """How the peer ended it: `closed` (FIN) or `reset` (RST), or `open` if it has not within `timeout` seconds."""
        self._ended.wait(timeout)
        return self._ending

    def receive(self) -> bytes:
        """The next bytes, or an empty string once the peer has ended."""
        try:
            piece = self._socket.recv(_PIECE)
        except ConnectionError as error:
            self._note("reset", str(error))
            return b""
        if not piece:
            self._note("closed")
        elif not self.tls:
            self._keep(piece)
        return piece

    def peek(self) -> bytes:
        """The next bytes, which the next `receive` returns again."""
        piece = self._socket.recv(_PIECE, socket.MSG_PEEK)
        self._keep(piece)
        if not piece:
            self._note("closed")
        return piece

    def drain(self) -> None:
        """Read on, and forget, until the peer ends."""
        while self.receive():
            pass

    def rest(self) -> None:
        """Neither read nor send, until the listener stops."""
        self._stopping.wait()

    def send(self, content: bytes) -> None:
        """Send all of it."""
        try:
            self._socket.sendall(content)
        except ConnectionError as error:
            self._note("reset", str(error))
            raise

    def sleep(self, seconds: float) -> None:
        """Wait; `ConnectionAbortedError` when the listener stops meanwhile."""
        if seconds > 0 and self._stopping.wait(seconds):
            raise ConnectionAbortedError("the listener stopped")

    def secure(self, context: ssl.SSLContext) -> None:
        """Do the server's side of a TLS handshake."""
        with self._replacing:
            wrapped = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            self._socket = wrapped
        try:
            wrapped.do_handshake()
        except OSError as error:
            self._note("reset" if isinstance(error, ConnectionError) else "closed", str(error))
            raise
        self.tls = wrapped.version() or ""

    def finish(self) -> None:
        """End as a good server does: say so, and wait a moment for the peer to end too."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._say_tls_ends(self._socket)
        self.cut()

    def cut(self) -> None:
        """End with a FIN where it stands; over TLS without saying so first."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
            self._socket.settimeout(_LINGER)
            self.drain()
        self.close()

    def reset(self) -> None:
        """End with a RST."""
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close()

    def close(self) -> None:
        """Close the socket; what the peer still sends is answered with a RST."""
        with self._replacing:
            self._socket.close()

    def interrupt(self) -> None:
        """Wake the thread that reads or sends, from another one."""
        with self._replacing, suppress(OSError):
            # SSLSocket.shutdown would take the TLS state away under the thread that uses it.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _say_tls_ends(self, secured: ssl.SSLSocket) -> None:
        # Without blocking: unwrap sends close_notify at once, and would then wait for the peer's.
        with suppress(OSError, ValueError):
            secured.setblocking(False)
            secured.unwrap()

    def _keep(self, piece: bytes) -> None:
        self._received += piece[: _KEPT - len(self._received)]

    def _note(self, ending: Ending, failure: str = "") -> None:
        if self._stopping.is_set() or self._ended.is_set():
            return
        self._ending, self.failure = ending, failure
        self._ended.set()
