"""A second look at a place whose TLS is not acceptable, for what a handshake that fails keeps back.

Nothing is verified, old versions are spoken, and nothing of the user's is said.
"""

from __future__ import annotations

__all__ = ["Unverified", "look_unverified"]

import ssl
import time
from collections.abc import Callable
from typing import Protocol, cast

from boxship.connect.address import Address
from boxship.connect.dial import open_socket
from boxship.connect.evidence import classify
from boxship.connect.tls import TLSSocket, Untrusted
from boxship.connect.tunnel_failure import TunnelFailed
from boxship.doctor.chain import Certificate, certificates
from boxship.doctor.clock import skew_of
from boxship.doctor.entering import Enter
from boxship.doctor.steps import answer, connect, receive
from boxship.value import dataclass

_CERTIFICATE_REQUEST = 13  # RFC 8446, 4
_HANDSHAKE = 22  # RFC 8446, 5.1


@dataclass(slots=True)
class Unverified:
    """What was shown.

    Attributes:
        spoke: whether TLS was spoken at all, an alert included.
        version: what was agreed; '' where nothing was.
        sent: the certificates as they were sent.
        asks: whether a client's certificate was asked for.
        status: that of the answer to the question; 0 where there was none.
        skew: how far the answer's clock is before this machine's.
    """

    spoke: bool = False
    version: str = ""
    sent: tuple[Certificate, ...] = ()
    asks: bool = False
    status: int = 0
    skew: float | None = None


def look_unverified(
    address: Address, name: str, host: str, question: bytes, until: float, *, enter: Enter | None
) -> Unverified:
    """Look; `name` is what the hello names, or a literal, which it does not."""
    found = Unverified()
    try:
        with open_socket(address) as sock:
            if connect(sock, address, until):
                wire = enter(sock, until) if enter else sock
                _look(TLSSocket(wire, _undemanding(found), name), found, host, question, until)
    except (Untrusted, TunnelFailed, OSError):
        return found  # what came before it has been seen
    return found


def _look(wire: TLSSocket, found: Unverified, host: str, question: bytes, until: float) -> None:
    try:
        done = _shake(wire, found, until)
    finally:
        # Who does not go on without a client's certificate has shown its own before.
        found.version, found.sent = wire.version, certificates(wire.sent())
    if done:
        _ask(wire, found, host, question, until)


def _shake(wire: TLSSocket, found: Unverified, until: float) -> bool:
    wire.handshake()
    while (data := receive(wire, until)) is not None:
        if not found.spoke and classify(data):
            return False
        found.spoke = True
        if wire.handshake():
            return True
    return False


def _ask(wire: TLSSocket, found: Unverified, host: str, question: bytes, until: float) -> None:
    wire.send(memoryview(question))
    said = answer(wire, host, until)
    if said:
        found.status, found.skew = said.head.status, skew_of(said.head, time.time())


class _Overhearing(Protocol):
    """A context that tells of each message; `ssl` has it for debugging (`SSLContext._msg_callback`)."""

    _msg_callback: Callable[[object, str, int, int, int, bytes], None]


def _undemanding(found: Unverified) -> ssl.SSLContext:
    def overhear(_: object, direction: str, version: int, content: int, message: int, data: bytes) -> None:
        del version, data
        if (direction, content, message) == ("read", _HANDSHAKE, _CERTIFICATE_REQUEST):
            found.asks = True

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # at the usual level, OpenSSL 3 speaks no TLS 1.1
    cast("_Overhearing", context)._msg_callback = overhear
    return context
