"""A turn that is waited for no longer than an operation may last: who has it may be waiting for a server."""

from __future__ import annotations

__all__ = ["in_turn"]

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.connect.deadline import Work

_TURN = 0.05  # seconds between a waiting thread's looks at its own cancellation


@contextmanager
def in_turn(lock: threading.Lock, work: Work) -> Iterator[None]:
    """Hold the lock."""
    while not lock.acquire(timeout=_TURN):
        work.check()
    try:
        yield
    finally:
        lock.release()
