"""Waiting for what another thread brings, with an ear for signals: Ctrl-C ends it."""

from __future__ import annotations

__all__ = ["next_of"]

import queue
from typing import TypeVar

Item = TypeVar("Item")

# Seconds after which the interpreter looks whether a signal has come. One that comes as a thread begins to wait, while
# it gives the interpreter away, does not end that wait: Ctrl-C was not heard once in some hundred copies.
_LOOK = 0.1


def next_of(line: queue.Queue[Item] | queue.SimpleQueue[Item]) -> Item:
    """What comes next, whenever that is."""
    while True:
        try:
            return line.get(timeout=_LOOK)
        except queue.Empty:
            pass
