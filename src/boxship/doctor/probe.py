"""One address and port, looked at by itself: TCP, TLS where it should speak that, and the anonymous question.

A race stops at the first good answer; here every way is gone to its end, within one bound.
"""

from __future__ import annotations

__all__ = ["Greeting", "Probe", "probe"]

import errno
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from boxship.connect import question
from boxship.connect.address import Address
from boxship.connect.dial import open_socket
from boxship.connect.evidence import Evidence, classify, evidence_of
from boxship.connect.readiness import READ, WRITE, Readiness
from boxship.connect.verdict import PlainSocket

if TYPE_CHECKING:
    import ssl

    from boxship.connect.tls import TLSSocket

_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a place is greeted with: the name to verify, the TLS context with its roots, the question in bytes."""

    name: str
    host: str
    context: Callable[[], ssl.SSLContext]
    question: bytes = field(repr=False)


@dataclass(slots=True)
class Probe:
    """What one place showed. Times are in milliseconds from the start of each phase; None: it was not reached.

    Attributes:
        evidence: how far it came and what was in the way; `DONE` for a registry's answer.
        words: what the system, TLS or the answer says of it.
        remedy: what TLS knows to do about it.
        answer: the answer to the question.
        tls_story: version and cipher.
    """

    address: Address
    tls: bool
    evidence: Evidence = Evidence.SILENT
    words: str = ""
    remedy: str = ""
    tcp_ms: float | None = None
    tls_ms: float | None = None
    http_ms: float | None = None
    tls_story: str = ""
    answer: question.Answer | None = None

    @property
    def connected(self) -> bool:
        """Whether TCP was established."""
        return self.tcp_ms is not None

    @property
    def is_registry(self) -> bool:
        """Whether a registry answered."""
        return self.evidence is Evidence.DONE


def probe(address: Address, *, tls: bool, greeting: Greeting, until: float) -> Probe:
    """Look at one place, until that monotonic time at most."""
    found = Probe(address, tls)
    try:
        with open_socket(address) as sock:
            _look(found, sock, greeting, until)
    except OSError as error:
        found.evidence = evidence_of(error.errno)
        found.words = found.words or os.strerror(error.errno or 0).lower()
    return found


def _look(found: Probe, sock: PlainSocket, greeting: Greeting, until: float) -> None:
    began = time.monotonic()
    if not _connect(sock, found.address, until):
        return
    found.tcp_ms = (time.monotonic() - began) * 1000
    found.evidence = Evidence.MUTE
    wire: PlainSocket | TLSSocket = sock
    if found.tls:
        secured = _greet(found, sock, greeting, until)
        if not secured:
            return
        wire = secured
    began = time.monotonic()
    wire.send(memoryview(greeting.question))
    answer = _answer(wire, greeting.host, until)
    if answer:
        found.http_ms = (time.monotonic() - began) * 1000
        _judge(found, answer)


def _connect(sock: PlainSocket, address: Address, until: float) -> bool:
    code = sock.connect_ex(address.sockaddr)
    if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        if not Readiness(sock, WRITE).wait(until):
            return False
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    return True


def _greet(found: Probe, sock: PlainSocket, greeting: Greeting, until: float) -> TLSSocket | None:
    """TLS, if it comes to be; what else there is, is in `found`."""
    from boxship.connect.tls import TLSSocket, Untrusted  # noqa: PLC0415 -- it imports ssl

    began = time.monotonic()
    wire = TLSSocket(sock, greeting.context(), greeting.name)
    wire.handshake()
    first = _receive(wire, until)
    if first is None:
        return None
    evidence = classify(first)
    if evidence:
        found.evidence, found.words = evidence, f"it answers {first[:16]!r}" if first else ""
        return None
    found.evidence = Evidence.SPOKE_TLS
    try:
        while not wire.handshake():
            if _receive(wire, until) is None:
                found.words = "the handshake did not end"
                return None
    except Untrusted as error:
        found.words, found.remedy = error.words, error.remedy
        return None
    found.tls_ms, found.tls_story = (time.monotonic() - began) * 1000, wire.story()
    found.evidence = Evidence.MUTE
    return wire


def _receive(wire: TLSSocket, until: float) -> bytes | None:
    """What comes next, nothing at the end; None where nothing comes."""
    while Readiness(wire, READ).wait(until):
        try:
            return wire.receive()
        except BlockingIOError:
            continue
        except ConnectionResetError:
            return b""
    return None


def _answer(wire: PlainSocket | TLSSocket, host: str, until: float) -> question.Answer | None:
    received = b""
    while True:
        try:
            data = wire.recv(_CHUNK)
        except BlockingIOError:
            if not Readiness(wire, READ).wait(until):
                return None
            continue
        received += data
        answer = question.parse(received, host, ended=not data or len(received) >= question.LONGEST)
        if answer:
            return answer


def _judge(found: Probe, answer: question.Answer) -> None:
    found.answer = answer
    if answer.moved:
        found.evidence, found.words = Evidence.NO_REGISTRY, f"it sends everybody to TLS on port {answer.moved}"
    elif answer.refusal:
        found.evidence, found.words = Evidence.NO_REGISTRY, answer.refusal
    else:
        found.evidence, found.words = Evidence.DONE, f"HTTP {answer.head.status}"
