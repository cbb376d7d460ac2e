"""The sockets of one race: what `race` decides is done here, and what the network answers is told to it."""

from __future__ import annotations

__all__ = ["Names", "Runner", "open_socket"]

import contextlib
import errno
import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import Protocol

from boxship.connect.address import Address
from boxship.connect.attempt import Attempt, Do, Place
from boxship.connect.candidate import READ, WRITE, Candidate, Greeting
from boxship.connect.deadline import Work
from boxship.connect.evidence import Evidence, evidence_of
from boxship.connect.keepalive import keep_alive
from boxship.connect.limits import OwnLimits, own_limit
from boxship.connect.race import Race
from boxship.connect.readiness import LONGEST_WAIT
from boxship.connect.telling import Telling
from boxship.connect.trace import Trace
from boxship.connect.verdict import PlainSocket, Wire


def open_socket(address: Address, segment: int | None = None) -> PlainSocket:
    """A TCP socket for the address, not connected, that does not block and notices when its path dies.

    `segment`: what a packet carries at most, in bytes, either way, where the system lets that be said (not Windows).
    """
    sock = PlainSocket(address.family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    keep_alive(sock)
    if segment and sys.platform != "win32":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
    return sock


class Names(Protocol):
    """A host's name that is being resolved, while the race for it has begun."""

    def fileno(self) -> int:
        """What becomes readable when something new is known; -1 where nothing will be."""

    @property
    def pending(self) -> bool:
        """Whether something may still come."""

    def hear(self) -> tuple[tuple[Place, ...], bool]:
        """The places that are known by now, and whether more may come."""

    def trace_wait(self, trace: Trace, *, awaited: bool) -> None:
        """Tell the trace when the wait for more, and for nothing else, begins and ends."""

    def close(self) -> None:
        """Nobody waits any more."""


class Runner:
    """Runs a race on the network. The caller closes it; a connection that was taken out stays open."""

    def __init__(self, race: Race, greeting: Greeting, names: Names | None = None) -> None:
        """`names`: what may still become known of the host's addresses; closed with the runner."""
        self.race, self.greeting, self.telling = race, greeting, Telling(greeting.name)
        self._names = names
        with OwnLimits(greeting.name), contextlib.ExitStack() as opened:
            self._selector = opened.enter_context(selectors.DefaultSelector())
            self._wake_reader, self._wake_writer = socket.socketpair()
            opened.pop_all()
        self._wake_writer.setblocking(False)
        self._selector.register(self._wake_reader, READ, self._woken)
        if names and names.fileno() >= 0:
            self._selector.register(names, READ, self._named)
        self._candidates: dict[Attempt, Candidate] = {}
        self.warnings: tuple[str, ...] = ()
        self._segment: int | None = None

    def run(self, work: Work, *, until: float | None = None) -> None:
        """Go on until the race has an outcome, or (with `until`, a monotonic time) for as long as that."""
        self.telling.trace, self._segment = work.trace, work.segment
        acts: dict[Do, Callable[[Attempt], None]] = {Do.DIAL: self._dial, Do.ASK: self._ask, Do.DROP: self._drop}
        with work.watch(self._wake):
            # What has come while nobody looked counts before any bound does: it may be a handshake.
            self._wait(time.monotonic())
            while True:
                work.check()
                now = time.monotonic()
                for do, attempt in self.race.step(now):
                    acts[do](attempt)
                self._tell_of_names(awaited=self.race.lacks_names)
                if self.race.outcome or (until is not None and now >= until):
                    return
                wake = work.until(self.race.wake() - now)
                self._wait(wake if until is None else min(wake, until))

    def take(self, attempt: Attempt) -> Wire | None:
        """The attempt's socket, out of the race; None where its connection cannot carry another request."""
        candidate = self._candidates.pop(attempt, None)
        if not candidate:
            return None
        self.unwatch(candidate)
        if not candidate.reusable:
            candidate.wire.close()
            return None
        return candidate.wire

    @property
    def hopeful(self) -> bool:
        """Whether a TLS candidate is still being tried, or may come with a name."""
        tried = any(attempt.tls and attempt.live for attempt in self._candidates)
        return tried or bool(self._names and self._names.pending)

    def close(self) -> None:
        """Close what is left, with FIN."""
        for candidate in self._candidates.values():
            candidate.wire.close()
        self._candidates.clear()
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()
        self._tell_of_names(awaited=False)
        if self._names:
            self._names.close()
        self.telling.close()

    # The stage.

    def watch(self, candidate: Candidate, events: int) -> None:
        """Call the candidate's step when its socket is ready for one of the events."""
        self.unwatch(candidate)
        self._selector.register(candidate.wire, events, lambda: self._advance(candidate))

    def unwatch(self, candidate: Candidate) -> None:
        """Watch its socket no more."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(candidate.wire.fileno())

    def fail(self, attempt: Attempt, evidence: Evidence, detail: str, remedy: str = "") -> None:
        """The attempt is over, if it is not already."""
        if attempt.live:
            self.race.failed(attempt, time.monotonic(), evidence, detail, remedy)
            self.telling.over(attempt)

    # Waiting.

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_writer.send(b".")

    def _woken(self) -> None:
        self._wake_reader.recv(64)

    def _named(self) -> None:
        assert self._names
        places, more = self._names.hear()
        self.race.found(places, time.monotonic(), more=more)
        if not more:
            self._selector.unregister(self._names)
            self._names.close()

    def _tell_of_names(self, *, awaited: bool) -> None:
        if self._names:
            self._names.trace_wait(self.telling.trace, awaited=awaited)

    def _wait(self, until: float) -> None:
        for key, _ in self._selector.select(min(LONGEST_WAIT, max(0.0, until - time.monotonic()))):
            key.data()

    def _advance(self, candidate: Candidate) -> None:
        if self.race.decided or candidate.attempt not in self._candidates:
            return  # by an earlier one of the same batch: of what no longer counts, no step would be the last
        try:
            candidate.step()
            # Of several records that came at once, the descriptor of a proxy with TLS tells only once.
            while candidate.attempt.live and candidate.wire.ready:
                candidate.step()
        except BlockingIOError:
            return
        except OSError as error:
            if own := own_limit(error, self.greeting.name):  # a handshake reads the authorities' files
                raise own from error
            self.fail(candidate.attempt, evidence_of(error.errno), error.strerror or "")

    # Actions.

    def _dial(self, attempt: Attempt) -> None:
        self.telling.begin(attempt, "ConnectStart", f"tcp {attempt.address.words}", end="ConnectDone")
        try:
            with OwnLimits(self.greeting.name):
                sock = open_socket(attempt.address, self._segment)
        except OSError as error:  # no such address family here
            self.fail(attempt, Evidence.UNREACHABLE, error.strerror or "")
            return
        candidate = self._candidates[attempt] = Candidate(attempt, sock, self)
        code = sock.connect_ex(attempt.address.sockaddr)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            self.fail(attempt, evidence_of(code), errno.errorcode.get(code, ""))
            return
        self.watch(candidate, WRITE)

    def _ask(self, attempt: Attempt) -> None:
        self._candidates[attempt].ask()

    def _drop(self, attempt: Attempt) -> None:
        candidate = self._candidates.pop(attempt, None)
        if candidate:
            self.unwatch(candidate)
            candidate.wire.close()
        self.telling.over(attempt)
