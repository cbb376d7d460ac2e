"""Waiting for one socket, without a descriptor of one's own and for any number of open files; on every system."""

from __future__ import annotations

__all__ = ["LONGEST_WAIT", "READ", "WRITE", "Readiness"]

import select
import selectors
import sys
import time
from math import ceil
from typing import Protocol

LONGEST_WAIT = 86_400.0  # seconds at a time: no system takes a number without end
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class _HasDescriptor(Protocol):
    def fileno(self) -> int: ...


class Readiness:
    """Whether a socket can be read or written."""

    def __init__(self, sock: _HasDescriptor, events: int = READ) -> None:
        self._waits = _Waits(sock.fileno(), events)

    def wait(self, until: float) -> int:
        """What the socket is ready for, waiting for it until that monotonic time; 0 where it is not."""
        while True:
            left = until - time.monotonic()
            ready = self._waits(min(LONGEST_WAIT, max(0.0, left)))
            if ready or left <= LONGEST_WAIT:
                return ready

    def now(self) -> int:
        """What the socket is ready for, without waiting."""
        return self._waits(0.0)


if sys.platform == "win32":

    class _Waits:
        """`select`, which is all that Windows has (and where descriptors are no small numbers)."""

        def __init__(self, descriptor: int, events: int) -> None:
            self._read = [descriptor] if events & READ else []
            self._write = [descriptor] if events & WRITE else []

        def __call__(self, seconds: float) -> int:
            # A connection that failed is neither readable nor writable there, but exceptional.
            read, write, failed = select.select(self._read, self._write, self._write, seconds)
            return (READ if read else 0) | (WRITE if write or failed else 0)

else:

    class _Waits:
        """`poll`, which knows any descriptor. Without the layer of `selectors` a request takes 4 us less."""

        def __init__(self, descriptor: int, events: int) -> None:
            self._poll = select.poll()
            self._poll.register(
                descriptor, (select.POLLIN if events & READ else 0) | (select.POLLOUT if events & WRITE else 0)
            )
            self._events = events

        def __call__(self, seconds: float) -> int:
            found = self._poll.poll(ceil(seconds * 1000))
            return _meant(found[0][1]) & self._events if found else 0

    def _meant(found: int) -> int:
        # An end or an error is found by reading or writing.
        return (READ if found & ~select.POLLOUT else 0) | (WRITE if found & ~select.POLLIN else 0)
