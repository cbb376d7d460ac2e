"""One operation's bounds: how long it may take in all and in each phase, and how it is cancelled.

`Work` is what every wait in boxship belongs to. Whoever waits registers how to be woken; `cancel` wakes them all.
"""

from __future__ import annotations

__all__ = ["DOCUMENT_ALL", "OPERATION", "Bounds", "Work", "check_current", "current_work", "own_part"]

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from copy import copy

from boxship.connect.trace import Trace
from boxship.errors import Cancelled, InvalidSettings, TimedOut
from boxship.event import Listener
from boxship.seconds import Seconds, told_by
from boxship.value import dataclass, fields

# The phases of bounds that are an operation's own, or a part's of it: what else waits for the same may go on.
OPERATION = "--timeout"
DOCUMENT_ALL = "a document and all it needs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long each phase may last, in seconds (docs/connecting.md, "Time")."""

    names: float = 12.0
    """For the first address: a dead first nameserver alone costs glibc 5 s."""
    connect: float = 5.0
    """From the last address's start to the SYN-ACK."""
    connect_all: float = 8.0
    """From the first address's start."""
    tls: float = 10.0
    """From the hello to the end of the handshake."""
    tls_first_byte: float = 5.0
    """From the hello to the first byte: longer is mute."""
    proxy: float = 30.0
    """For a proxy's answer to CONNECT or to SOCKS."""
    patience: float = 60.0
    """For dialling a host again that has already answered in this process."""
    question: float = 10.0
    """For the answer to `GET /v2/` of a plain port that nobody named: longer is no registry to fall back on."""
    first_byte: float = 75.0
    """From a request to the first byte of its answer: `/v2/`, tokens, manifests."""
    first_byte_slow: float = 300.0
    """The same for what a registry may have to search for: tags, catalog, blobs."""
    first_byte_moving: float = 900.0
    """The same for what makes a registry move bytes: the PUT that closes an upload, a mount, a manifest that is put."""
    head: float = 15.0
    """From the first byte of an answer's head to its end."""
    document: float = 60.0
    """For a whole document: a trickle is a stall."""
    document_all: float = 180.0
    """For a document with its token, redirects and retries; a page of a list has `first_byte_slow` besides."""
    silence: float = 30.0
    """Without a byte inside a blob: then the rest is asked for beside it."""
    slow: float = 60.0
    """Over which a blob must bring 1 KiB a second, or the rest is asked for beside it."""
    abandoned: float = 300.0
    """From a blob's last byte until its connection is given up, while the rest is asked for beside it."""
    sending: float = 60.0
    """Without the kernel taking a byte."""
    helper: float = 20.0
    """For a credential helper."""

    def __post_init__(self) -> None:
        """A bound that is not the default remembers who chose it: a flag (`Seconds`), else whoever made these."""
        for field in fields(self):
            seconds: float = getattr(self, field.name)
            if not seconds >= 0:  # not a number is none, either
                raise InvalidSettings(f"Bounds.{field.name}", why=f"{seconds!r} is no number of seconds")
            if seconds != field.default and not told_by(seconds):
                object.__setattr__(self, field.name, Seconds(seconds, f"Bounds.{field.name}"))


class _End:
    """Whether an operation is to end, and who is woken then. Its parts share it."""

    __slots__ = ("cancelled", "lock", "wakers")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wakers: dict[object, Callable[[], None]] = {}
        self.cancelled = False


class _Watch:
    """A waker in its place. No generator: each request has one, and that is 2 us less."""

    __slots__ = ("_end", "_wake")

    def __init__(self, end: _End, wake: Callable[[], None]) -> None:
        self._end, self._wake = end, wake

    def __enter__(self) -> None:
        with self._end.lock:
            self._end.wakers[self] = self._wake
            late = self._end.cancelled
        if late:
            self._wake()

    def __exit__(self, *_: object) -> None:
        with self._end.lock:
            del self._end.wakers[self]


