"""A TLS handshake with the user's trust, as far as it comes; and a closer look where that is not far enough."""

from __future__ import annotations

__all__ = ["Greeting", "Shaken", "look_closer", "shake"]

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from boxship.connect.address import Address, is_literal
from boxship.connect.evidence import Evidence, classify
from boxship.connect.tls import Carrier, TLSSocket, Untrusted
from boxship.doctor.chain import certificates
from boxship.doctor.entering import Enter
from boxship.doctor.secured import Secured
from boxship.doctor.steps import receive
from boxship.doctor.unverified import look_unverified
from boxship.settings.root_file import file_with
from boxship.settings.trust import Trust
from boxship.value import dataclass, field, replace

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a place is greeted with.

    Attributes:
        name: the host to verify.
        host: the host and port, as the Host header writes them.
        context: gives the TLS context with its roots.
        question: the anonymous question, in bytes.
        trust: whose word is believed, and who asks.
        skipped: who said that nothing is to be verified; '' where it is.
        enter: leads to the host, where what is dialled is a proxy; target: the host's own port then, `reg.corp:443`.
    """

    name: str
    host: str
    context: Callable[[], ssl.SSLContext]
    question: bytes = field(repr=False)
    trust: Trust = field(default_factory=Trust)
    skipped: str = ""
    enter: Enter | None = None
    target: str = ""

    @property
    def unseen(self) -> Secured:
        """What is known of TLS before anything was seen of it."""
        shown = str(self.trust.certificate or "")
        return Secured(name=self.name, now=time.time(), shown=shown, skipped=self.skipped)


@dataclass(frozen=True, slots=True)
class Shaken:
    """How far a handshake came: what is in the way (`MUTE`: nothing yet), in words; `wire` where it is done."""

    evidence: Evidence
    seen: Secured
    words: str = ""
    wire: TLSSocket | None = None


def shake(sock: Carrier, context: ssl.SSLContext, greeting: Greeting, until: float) -> Shaken:
    """Greet over a connected socket."""
    seen, wire = greeting.unseen, TLSSocket(sock, context, greeting.name)
    wire.handshake()
    first = receive(wire, until)
    if first is None:
        return Shaken(Evidence.MUTE, seen)
    evidence = classify(first)
    if evidence:
        return Shaken(evidence, seen, _instead(first))
    try:
        while not wire.handshake():
            if receive(wire, until) is None:
                return Shaken(Evidence.SPOKE_TLS, replace(seen, said="the handshake did not end"))
    except Untrusted as error:
        code = getattr(error.__cause__, "verify_code", 0)
        return Shaken(Evidence.SPOKE_TLS, replace(seen, said=error.words, remedy=error.remedy, code=code))
    return Shaken(Evidence.MUTE, _agreed(seen, wire, greeting), wire=wire)


def _instead(first: bytes) -> str:
    """What comes in place of TLS."""
    if first.startswith(b"HTTP/"):
        return "it answers in plain HTTP"
    return f"it answers {first[:16]!r}" if first else ""


def _agreed(seen: Secured, wire: TLSSocket, greeting: Greeting) -> Secured:
    inside = f"ALPN {wire.protocol}" if wire.protocol else "no ALPN"
    verified = () if seen.skipped else certificates(wire.verified())
    root = verified[-1].encoded if verified else b""
    return replace(
        seen,
        agreed=f"{wire.story()}, {inside}",
        sent=certificates(wire.sent()),
        verified=verified,
        root_in=file_with(greeting.trust, root) if root else "",
    )


def look_closer(seen: Secured, evidence: Evidence, address: Address, greeting: Greeting, until: float) -> Secured:
    """What a second look adds: the certificates, whether one is asked for, the clock; or that the name displeases."""
    if evidence is Evidence.RESET and not seen.agreed:
        if is_literal(greeting.name):
            return seen
        # A literal is not named in a hello (RFC 6066, 3).
        nameless = look_unverified(
            address, str(address.ip), greeting.host, greeting.question, until, enter=greeting.enter
        )
        return replace(seen, cut=nameless.spoke)
    second = look_unverified(address, greeting.name, greeting.host, greeting.question, until, enter=greeting.enter)
    return replace(seen, second=second, sent=seen.sent or second.sent)
