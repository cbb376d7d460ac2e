"""A lock that is waited for no longer than an operation may last: who has it may be waiting for a server."""

from __future__ import annotations

__all__ = ["held"]

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TURN = 0.05  # seconds between a waiting thread's looks at whether its operation is to end


@contextmanager
def held(lock: threading.Lock, check: Callable[[], None]) -> Iterator[None]:
    """Hold the lock; whoever waits for it calls `check`, which raises where the operation is to end."""
    while not lock.acquire(timeout=_TURN):
        check()
    try:
        yield
    finally:
        lock.release()
