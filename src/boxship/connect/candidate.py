"""One attempt's connection on its way, step by step: TCP, a proxy's tunnel, then TLS or the plain question.

What the network answers is told to the race. Which attempts there are, and when they end, is the race's to decide.
"""

from __future__ import annotations

__all__ = ["READ", "WRITE", "Candidate", "Greeting", "Stage"]

import errno
import selectors
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from boxship.connect import question
from boxship.connect.attempt import Attempt
from boxship.connect.evidence import Evidence, classify
from boxship.connect.race import Race
from boxship.connect.telling import Telling
from boxship.connect.verdict import PlainSocket
from boxship.value import dataclass, field

if TYPE_CHECKING:
    import ssl

    from boxship.connect.tls import TLSSocket
    from boxship.connect.tunnel import Tunnel
    from boxship.settings.proxies import Proxy

# TLS and tunnels are imported when a host is greeted by them: where a firewall drops 443, none is.
# ruff: noqa: PLC0415

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a host is greeted with.

    Attributes:
        name: the host to verify.
        host: the host and port, as the Host header writes them.
        context: gives the TLS context.
        load_roots: reads the roots into it, when the peer turns out to speak TLS; gives warnings.
        question: the plain question, in bytes.
        tunnel: gives what the proxy is asked to lead to the host by, where there is a proxy that does.
        carrier: gives the TLS context for the proxy itself and its name, where that is spoken to over TLS.
        forwarder: the proxy that reads the plain question and passes it on, where there is one.
    """

    name: str
    host: str
    context: Callable[[], ssl.SSLContext]
    load_roots: Callable[[], tuple[str, ...]]
    question: bytes = field(repr=False)
    tunnel: Callable[[], Tunnel] | None = None
    carrier: Callable[[], tuple[ssl.SSLContext, str]] | None = None
    forwarder: Proxy | None = None


class Stage(Protocol):
    """Where a candidate stands: whom it tells what happens, and who watches its socket."""

    race: Race
    greeting: Greeting
    telling: Telling
    warnings: tuple[str, ...]

    def watch(self, candidate: Candidate, events: int) -> None:
        """Call the candidate's step when its socket is ready for one of the events."""

    def unwatch(self, candidate: Candidate) -> None:
        """Watch its socket no more."""

    def fail(self, attempt: Attempt, evidence: Evidence, detail: str, remedy: str = "") -> None:
        """The attempt is over."""


