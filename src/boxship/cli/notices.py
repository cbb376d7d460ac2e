"""On a terminal, a wait that lasts says what is being waited for, and for how long."""

from __future__ import annotations

__all__ = ["Notices"]

import threading
import time

from boxship.cli.status_line import StatusLine
from boxship.cli.waits import Waits
from boxship.event import Event

_TICK = 0.2  # seconds between two looks


class Notices:
    """Shows the waits that events tell of. Safe to use from several threads; whoever made it closes it."""

    def __init__(self, line: StatusLine) -> None:
        self._line, self._waits = line, Waits()
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._over = threading.Event()
        self._shown = ""

    def hear(self, event: Event) -> None:
        """Take an event into account: what it ends is gone at once."""
        with self._lock:
            self._waits.hear(event, time.monotonic())
            if self._shown:
                self._show()
            if not self._watcher:
                self._watcher = threading.Thread(target=self._watch, name="boxship-notices", daemon=True)
                self._watcher.start()

    def close(self) -> None:
        """Show nothing, now and later. The thread is not waited for."""
        with self._lock:
            self._over.set()
            self._line.erase()

    def _watch(self) -> None:
        while not self._over.wait(_TICK):
            with self._lock:
                if not self._over.is_set():
                    self._show()

    def _show(self) -> None:
        words = self._waits.words(time.monotonic())
        if words:
            self._line.show(f"boxship: {words}")
        elif self._shown:
            self._line.erase()
        self._shown = words
