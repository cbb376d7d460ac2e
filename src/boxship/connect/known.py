"""What this process knows of one site: its verdict, the race that may go on, a spare connection, and who is at it."""

from __future__ import annotations

__all__ = ["Known", "closed"]

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.connect.deadline import Work
from boxship.connect.holding import held
from boxship.connect.reach import Run
from boxship.connect.verdict import Line, Verdict
from boxship.errors import Cancelled, Unreachable

_PARTING = 1.0  # what is cancelled has ended within 0.2 s, unless the end was asked for in its own listener


class Known:
    """A site's state. It is changed only by whoever has it to themselves."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.work: Work | None = None
        self.verdict: Verdict | None = None
        self.run: Run | None = None
        self.spare: Line | None = None
        self.closed = False
        self.races = 0
        self.failure: Unreachable | None = None
        """Why the last race was lost; for those who waited for it."""

    @contextmanager
    def held(self, work: Work) -> Iterator[None]:
        """The site to oneself; others that race for it are waited for."""
        with held(self.lock, work.check):
            self.work = work
            try:
                if self.closed:
                    raise closed()
                yield
            finally:
                self.work = None
                if self.closed:
                    self.close()  # what was opened while somebody closed

    def end(self) -> None:
        """Close from another thread than the one that races: that one is told, and lets go of its sockets itself."""
        self.closed = True
        if work := self.work:
            work.cancel()
        if self.lock.acquire(timeout=_PARTING):
            self.close()
            self.lock.release()

    def close(self) -> None:
        """Give up the race and the spare connection."""
        if self.run:
            self.run.close()
        if self.spare:
            self.spare.sock.close()
        self.run = self.spare = None


def closed() -> Cancelled:
    """What whoever still uses a closed client is told."""
    return Cancelled("the client is closed")
