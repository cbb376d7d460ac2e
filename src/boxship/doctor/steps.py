"""The steps over one socket that looks at a place, each within a bound: connecting, receiving, the answer."""

from __future__ import annotations

__all__ = ["answer", "connect", "receive"]

import errno
import os
import socket
from typing import TYPE_CHECKING

from boxship.connect import question
from boxship.connect.address import Address
from boxship.connect.readiness import READ, WRITE, Readiness
from boxship.connect.verdict import PlainSocket

if TYPE_CHECKING:
    from boxship.connect.tls import TLSSocket

_CHUNK = 16 * 1024


def connect(sock: PlainSocket, address: Address, until: float) -> bool:
    """Connect; False where nothing comes until then, `OSError` where it is refused."""
    code = sock.connect_ex(address.sockaddr)
    if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        if not Readiness(sock, WRITE).wait(until):
            return False
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    return True


def receive(wire: TLSSocket, until: float) -> bytes | None:
    """What comes next of TLS's own, nothing at the end; None where nothing comes."""
    while Readiness(wire, READ).wait(until):
        try:
            return wire.receive()
        except BlockingIOError:
            continue
        except ConnectionResetError:
            return b""
    return None


def answer(wire: PlainSocket | TLSSocket, host: str, until: float) -> question.Answer | None:
    """What the question is answered with; None where that does not come."""
    received = b""
    while True:
        try:
            data = wire.recv(_CHUNK)
        except BlockingIOError:
            if not Readiness(wire, READ).wait(until):
                return None
            continue
        received += data
        found = question.parse(received, host, ended=not data or len(received) >= question.LONGEST)
        if found:
            return found
