"""Places: a loopback address with a port, and the socket that holds it.

Accepting connections there is `listener`'s work; ports that never accept are `silence`'s.
"""

from __future__ import annotations

__all__ = ["LOOPBACK", "Place", "held"]

import socket

from boxship.value import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port; `address` is how a reference writes them."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """`127.0.0.1:43210`, or `[::1]:43210`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def of(cls, holder: socket.socket) -> Place:
        """The place that `holder` is bound to."""
        host, port = holder.getsockname()[:2]
        return cls(host, port)


def held(host: str, port: int) -> socket.socket:
    """A TCP socket bound to the place, not yet listening; port 0 takes a free one."""
    holder = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A told port may still be in TIME_WAIT from the test before. A free one must stay ours alone: with this
        # option Linux lets a second socket bind a port on which nobody listens.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(port != 0))
        holder.bind((host, port))
    except OSError:
        holder.close()
        raise
    return holder
