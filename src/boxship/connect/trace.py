"""The story of one operation: its events, collected for the error that may end it and told to whoever listens."""

from __future__ import annotations

__all__ = ["Trace"]

import os
import sys
import time
from collections import deque

from boxship.event import Event, Listener

# A story longer than this is that of a bulk operation; its end is what an error needs.
_LONGEST_STORY = 400


class Trace:
    """Events in the order they happened. Safe to use from several threads."""

    __slots__ = ("_events", "_listener")

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._events: deque[Event] = deque(maxlen=_LONGEST_STORY)

    def say(self, name: str, text: str, *, level: str = "I") -> None:
        """Record that `name` happened, with the facts in `text`: no secret may stand in it."""
        caller = sys._getframe(1)
        source = f"{caller.f_code.co_filename.rpartition(os.sep)[2]}:{caller.f_lineno}"
        event = Event(name, text, time.time(), source, level)
        self._events.append(event)
        if self._listener:
            self._listener(event)

    @property
    def heard(self) -> bool:
        """Whether somebody listens: details that are costly to write are only told then."""
        return self._listener is not None

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened so far (of a long story, its end)."""
        return tuple(self._events)
