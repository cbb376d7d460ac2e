"""Raw reading on a socket that does not block, with the bound of the phase checked on every call.

Whoever reads through this need not look at a clock: endless interim answers, trickled heads and trailers end here.
"""

from __future__ import annotations

__all__ = ["Reader"]

import io
import time
from typing import TYPE_CHECKING

from boxship.connect.deadline import Bounds, Work
from boxship.connect.readiness import Readiness
from boxship.connect.verdict import Wire
from boxship.errors import BrokenAnswer, TimedOut
from boxship.seconds import spoken
from boxship.transport.flow import LEAST_RATE, Flow, Stalled
from boxship.wire.framing import LONGEST_HEAD

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # the checker's own word for what `recv_into` takes

_FIRST_BYTE, _HEAD, _BODY = "first byte", "head", "body"
_ALIVE = "the connection is alive: the server hangs, or something on the way holds the answer back"


class Reader(io.RawIOBase):
    """The bytes of one connection. `expect` and `sent` begin the next answer; its phases follow by themselves."""

    def __init__(self, sock: Wire, readiness: Readiness, place: str) -> None:
        super().__init__()
        self._sock, self._place = sock, place
        self._readiness = readiness
        self._phase = _BODY
        self._until = 0.0
        self._seconds = 0.0
        self._flow: Flow | None = None
        self._broken: OSError | None = None
        self._received = 0
        self.total = 0  # bytes, of all answers

    def expect(self, work: Work, bounds: Bounds, first_byte: float) -> None:
        """The next answer will be that to a new request: its first byte within `first_byte` seconds."""
        self._work, self._bounds = work, bounds
        self._received = 0
        self._first_byte = first_byte

    def sent(self) -> None:
        """The request has been sent: the time of the first byte begins, however long sending took."""
        self._enter(_FIRST_BYTE, self._first_byte)
        self._answer_by = self._until

    def interim(self) -> None:
        """What came was an interim answer: the final one is waited for as long as if none had come."""
        self._phase, self._seconds, self._until = _FIRST_BYTE, self._first_byte, self._answer_by

    def document(self, seconds: float | None = None) -> None:
        """The rest is a document: all of it within one bound, that of documents where none is said."""
        self._enter(_BODY, self._bounds.document if seconds is None else min(seconds, self._bounds.document))

    def stream(self, silence: float | None = None, *, slow: float | None = None) -> None:
        """The rest is read as it flows: bounded by silence, not by length, and raising `Stalled` where it does not."""
        self._enter(_BODY, 0.0)
        self._flow = Flow(self._bounds.silence if silence is None else silence, slow)

    @property
    def answered(self) -> bool:
        """Whether a byte of the answer has come."""
        return self._received > 0

    def readable(self) -> bool:
        """True: this is what `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill some of `buffer`; 0 at the end. Raises `TimedOut`, `Cancelled`, `BrokenAnswer` or `OSError`."""
        if self._broken:
            raise self._broken  # the system says it once, and then that all has come
        while True:
            if self._phase is _FIRST_BYTE and not self._sock.ready:
                self._wait()  # seldom has it come: to receive nothing first would take 3 us of each request
            try:
                count = self._sock.recv_into(buffer)
            except BlockingIOError:
                self._wait()
            except OSError as error:
                self._broken = error
                raise
            else:
                self._count(count)
                return count

    def _enter(self, phase: str, seconds: float) -> None:
        self._phase, self._seconds, self._flow = phase, seconds, None
        self._until = self._work.until(seconds)

    def _count(self, count: int) -> None:
        self._work.check()
        self.total += count
        if self._flow is not None:
            self._flow.came(count)
            return
        self._received += count
        if self._phase is _FIRST_BYTE and count:
            self._enter(_HEAD, self._bounds.head)
        elif time.monotonic() > self._until:
            raise self._timed_out()
        if self._phase is _HEAD and self._received > LONGEST_HEAD:
            raise BrokenAnswer(f"the answer of {self._place}", why=f"its head is longer than {LONGEST_HEAD} bytes")

    def _wait(self) -> None:
        if self._flow is not None:
            self._wait_for(self._flow)
            return
        ready = self._readiness.wait(self._until)
        self._check()
        if not ready:
            raise self._timed_out()

    def _wait_for(self, flow: Flow) -> None:
        began = time.monotonic()
        ready = self._readiness.wait(self._work.until(flow.left))
        self._check()
        flow.waited(time.monotonic() - began)
        what = f"the answer of {self._place} stalled"
        if flow.silent and not ready:
            raise Stalled(what, phase=_BODY, seconds=flow.silence, remedy=_ALIVE)
        if flow.slow is not None and flow.trickles:
            why = f"less than {LEAST_RATE} bytes a second over {spoken(flow.slow)}"
            stalled = Stalled(what, phase=_BODY, seconds=flow.slow, why=why, remedy=_ALIVE)
            stalled.awaited = int(flow.slow * LEAST_RATE)
            raise stalled

    def _check(self) -> None:
        try:
            self._work.check()
        except TimedOut as error:  # the whole has taken too long: with what?
            error.evidence = (f"the answer of {self._place} was being read" if self._flow else self._words,)
            raise

    @property
    def _words(self) -> str:
        return {
            _FIRST_BYTE: f"{self._place} took the request and did not answer",
            _HEAD: f"the head of {self._place}'s answer did not end",
            _BODY: f"the answer of {self._place} stalled",
        }[self._phase]

    def _timed_out(self) -> TimedOut:
        return TimedOut(self._words, phase=self._phase, seconds=self._seconds, remedy=_ALIVE)
