"""One address and port, looked at by itself: TCP, TLS where it should speak that, and the anonymous question.

A race stops at the first good answer; here every way is gone to its end, within one bound.
"""

from __future__ import annotations

__all__ = ["Greeting", "Probe", "beside_tls", "probe"]

import os
import ssl
import time
from collections.abc import Sequence

from boxship.connect import question
from boxship.connect.address import Address
from boxship.connect.dial import open_socket
from boxship.connect.evidence import Evidence, evidence_of
from boxship.connect.limits import own_limit
from boxship.connect.tls import Carrier, TLSSocket, Untrusted, explain
from boxship.connect.tunnel_failure import TunnelFailed
from boxship.connect.verdict import PlainSocket
from boxship.doctor.clock import skew_of
from boxship.doctor.handshake import Greeting, look_closer, shake
from boxship.doctor.secured import Secured, cause
from boxship.doctor.steps import answer, connect
from boxship.value import dataclass, replace

# Where TLS, or who speaks it, keeps something back.
_LOOK_CLOSER = (Evidence.SPOKE_TLS, Evidence.RESET, Evidence.NO_REGISTRY)


@dataclass(slots=True)
class Probe:
    """What one place showed. Times are in milliseconds from the start of each phase; None: it was not reached.

    Attributes:
        evidence: how far it came and what was in the way; `DONE` for a registry's answer.
        words: what the system, TLS or the answer says of it.
        code: the system's number for that, where it is the system's.
        remedy: what TLS knows to do about it.
        answer: the answer to the question.
        skew: how many seconds the clock of the answer is before this machine's.
        seen: what was seen of TLS.
        target: the host's own place, where the address is a proxy's.
    """

    address: Address
    tls: bool
    evidence: Evidence = Evidence.SILENT
    words: str = ""
    code: int = 0
    remedy: str = ""
    tcp_ms: float | None = None
    tls_ms: float | None = None
    http_ms: float | None = None
    answer: question.Answer | None = None
    skew: float | None = None
    seen: Secured | None = None
    target: str = ""

    @property
    def at(self) -> str:
        """The host's own place: where it is dialled, or what a proxy leads to."""
        return self.target or str(self.address)

    @property
    def connected(self) -> bool:
        """Whether TCP was established."""
        return self.tcp_ms is not None

    @property
    def tls_story(self) -> str:
        """Version, cipher and what is spoken inside."""
        return self.seen.agreed if self.seen else ""

    @property
    def is_registry(self) -> bool:
        """Whether a registry answered."""
        return self.evidence is Evidence.DONE


def beside_tls(probes: Sequence[Probe]) -> list[Probe]:
    """Those in plain where TLS is spoken: a written port is looked at both ways, and only one of them is meant."""
    secured = {probe.at for probe in probes if probe.tls and probe.tls_ms is not None}
    return [probe for probe in probes if not (probe.tls or probe.is_registry) and probe.at in secured]


def probe(address: Address, *, tls: bool, greeting: Greeting, until: float) -> Probe:
    """Look at one place, until that monotonic time at most."""
    found = Probe(address, tls, target=greeting.target)
    try:
        with open_socket(address) as sock:
            _look(found, sock, greeting, until)
    except ssl.SSLError as error:
        # In TLS 1.3 a client has done its part before its certificate is judged.
        found.evidence, (found.words, found.remedy) = Evidence.SPOKE_TLS, explain(error)
    except (Untrusted, TunnelFailed) as error:
        found.evidence, found.words, found.remedy = Evidence.PROXY, error.words, error.remedy
    except OSError as error:
        _judge_error(found, error)
    if found.seen and found.evidence in _LOOK_CLOSER:
        _look_closer(found, found.seen, greeting, until)
    return found


def _judge_error(found: Probe, error: OSError) -> None:
    found.code = error.errno or 0
    if own := own_limit(error, str(found.address)):
        found.evidence, found.words, found.remedy = Evidence.LEFT, own.why, own.remedy
        return
    found.evidence = evidence_of(error.errno)
    found.words = found.words or os.strerror(found.code).lower()


def _look(found: Probe, sock: PlainSocket, greeting: Greeting, until: float) -> None:
    context = greeting.context() if found.tls else None  # what it takes to read the roots is not the peer's time
    began = time.monotonic()
    if not connect(sock, found.address, until):
        return
    found.tcp_ms = (time.monotonic() - began) * 1000
    found.evidence = Evidence.MUTE
    bare = greeting.enter(sock, until) if greeting.enter else sock
    secured = _greet(found, bare, context, greeting, until) if context else None
    if context and not secured:
        return
    wire = secured or sock
    began = time.monotonic()
    wire.send(memoryview(greeting.question))
    said = answer(wire, greeting.host, until)
    if said:
        found.http_ms = (time.monotonic() - began) * 1000
        _judge(found, said)


def _greet(found: Probe, sock: Carrier, context: ssl.SSLContext, greeting: Greeting, until: float) -> TLSSocket | None:
    """TLS, if it comes to be; what else there is, is in `found`."""
    began = time.monotonic()
    shaken = shake(sock, context, greeting, until)
    found.evidence, found.words, found.seen = shaken.evidence, shaken.words, shaken.seen
    if shaken.wire:
        found.tls_ms = (time.monotonic() - began) * 1000
    return shaken.wire


def _look_closer(found: Probe, seen: Secured, greeting: Greeting, until: float) -> None:
    said = found.words if found.answer and found.answer.head.status else ""
    seen = replace(look_closer(seen, found.evidence, found.address, greeting, until), answered=said)
    found.seen, found.skew = seen, found.skew if found.answer else seen.second.skew
    if seen.wrong:
        found.evidence, (found.words, found.remedy) = Evidence.SPOKE_TLS, cause(seen)


def _judge(found: Probe, said: question.Answer) -> None:
    found.answer, found.skew = said, skew_of(said.head, time.time())
    if said.moved:
        found.evidence, found.words = Evidence.NO_REGISTRY, f"it sends everybody to TLS on port {said.moved}"
    elif said.refusal:
        found.evidence, found.words = Evidence.NO_REGISTRY, said.refusal
    else:
        found.evidence, found.words = Evidence.DONE, f"HTTP {said.head.status}"
