"""Who listens to the events of a command: lines in klog's shape, warnings, notices on a terminal, a trace file."""

from __future__ import annotations

__all__ = ["Tracer"]

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from boxship.cli.console import STATUS, complain, writing
from boxship.cli.status_line import on_terminal
from boxship.errors import BoxshipError, InvalidSettings
from boxship.event import Event

if TYPE_CHECKING:
    from boxship.cli.notices import Notices
    from boxship.cli.progress import Progress

# The forms of a trace and the notices are imported where they are asked for.
# ruff: noqa: PLC0415

# What a person should know without having asked for a trace.
_WARNINGS = frozenset({"PlainConfirmed", "Settings", "Warning", "Retry"})


class TraceFile(Protocol):
    """A trace on its way to a file: whole, and valid, once it is closed."""

    def hear(self, event: Event) -> None:
        """Take an event."""

    def close(self) -> None:
        """Write what is still to be written."""


class Tracer:
    """Listens to events: `-v` writes them to stderr, `-vv` headers, too; `--trace FILE` writes them to a file.

    Warnings are always said. Without `-v`, a terminal is told what is being waited for, unless it is to be quiet.
    """

    def __init__(
        self, verbose: int, file: str | None, *, quiet: bool = False, progress: Progress | None = None
    ) -> None:
        self._progress = progress
        self._verbose, self._name = verbose, f"--trace {file}"
        self._file = _opened(file, self._name) if file else None
        self._notices = _notices() if not verbose and not quiet and on_terminal() else None
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self._failure: BoxshipError | None = None
        self._over = False

    @property
    def details(self) -> bool:
        """Whether anybody reads more than the warnings (`Trace` asks)."""
        return bool(self._verbose or self._file or self._notices)

    def __call__(self, event: Event) -> None:
        """Hear of an event, in any thread."""
        if self._notices:
            self._notices.hear(event)
        if self._progress:
            self._progress.hear(event)
        with self._lock:
            if not self._over:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        if self._file and not self._failure:
            self._try_to(partial(self._file.hear, event))
        if self._verbose > (event.level == "D"):
            complain(str(event))
        elif event.level == "W" and event.name in _WARNINGS and event.text not in self._said:
            self._said.add(event.text)
            complain(f"boxship: warning: {event.text}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._notices:
            self._notices.close()
        if self._progress:
            self._progress.close()
        with self._lock:
            self._over = True
        if self._file:
            self._try_to(self._file.close)
        if self._failure:
            if error is None:
                raise self._failure
            complain(f"boxship: warning: {self._failure}")

    def _try_to(self, write: Callable[[], None]) -> None:
        """What cannot be written is said when the command has ended: that goes on without it."""
        try:
            with writing(self._name):
                write()
        except BoxshipError as failure:
            self._failure = self._failure or failure


def _notices() -> Notices:
    from boxship.cli.notices import Notices

    return Notices(STATUS)


def _opened(file: str, name: str) -> TraceFile:
    if file == "-":
        raise InvalidSettings(name, why="standard output is for data", remedy="name a file, or use -v: stderr has it")
    from boxship.cli.har import HAR
    from boxship.cli.json_lines import JSONLines

    try:
        text = Path(file).open("w", encoding="utf-8")  # noqa: SIM115 -- the form closes it
    except OSError as error:
        raise InvalidSettings(name, why=error.strerror or str(error)) from error
    if not file.lower().endswith(".har"):
        return JSONLines(text)
    from boxship.cli.termination import end_on_sigterm

    end_on_sigterm()  # a document is whole when it has been closed
    return HAR(text)
