"""What is being looked at is told to who listens: somebody at a terminal sees what an examination waits for."""

from __future__ import annotations

__all__ = ["Looking"]

from collections.abc import Iterator
from contextlib import contextmanager

from boxship.connect.trace import Trace
from boxship.event import Listener


class Looking:
    """Tells of each look when it begins and when it ends. Safe to use from several threads."""

    def __init__(self, listener: Listener | None) -> None:
        self._trace = Trace(listener)

    @contextmanager
    def at(self, layer: str, place: str) -> Iterator[None]:
        """While the block lasts, that layer of that place is being looked at."""
        facts = {"look": f"{layer} {place}"}
        self._trace.say("LookStart", f"{layer} {place}", level="D", facts=facts, depth=3)
        try:
            yield
        finally:
            self._trace.say("LookDone", f"{layer} {place}", level="D", facts=facts, depth=3)
