"""How a socket notices that its path has died or that its peer reads no more, while a slow server is waited for.

A server that reads nothing for a while is a slow server, too: Linux counts the time without room for a byte as time
without an acknowledgement, and would end an upload in its pauses. So more is tolerated while a body is under way.
"""

from __future__ import annotations

__all__ = ["PATH", "UnderWay", "keep_alive", "tolerate", "under_way"]

import socket
import sys

from boxship.value import dataclass

PATH = 15.0  # seconds without an acknowledgement of what was sent
# A path at rest is asked after 10 s, and dead when three questions, 5 s apart, have no answer. macOS calls the first
# of them TCP_KEEPALIVE.
_QUESTIONS = (("TCP_KEEPIDLE", 10), ("TCP_KEEPALIVE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
# What waits in the system is little besides what is on its way: a socket that can be written to tells of progress at
# the peer. Else the system waits until a third of megabytes is free: 1.3 s instead of 0.2 s at 8 Mbit/s, measured.
_WAITING = (("TCP_NOTSENT_LOWAT", 256 * 1024),)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What was sent and is not acknowledged, and seconds since anything was."""

    flies: bool = False
    waits: bool = False
    """For room at the peer."""
    unanswered: int = 0
    """Questions of the system's for room, sent since the peer answered one."""
    silence: float = 0.0

    @property
    def lost(self) -> bool:
        """Whether the path is dead. A peer without room has nothing flying to it, and says so when it is asked."""
        return (self.flies or self.unanswered > 1) and self.silence > PATH

    def __bool__(self) -> bool:
        return self.flies or self.waits


def keep_alive(sock: socket.socket) -> None:
    """Let the system ask whether the path is alive, and end the connection within about 25 s where it is not."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _QUESTIONS + _WAITING:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    tolerate(sock, PATH)


def tolerate(sock: socket.socket, seconds: float) -> None:
    """Let the connection go on for so long though nothing that was sent is acknowledged, where the system has that."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


# `struct tcp_info` of Linux, which only grows at its end: where it holds what is asked here.
_PROBES, _UNACKNOWLEDGED, _LAST_ACKNOWLEDGEMENT, _NOT_SENT, _SIZE = 3, 24, 56, 144, 148


def under_way(sock: socket.socket) -> UnderWay:
    """What the system knows of what was sent; nothing where it does not tell."""
    if sys.platform != "linux":
        return UnderWay()
    told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)

    def number(at: int) -> int:
        return int.from_bytes(told[at : at + 4], sys.byteorder)

    return UnderWay(
        flies=number(_UNACKNOWLEDGED) > 0,
        waits=number(_NOT_SENT) > 0,
        unanswered=told[_PROBES],
        silence=number(_LAST_ACKNOWLEDGEMENT) / 1000,
    )
