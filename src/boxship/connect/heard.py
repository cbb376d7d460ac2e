"""Waiting for another thread, with an ear for signals: Ctrl-C ends it."""

from __future__ import annotations

__all__ = ["ended", "next_of"]

import queue
import threading
from typing import TypeVar

Item = TypeVar("Item")

# Seconds after which the interpreter looks whether a signal has come. One that comes as a thread begins to wait, while
# it gives the interpreter away, does not end that wait: Ctrl-C was not heard once in some hundred copies.
_LOOK = 0.1


def next_of(line: queue.Queue[Item] | queue.SimpleQueue[Item]) -> Item:
    """Wait for what comes next, whenever that is."""
    while True:
        try:
            return line.get(timeout=_LOOK)
        except queue.Empty:
            pass


def ended(thread: threading.Thread) -> None:
    """Wait until it has ended, whenever that is."""
    while thread.is_alive():
        thread.join(_LOOK)
