"""What goes to people: data on stdout, everything else on stderr; errors in three parts, traces in klog's shape."""

from __future__ import annotations

__all__ = ["Tracer", "complain", "fail", "one_line", "output", "say"]

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TextIO

from boxship.errors import BoxshipError, ConnectFailed, InvalidReference, InvalidSettings
from boxship.event import Event

# What a person should know without having asked for a trace.
_WARNINGS = frozenset({"PlainConfirmed", "Settings", "Warning", "Retry"})


def say(*lines: str) -> None:
    """Write lines of data to stdout, at once: a reader may be waiting for the first."""
    sys.stdout.write("\n".join((*lines, "")))
    sys.stdout.flush()


def output() -> BinaryIO:
    """Stdout for bytes."""
    return sys.stdout.buffer


def complain(*parts: str) -> None:
    """Write lines to stderr."""
    sys.stderr.write("".join(f"{part}\n" for part in parts if part))


def fail(error: BoxshipError, *, verbose: int = 0) -> None:
    """Write an error: what failed, why, what to do; with `-v` the story that led to it."""
    complain(*map(one_line, error_lines(error)))
    if verbose:
        complain("timeline:", *(f"  {event}" for event in error.timeline if verbose > 1 or event.level != "D"))


def one_line(line: str) -> str:
    """The words, of which some may be a server's, on one line, and sending a terminal nothing."""
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def error_lines(error: BoxshipError) -> Iterable[str]:
    """The lines of an error."""
    yield f"boxship: {error.what}"
    if isinstance(error, InvalidReference):
        yield from (f"  {line}" for line in error.caret.splitlines())
    if error.why:
        yield f"  why: {error.why}"
    if isinstance(error, ConnectFailed):
        yield from (f"  tried: {line}" for line in error.evidence)
    if error.remedy:
        yield f"  do: {error.remedy}"


class Tracer:
    """Listens to events: `-v` writes them to stderr, `-vv` headers, too; `--trace FILE` writes JSON lines.

    Warnings are always said.
    """

    def __init__(self, verbose: int, file: str | None) -> None:
        self._verbose = verbose
        self._file = _opened(file) if file else None
        self._said: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        if self._file:
            fields = {
                "at": event.at,
                "name": event.name,
                "text": event.text,
                "source": event.source,
                "level": event.level,
            }
            self._file.write(json.dumps(fields) + "\n")
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
        if self._file:
            self._file.close()


def _opened(file: str) -> TextIO:
    try:
        return Path(file).open("w", encoding="utf-8")
    except OSError as error:
        raise InvalidSettings(f"--trace {file}", why=error.strerror or str(error)) from error
