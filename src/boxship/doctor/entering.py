"""The way to a host behind a proxy, over a socket that is connected to that: TLS with it, if need be, and a tunnel."""

from __future__ import annotations

__all__ = ["Enter", "entering"]

import ssl
from collections.abc import Callable

from boxship.connect.readiness import READ, Readiness
from boxship.connect.tls import Carrier, TLSSocket
from boxship.connect.tunnel import Tunnel
from boxship.doctor.steps import receive

Enter = Callable[[Carrier, float], Carrier]
"""Leads to the host until that monotonic time at most; `OSError`, `Untrusted` or `TunnelFailed` where it does not."""

_CHUNK = 16 * 1024


def entering(tunnel: Callable[[], Tunnel], secured: tuple[ssl.SSLContext, str] | None) -> Enter:
    """What leads through the `tunnel` of a proxy; `secured`: how that itself is spoken to over TLS, if it is."""

    def enter(sock: Carrier, until: float) -> Carrier:
        wire = _secure(sock, *secured, until) if secured else sock
        _enter(wire, tunnel(), until)
        return wire

    return enter


def _secure(sock: Carrier, context: ssl.SSLContext, name: str, until: float) -> TLSSocket:
    wire = TLSSocket(sock, context, name)
    while not wire.handshake():
        if receive(wire, until) is None:
            raise TimeoutError
    return wire


def _enter(wire: Carrier, tunnel: Tunnel, until: float) -> None:
    wire.send(memoryview(tunnel.begin()))
    while not tunnel.open:
        reply = tunnel.receive(_received(wire, until))
        if reply:
            wire.send(memoryview(reply))


def _received(wire: Carrier, until: float) -> bytes:
    while True:
        try:
            return wire.recv(_CHUNK)
        except BlockingIOError:
            if not Readiness(wire, READ).wait(until):
                raise TimeoutError from None
