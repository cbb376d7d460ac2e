"""The story of one operation: its events, collected for the error that may end it and told to whoever listens."""

from __future__ import annotations

__all__ = ["Trace"]

import os
import sys
import time
from collections import deque
from collections.abc import Mapping
from types import CodeType

from boxship.event import Event, Fact, Listener

# A story longer than this is that of a bulk operation; its end is what an error needs.
_LONGEST_STORY = 400

_NONE: Mapping[str, Fact] = {}

# What an `Event` is made of. Most stories are told to nobody: making events of them would cost more than the rest.
_Record = tuple[str, str, float, CodeType, int, str, Mapping[str, Fact]]


class Trace:
    """Events in the order they happened. Safe to use from several threads."""

    __slots__ = ("_listener", "_records", "heard")

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self.heard: bool = listener is not None and getattr(listener, "details", True)
        """Whether somebody listens to details: what is costly to write is only told then."""
        self._records: deque[_Record] = deque(maxlen=_LONGEST_STORY)

    def say(self, name: str, text: str, *, level: str = "I", facts: Mapping[str, Fact] = _NONE, depth: int = 1) -> None:
        """Record that `name` happened, with the facts in `text` and, for programs, apart: no secret may be there.

        `depth`: how many calls up the line stands that says so.
        """
        caller = sys._getframe(depth)
        record = (name, text, time.time(), caller.f_code, caller.f_lineno, level, facts)
        self._records.append(record)
        if self._listener:
            self._listener(_event(record))

    def tell(self, name: str, text: str, *, facts: Mapping[str, Fact]) -> None:
        """Tell a detail to whoever listens, and keep nothing: what comes often would be all that a story has."""
        if self._listener:
            caller = sys._getframe(1)
            self._listener(_event((name, text, time.time(), caller.f_code, caller.f_lineno, "D", facts)))

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened so far (of a long story, its end)."""
        return tuple(map(_event, tuple(self._records)))


def _event(record: _Record) -> Event:
    name, text, at, code, line, level, facts = record
    return Event(name, text, at, f"{code.co_filename.rpartition(os.sep)[2]}:{line}", level, facts)
