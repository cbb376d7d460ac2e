"""Who listens to how far copies are, and has it shown: as bars on a terminal, as lines elsewhere, or as JSON."""

from __future__ import annotations

__all__ = ["FORMS", "Progress", "progress_of"]

import threading
import time

from boxship.cli.displays import DISPLAYS, Display
from boxship.cli.status_line import on_terminal
from boxship.cli.tally import Tally
from boxship.event import Event

FORMS = ("auto", "plain", "json", "none")
_EVENTS = frozenset({"Copy", "Validation", "BlobProgress", "Blob", "Copied"})


class Progress:
    """Listens to a command's events. Safe to use from several threads; whoever made it closes it."""

    def __init__(self, display: Display) -> None:
        self._display, self._tally = display, Tally()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def hear(self, event: Event) -> None:
        """Take an event into account, if it is of a copy."""
        if event.name not in _EVENTS:
            return
        with self._lock:
            if self._over.is_set():
                return
            self._tally.hear(event, time.monotonic())
            self._display.hear(event)
            if not self._watcher:
                self._watcher = threading.Thread(target=self._watch, name="boxship-progress", daemon=True)
                self._watcher.start()

    def close(self) -> None:
        """Show nothing more. The thread is not waited for."""
        with self._lock:
            self._over.set()
            self._display.close()

    def _watch(self) -> None:
        while not self._over.wait(self._display.every):
            with self._lock:
                if not self._over.is_set():
                    self._display.look(self._tally, time.monotonic())


def progress_of(form: str, *, verbose: bool, quiet: bool) -> Progress | None:
    """What `--progress FORM` asks for; by itself, nothing is shown beside a trace, or to who wants it quiet."""
    if form == "auto":
        form = "none" if verbose or quiet else "bars" if on_terminal() else "plain"
    return Progress(DISPLAYS[form]()) if form in DISPLAYS else None
