"""The sockets of one race: what `race` decides is done here, and what the network answers is told to it."""

from __future__ import annotations

__all__ = ["Greeting", "Names", "Runner", "open_socket"]

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from boxship.connect import question
from boxship.connect.address import Address
from boxship.connect.attempt import Attempt, Do, Place
from boxship.connect.deadline import Work
from boxship.connect.evidence import Evidence, classify
from boxship.connect.keepalive import keep_alive
from boxship.connect.race import Race
from boxship.connect.verdict import PlainSocket, Wire
from boxship.event import Fact

if TYPE_CHECKING:
    import ssl

    from boxship.connect.tls import TLSSocket

# TLS is imported when a host is greeted: where a firewall drops 443, none is.
# ruff: noqa: PLC0415

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_CHUNK = 16 * 1024

_EVIDENCE = {
    errno.ECONNREFUSED: Evidence.REFUSED,
    errno.ECONNRESET: Evidence.RESET,
    errno.EPIPE: Evidence.RESET,
    errno.ETIMEDOUT: Evidence.SILENT,
}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a host is greeted with: the name to verify, its context, how to read the roots, and the plain question."""

    name: str
    host: str
    context: Callable[[], ssl.SSLContext]
    load_roots: Callable[[], tuple[str, ...]]
    question: bytes


def open_socket(address: Address) -> PlainSocket:
    """A TCP socket for the address, not connected, that does not block and notices when its path dies."""
    sock = PlainSocket(address.family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    keep_alive(sock)
    return sock


@dataclass(eq=False, slots=True)
class _Candidate:
    """An attempt's socket, and who is to be called when it is ready."""

    attempt: Attempt
    sock: PlainSocket
    ready: Callable[[_Candidate], None]
    tls: TLSSocket | None = None
    received: bytes = b""
    reusable: bool = True


class Names(Protocol):
    """A host's name that is being resolved, while the race for it has begun."""

    def fileno(self) -> int:
        """What becomes readable when something new is known; -1 where nothing will be."""

    @property
    def pending(self) -> bool:
        """Whether something may still come."""

    def hear(self) -> tuple[tuple[Place, ...], bool]:
        """The places that are known by now, and whether more may come."""

    def close(self) -> None:
        """Nobody waits any more."""


