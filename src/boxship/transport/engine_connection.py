"""A connection to docker's daemon, over a Unix socket or TCP: `http.client`'s, each of whose waits is bounded anew.

A bound that is set once holds for each byte; whoever trickles, or tells of progress, would be heard without end.
"""

from __future__ import annotations

__all__ = ["EngineConnection"]

import contextlib
import http.client
import socket
import sys
from typing import TYPE_CHECKING

from boxship.connect.deadline import Work
from boxship.settings.docker_host import DockerHost

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer  # the checker's own words for what a socket takes

_LEAST = 0.001  # seconds: 0 would not wait at all


class EngineConnection(http.client.HTTPConnection):
    """A connection whose waits belong to `work`; `OSError` for what goes wrong, `TimeoutError` for a long one."""

    def __init__(self, host: DockerHost, work: Work, connect: float) -> None:
        """`connect`: seconds for connecting."""
        super().__init__(host.host or "docker", host.port or None, timeout=max(_LEAST, work.at_most(connect)))
        self._path, self._work = host.path, work
        self._wire: _Wire | None = None

    def connect(self) -> None:
        """Connect."""
        if not self._path:
            super().connect()
            self.sock = self._wire = _Wire(fileno=self.sock.detach())
        elif sys.platform == "win32":
            raise OSError("Python has no Unix sockets on Windows")
        else:
            self.sock = self._wire = _Wire(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)

    def bound(self, seconds: float) -> None:
        """From now on each wait may last so long, and no longer than the operation."""
        assert self._wire, "it is connected"
        self._wire.bounds = self._work, seconds

    def interrupt(self) -> None:
        """End the wait of whoever uses it, from any thread."""
        # `sock` is None as soon as an answer's head says that the connection ends with it: its body is still to come.
        with contextlib.suppress(OSError):  # it is over already
            if self._wire:
                self._wire.shutdown(socket.SHUT_RDWR)


class _Wire(socket.socket):
    """A socket that looks at the operation at each wait."""

    bounds: tuple[Work, float] | None = None

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Fill some of `buffer`; 0 at the end, but not at that of the operation."""
        self._look()
        count = super().recv_into(buffer, nbytes, flags)
        self._look()  # whoever cancels shuts the socket, and what is read then is an end
        return count

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        """Send the bytes."""
        self._look()
        super().sendall(data, flags)

    def _look(self) -> None:
        if self.bounds:
            work, seconds = self.bounds
            work.check()
            self.settimeout(max(_LEAST, work.at_most(seconds)))