class Candidate:
    """The connection of one attempt. `step` is what is to be done when its socket is ready."""

    __slots__ = ("_received", "_stage", "_tunnel", "attempt", "reusable", "step", "wire")

    def __init__(self, attempt: Attempt, sock: PlainSocket, stage: Stage) -> None:
        self.attempt, self._stage = attempt, stage
        self.wire: PlainSocket | TLSSocket = sock
        self.step: Callable[[], None] = self._connected
        self.reusable = True
        self._received = b""
        self._tunnel: Tunnel | None = None

    def ask(self) -> None:
        """Send the plain question."""
        words = f"GET /v2/ of {self.attempt.address}, without credentials"
        asked = self._stage.greeting.question
        self._stage.telling.begin(self.attempt, "PlainQuestion", words, end="PlainAnswer")
        self._stage.telling.headers(self.attempt, "RequestHeaders", lambda: question.headers_of(asked))
        self._wait_for(self._answer)
        try:
            # One small segment: the buffer of a new connection takes it.
            self.wire.send(memoryview(asked))
        except OSError as error:
            self._stage.fail(self.attempt, Evidence.RESET, error.strerror or "")

    def _wait_for(self, step: Callable[[], None]) -> None:
        self.step = step
        self._stage.watch(self, READ)

    # TCP.

    def _connected(self) -> None:
        attempt = self.attempt
        assert isinstance(self.wire, socket.socket)
        code = self.wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, errno.errorcode.get(code, ""))
        self._stage.unwatch(self)
        taken = (time.monotonic() - attempt.started) * 1000
        self._prepare()
        greeting = self._stage.greeting
        if greeting.tunnel or greeting.carrier:
            self._stage.race.entered(attempt, time.monotonic())
        else:
            self._stage.race.opened(attempt, time.monotonic())
        self._stage.telling.done(attempt, f"tcp {attempt.address} in {taken:.1f} ms", {"ms": taken})
        if greeting.carrier:
            self._greet_carrier(*greeting.carrier())
        elif greeting.tunnel:
            self._enter(greeting.tunnel())
        else:
            self._greet()

    def _prepare(self) -> None:
        """Make ready to greet: what that takes on a busy machine is not the peer's time, which begins after it."""
        if self.attempt.tls:
            from boxship.connect import tls  # noqa: F401

            self._stage.greeting.context()

    def _opened(self) -> None:
        """The host itself is reached, through a proxy."""
        self._stage.unwatch(self)
        self._stage.race.opened(self.attempt, time.monotonic())
        self._greet()

    # The proxy.

    def _greet_carrier(self, context: ssl.SSLContext, name: str) -> None:
        from boxship.connect.tls import TLSSocket

        self.wire = TLSSocket(self.wire, context, name)
        self.wire.handshake()
        self._wait_for(self._carry)

    def _carry(self) -> None:
        from boxship.connect.tls import TLSSocket, Untrusted

        assert isinstance(self.wire, TLSSocket)
        try:
            self.wire.receive()
            if not self.wire.handshake():
                return
        except Untrusted as error:
            self._stage.fail(self.attempt, Evidence.PROXY, f"TLS with the proxy failed: {error.words}", error.remedy)
            return
        tunnel = self._stage.greeting.tunnel
        if tunnel:
            self._enter(tunnel())
        else:
            self._opened()

    def _enter(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        words = f"{self._stage.greeting.name} through {self.attempt.address}"
        self._stage.telling.begin(self.attempt, "ProxyConnectStart", words, end="ProxyConnectDone")
        self._wait_for(self._tunnelled)
        self.wire.send(memoryview(tunnel.begin()))

    def _tunnelled(self) -> None:
        from boxship.connect.tunnel import TunnelFailed

        assert self._tunnel
        try:
            reply = self._tunnel.receive(self._of_proxy())
        except TunnelFailed as error:
            self._stage.fail(self.attempt, error.evidence, error.words, error.remedy)
            return
        if reply:
            self.wire.send(memoryview(reply))
        if self._tunnel.open:
            taken = (time.monotonic() - self.attempt.started) * 1000
            words = f"{self._stage.greeting.name} through {self.attempt.address} in {taken:.1f} ms"
            self._stage.telling.done(self.attempt, words, {"ms": taken})
            self._opened()

    def _of_proxy(self) -> bytes:
        """What the proxy says. However it breaks off, by a reset or an alert, that says nothing of the host."""
        try:
            return self.wire.recv(_CHUNK)
        except (BlockingIOError, TimeoutError):
            raise
        except OSError:
            return b""

    # TLS.

    def _greet(self) -> None:
        if not self.attempt.tls:
            return
        from boxship.connect.tls import TLSSocket

        greeting = self._stage.greeting
        words = f"{greeting.name} at {self.attempt.address}"
        self._stage.telling.begin(self.attempt, "TLSHandshakeStart", words, end="TLSHandshakeDone")
        self.wire = TLSSocket(self.wire, greeting.context(), greeting.name)
        self.wire.handshake()  # the hello; nothing has been received that it could fail on
        self._wait_for(self._first_bytes)

    def _first_bytes(self) -> None:
        first = self._receive()
        evidence = classify(first)
        if evidence:
            self._stage.fail(self.attempt, evidence, f"it answers {first[:16]!r}" if first else "")
            return
        self._stage.race.spoke(self.attempt, time.monotonic())
        self._stage.warnings += self._stage.greeting.load_roots()
        self._wait_for(self._more)
        self._shake()

    def _more(self) -> None:
        self._receive()
        self._shake()

    def _receive(self) -> bytes:
        from boxship.connect.tls import TLSSocket

        assert isinstance(self.wire, TLSSocket)
        return self.wire.receive()

    def _shake(self) -> None:
        from boxship.connect.tls import TLSSocket, Untrusted

        attempt = self.attempt
        assert isinstance(self.wire, TLSSocket)
        try:
            done = self.wire.handshake()
        except Untrusted as error:
            self._stage.fail(attempt, Evidence.SPOKE_TLS, error.words, error.remedy)
            return
        if done:
            self._stage.unwatch(self)
            self._stage.race.shaken(attempt, time.monotonic())
            taken, story = (time.monotonic() - attempt.opened) * 1000, self.wire.story()
            words = f"{self._stage.greeting.name} at {attempt.address}: {story}"
            self._stage.telling.done(attempt, words, {"ms": taken, "tls": story})

    # The plain question.

    def _answer(self) -> None:
        attempt = self.attempt
        data = self.wire.recv(_CHUNK)
        self._received += data
        ended = not data or len(self._received) >= question.LONGEST
        answer = question.parse(self._received, self._stage.greeting.host, ended=ended)
        if not answer:
            return
        self._stage.unwatch(self)
        if self._stage.greeting.forwarder and self._not_passed_on(answer):
            return
        self.reusable = answer.reusable
        words = answer.refusal or (f"sends to TLS on port {answer.moved}" if answer.moved else "a registry")
        taken = (time.monotonic() - attempt.asked) * 1000
        words = f"{attempt.address}: {answer.head.status}, {words}"
        self._stage.telling.done(attempt, words, {"status": answer.head.status, "ms": taken})
        self._stage.telling.headers(attempt, "AnswerHeaders", answer.head.pairs)
        self._stage.race.answered(attempt, time.monotonic(), refusal=answer.refusal, moved=answer.moved)

    def _not_passed_on(self, answer: question.Answer) -> bool:
        """Whether it is the proxy in between that has answered."""
        from boxship.connect.tunnel_failure import is_of_proxy, not_passed_on

        greeting = self._stage.greeting
        assert greeting.forwarder
        if not (answer.refusal or is_of_proxy(answer.head)):
            return False
        said = not_passed_on(greeting.forwarder, greeting.host, answer.head)
        if said:
            self._stage.fail(self.attempt, said.evidence, said.words, said.remedy)
        return said is not None