class Work:
    """One operation in progress. `cancel` may be called from any thread; all else belongs to the operation's own."""

    def __init__(
        self, *, timeout: float | None = None, listener: Listener | None = None, segment: int | None = None
    ) -> None:
        """`segment`: what a packet of its connections carries at most, in bytes, either way."""
        self.trace = Trace(listener)
        self.segment = segment
        self._end = _End()
        self._until: float | None = None
        self._seconds, self._phase = 0.0, ""
        if timeout is not None:
            self._limit(timeout, OPERATION)

    @property
    def cancelled(self) -> bool:
        """Whether somebody has called `cancel`."""
        return self._end.cancelled

    def within(self, seconds: float, phase: str) -> Work:
        """A part of this operation that may take so many seconds: cancelled with the whole, and over with it."""
        part = copy(self)
        part._limit(seconds, phase)
        return part

    @contextmanager
    def part(self) -> Iterator[Work]:
        """A part of this operation that can also be cancelled alone; it is over with the whole."""
        part = copy(self)
        part._end = _End()
        with self.watch(part.cancel):
            yield part

    def __copy__(self) -> Work:
        same = Work.__new__(Work)  # what `copy` does by itself would take 3 us of each request
        same.trace, same.segment, same._end = self.trace, self.segment, self._end
        same._until, same._seconds, same._phase = self._until, self._seconds, self._phase
        return same

    def cancel(self) -> None:
        """Wake everything that waits for this operation; it ends with `Cancelled`."""
        with self._end.lock:
            self._end.cancelled = True
            wakers = tuple(self._end.wakers.values())
        with ExitStack() as stack:  # one that raises keeps no other from being called
            for wake in reversed(wakers):
                stack.callback(wake)

    def watch(self, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `wake` on cancellation, for as long as the context lasts. `wake` must not block."""
        return _Watch(self._end, wake)

    def check(self) -> None:
        """Raise `Cancelled` or `TimedOut` if the operation is to end now."""
        if self._end.cancelled:
            raise Cancelled("cancelled")
        if self._until is not None and time.monotonic() >= self._until:
            raise self._timed_out()

    def until(self, seconds: float) -> float:
        """The monotonic time at which a phase of `seconds` that begins now ends: with the operation at the latest."""
        end = time.monotonic() + seconds
        return end if self._until is None else min(end, self._until)

    def at_most(self, seconds: float) -> float:
        """So many seconds, or what is left of the operation where that is less; that says of which bound it is left."""
        left = seconds if self._until is None else max(0.0, self._until - time.monotonic())
        if seconds <= left:
            return seconds
        # In whole milliseconds, none less than is left: whoever waited so long finds the operation over by `check`.
        return Seconds(math.ceil(left * 1000 - 1e-6) / 1000, f"what is left of {self._phase}")

    def sleep(self, seconds: float) -> None:
        """Wait; end early, by raising, when the operation is to end."""
        woken = threading.Event()
        with self.watch(woken.set):
            woken.wait(max(0.0, self.until(seconds) - time.monotonic()))
        self.check()

    def _limit(self, seconds: float, phase: str) -> None:
        until = time.monotonic() + seconds
        if self._until is None or until < self._until:
            self._until, self._seconds, self._phase = until, seconds, phase

    def _timed_out(self) -> TimedOut:
        return TimedOut(f"not done within {self._seconds:g} s", phase=self._phase, seconds=self._seconds)


# The operation that this thread is working on, where somebody else began it: `AsyncClient`, who may cancel it.
current_work: ContextVar[Work | None] = ContextVar("current_work", default=None)


@contextmanager
def own_part(new: Callable[[], Work] = Work) -> Iterator[Work]:
    """A part of what this thread is working on, or of what is new; the thread works on that until the context is left.

    An error that leaves it ends all that is at it.
    """
    with (current_work.get() or new()).part() as part:
        token = current_work.set(part)
        try:
            yield part
        except BaseException:
            part.cancel()
            raise
        finally:
            current_work.reset(token)


def check_current() -> None:
    """Raise `Cancelled` or `TimedOut` if what this thread is working on is to end now.

    For work on this machine's own files, which waits for nobody and can be long all the same: with each piece of it.
    """
    work = current_work.get()
    if work is not None:
        work.check()
