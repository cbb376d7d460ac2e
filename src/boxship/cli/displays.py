"""What is shown of how far copies are: bars, lines, or JSON. All of it goes to stderr."""

from __future__ import annotations

__all__ = ["DISPLAYS", "Display"]

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Protocol

from boxship.cli.amounts import amount
from boxship.cli.bars import bars
from boxship.cli.console import STATUS, complain
from boxship.cli.ink import ink_of
from boxship.cli.status_line import columns
from boxship.cli.tally import Tally, bytes_of, seconds_of
from boxship.event import Event, Fact

_SCHEMA = "boxship.progress/1"
_NAME = 19  # of a digest: its algorithm and twelve digits


class Display(Protocol):
    """What is shown of a tally."""

    every: float
    """Seconds from one look at it to the next."""

    def hear(self, event: Event) -> None:
        """An event has been counted."""

    def look(self, tally: Tally, now: float) -> None:
        """Show how far it is."""

    def close(self) -> None:
        """Show nothing more."""


class _Bars:
    """A bar for each blob on its way, in place."""

    every = 0.2

    def __init__(self) -> None:
        self._ink = ink_of(sys.stderr, os.environ)

    def hear(self, event: Event) -> None:
        if event.name == "Copied":
            complain(_summary(event))

    def look(self, tally: Tally, now: float) -> None:
        going = tally.done < tally.blobs
        STATUS.show_above(tuple(bars(tally, columns() - 1, self._ink, now)) if going else ())

    def close(self) -> None:
        STATUS.show_above(())


class _Lines:
    """A line for each blob that is there, and one for all of them from time to time."""

    every = 10.0

    def hear(self, event: Event) -> None:
        if event.name == "Blob":
            complain(_blob(event))
        elif event.name == "Copied":
            complain(_summary(event))

    def look(self, tally: Tally, now: float) -> None:
        if tally.done < tally.blobs:
            words = f"{tally.done} of {amount(tally.blobs, 'blob')}, {bytes_of(tally.at)} of {bytes_of(tally.size)}"
            complain(f"boxship: {words}, {_pace(tally, now)}")

    def close(self) -> None:
        pass


class _JSON:
    """A line for each event."""

    every = 3600.0  # it says nothing by itself

    def hear(self, event: Event) -> None:
        complain(json.dumps({"schema": _SCHEMA, "event": event.name, "time": event.at, **event.facts}))

    def look(self, tally: Tally, now: float) -> None:
        pass

    def close(self) -> None:
        pass


def _pace(tally: Tally, now: float) -> str:
    left = tally.left(now)
    return f"{bytes_of(tally.rate(now))}/s" + (f", {seconds_of(left)} left" if left is not None else "")


def _blob(event: Event) -> str:
    """A blob that is where it was to come."""
    facts = event.facts
    took = f" in {_number(facts['seconds']):.1f} s" if facts["how"] not in ("mounted", "present") else ""
    how = "copied" if facts["how"] == "pushed" else facts["how"]  # to a registry or to a file
    return f"boxship: {str(facts['digest'])[:_NAME]} {how}, {bytes_of(_number(facts['size']))}{took}"


def _summary(event: Event) -> str:
    """What a copy came to."""
    facts = event.facts
    size, took = _number(facts["size"]), _number(facts["seconds"])
    pace = f" ({bytes_of(size)} in {took:.1f} s, {bytes_of(size / took)}/s)" if size and took else ""
    others = "".join(f", {facts[how]} {how}" for how in ("mounted", "present") if facts[how])
    copied = amount(int(_number(facts["pushed"])), "blob")
    return f"boxship: {facts['digest']}: {copied} copied{pace}{others}"


def _number(fact: Fact) -> float:
    return fact if isinstance(fact, int | float) else 0.0


DISPLAYS: Mapping[str, Callable[[], Display]] = {"bars": _Bars, "plain": _Lines, "json": _JSON}