class Runner:
    """Runs a race on the network. The caller closes it; a connection that was taken out stays open."""

    def __init__(self, race: Race, greeting: Greeting, names: Names | None = None) -> None:
        """`names`: what may still become known of the host's addresses; closed with the runner."""
        self.race = race
        self._greeting, self._names = greeting, names
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_writer.setblocking(False)
        self._selector.register(self._wake_reader, _READ, self._woken)
        if names and names.fileno() >= 0:
            self._selector.register(names, _READ, self._named)
        self._candidates: dict[Attempt, _Candidate] = {}
        # The event that will tell how it went with what was begun last at an attempt.
        self._to_tell: dict[Attempt, str] = {}
        self.warnings: tuple[str, ...] = ()

    def run(self, work: Work, *, until: float | None = None) -> None:
        """Go on until the race has an outcome, or (with `until`, a monotonic time) for as long as that."""
        self._work = work
        acts = {Do.DIAL: self._dial, Do.ASK: self._ask, Do.DROP: self._drop}
        with work.watch(self._wake):
            # What has come while nobody looked counts before any bound does: it may be a handshake.
            self._wait(time.monotonic())
            while True:
                work.check()
                now = time.monotonic()
                for do, attempt in self.race.step(now):
                    acts[do](attempt)
                if self.race.outcome or (until is not None and now >= until):
                    return
                wake = work.until(self.race.wake() - now)
                self._wait(wake if until is None else min(wake, until))

    def take(self, attempt: Attempt) -> Wire | None:
        """The attempt's socket, out of the race; None where its connection cannot carry another request."""
        candidate = self._candidates.pop(attempt, None)
        if not candidate:
            return None
        self._forget(candidate)
        if not candidate.reusable:
            candidate.sock.close()
            return None
        return candidate.tls or candidate.sock

    @property
    def hopeful(self) -> bool:
        """Whether a TLS candidate is still being tried, or may come with a name."""
        tried = any(attempt.tls and attempt.live for attempt in self._candidates)
        return tried or bool(self._names and self._names.pending)

    def close(self) -> None:
        """Close what is left, with FIN."""
        for candidate in self._candidates.values():
            candidate.sock.close()
        self._candidates.clear()
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()
        if self._names:
            self._names.close()
        for attempt in tuple(self._to_tell):
            self._tell_end(attempt)

    # The story.

    def _facts(self, attempt: Attempt) -> dict[str, Fact]:
        return {
            "connection": attempt.connection,
            "host": self._greeting.name,
            "address": str(attempt.address),
            "scheme": "https" if attempt.tls else "http",
        }

    def _tell_end(self, attempt: Attempt) -> None:
        """Say how it went with an attempt that has come to nothing, or that nobody needs any more."""
        name, now = self._to_tell.pop(attempt, ""), time.monotonic()
        if name:
            level, facts = "I" if attempt.live else "W", self._facts(attempt)
            facts |= {"error": attempt.shows.value, "detail": attempt.detail}
            self._work.trace.say(name, attempt.words(now), level=level, facts=facts)

    # Waiting.

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_writer.send(b".")

    def _woken(self) -> None:
        self._wake_reader.recv(_CHUNK)

    def _named(self) -> None:
        assert self._names
        places, more = self._names.hear()
        self.race.found(places, time.monotonic(), more=more)
        if not more:
            self._selector.unregister(self._names)
            self._names.close()

    def _wait(self, until: float) -> None:
        for key, _ in self._selector.select(max(0.0, until - time.monotonic())):
            key.data()

    def _advance(self, candidate: _Candidate) -> None:
        if candidate.attempt not in self._candidates:
            return  # an earlier one of the same batch has ended it
        try:
            candidate.ready(candidate)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(candidate.attempt, _EVIDENCE.get(error.errno or 0, Evidence.UNREACHABLE), error.strerror or "")

    def _await(self, candidate: _Candidate, events: int, ready: Callable[[_Candidate], None]) -> None:
        candidate.ready = ready
        self._forget(candidate)
        self._selector.register(candidate.sock, events, partial(self._advance, candidate))

    def _forget(self, candidate: _Candidate) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(candidate.sock)

    # Actions.

    def _dial(self, attempt: Attempt) -> None:
        self._work.trace.say("ConnectStart", f"tcp {attempt.address}", facts=self._facts(attempt))
        self._to_tell[attempt] = "ConnectDone"
        try:
            sock = open_socket(attempt.address)
        except OSError as error:  # no such address family here
            self._fail(attempt, Evidence.UNREACHABLE, error.strerror or "")
            return
        candidate = _Candidate(attempt, sock, self._connected)
        self._candidates[attempt] = candidate
        code = sock.connect_ex(attempt.address.sockaddr)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            self._fail(attempt, _EVIDENCE.get(code, Evidence.UNREACHABLE), errno.errorcode.get(code, ""))
            return
        self._await(candidate, _WRITE, self._connected)

    def _ask(self, attempt: Attempt) -> None:
        candidate = self._candidates[attempt]
        words = f"GET /v2/ of {attempt.address}, without credentials"
        self._work.trace.say("PlainQuestion", words, facts=self._facts(attempt))
        self._to_tell[attempt] = "PlainAnswer"
        self._await(candidate, _READ, self._answer)
        try:
            candidate.sock.send(self._greeting.question)  # one small segment: the buffer of a new connection takes it
        except OSError as error:
            self._fail(attempt, Evidence.RESET, error.strerror or "")

    def _drop(self, attempt: Attempt) -> None:
        candidate = self._candidates.pop(attempt, None)
        if candidate:
            self._forget(candidate)
            candidate.sock.close()
        self._tell_end(attempt)

    def _fail(self, attempt: Attempt, evidence: Evidence, detail: str, remedy: str = "") -> None:
        if attempt.live:
            self.race.failed(attempt, time.monotonic(), evidence, detail, remedy)
            self._tell_end(attempt)

    # What the network answers.

    def _connected(self, candidate: _Candidate) -> None:
        attempt = candidate.attempt
        code = candidate.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, errno.errorcode.get(code, ""))
        self._forget(candidate)
        self.race.opened(attempt, time.monotonic())
        taken = attempt.round_trip * 1000
        del self._to_tell[attempt]
        words, facts = f"tcp {attempt.address} in {taken:.1f} ms", self._facts(attempt)
        self._work.trace.say("ConnectDone", words, facts=facts | {"ms": taken})
        if attempt.tls:
            self._work.trace.say("TLSHandshakeStart", f"{self._greeting.name} at {attempt.address}", facts=facts)
            self._to_tell[attempt] = "TLSHandshakeDone"
            from boxship.connect.tls import TLSSocket

            candidate.tls = TLSSocket(candidate.sock, self._greeting.context(), self._greeting.name)
            candidate.tls.handshake()  # the hello; nothing has been received that it could fail on
            self._await(candidate, _READ, self._first_bytes)

    def _first_bytes(self, candidate: _Candidate) -> None:
        assert candidate.tls
        first = candidate.tls.receive()
        evidence = classify(first)
        if evidence:
            self._fail(candidate.attempt, evidence, f"it answers {first[:16]!r}" if first else "")
            return
        self.race.spoke(candidate.attempt, time.monotonic())
        self.warnings += self._greeting.load_roots()
        self._await(candidate, _READ, self._more)
        self._shake(candidate)

    def _more(self, candidate: _Candidate) -> None:
        assert candidate.tls
        candidate.tls.receive()
        self._shake(candidate)

    def _shake(self, candidate: _Candidate) -> None:
        from boxship.connect.tls import Untrusted

        attempt, tls = candidate.attempt, candidate.tls
        assert tls
        try:
            done = tls.handshake()
        except Untrusted as error:
            self._fail(attempt, Evidence.SPOKE_TLS, error.words, error.remedy)
            return
        if done:
            self._forget(candidate)
            self.race.shaken(attempt, time.monotonic())
            del self._to_tell[attempt]
            taken, story = (time.monotonic() - attempt.opened) * 1000, tls.story()
            words = f"{self._greeting.name} at {attempt.address}: {story}"
            self._work.trace.say("TLSHandshakeDone", words, facts=self._facts(attempt) | {"ms": taken, "tls": story})

    def _answer(self, candidate: _Candidate) -> None:
        attempt = candidate.attempt
        data = candidate.sock.recv(_CHUNK)
        candidate.received += data
        ended = not data or len(candidate.received) >= question.LONGEST
        answer = question.parse(candidate.received, self._greeting.host, ended=ended)
        if not answer:
            return
        self._forget(candidate)
        candidate.reusable = answer.reusable
        words = answer.refusal or (f"sends to TLS on port {answer.moved}" if answer.moved else "a registry")
        del self._to_tell[attempt]
        taken = (time.monotonic() - attempt.asked) * 1000
        words, facts = f"{attempt.address}: {answer.status}, {words}", self._facts(attempt)
        self._work.trace.say("PlainAnswer", words, facts=facts | {"status": answer.status, "ms": taken})
        self.race.answered(attempt, time.monotonic(), refusal=answer.refusal, moved=answer.moved)
