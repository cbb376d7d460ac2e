"""Waiting for one socket, without a descriptor of one's own and for any number of open files; on every system."""

from __future__ import annotations

__all__ = ["READ", "WRITE", "Readiness"]

import selectors
import time
from typing import Protocol

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

# `select` knows only descriptors below 1024, and is all that Windows has (where they are no such numbers).
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


class _HasDescriptor(Protocol):
    def fileno(self) -> int: ...


class Readiness:
    """Whether a socket can be read or written."""

    def __init__(self, sock: _HasDescriptor, events: int = READ) -> None:
        self._selector = _Selector()
        self._selector.register(sock.fileno(), events)

    def wait(self, until: float) -> int:
        """What the socket is ready for, waiting for it until that monotonic time; 0 where it is not."""
        ready = self._selector.select(max(0.0, until - time.monotonic()))
        return ready[0][1] if ready else 0

    def now(self) -> int:
        """What the socket is ready for, without waiting."""
        return self.wait(0.0)
