"""What goes to people: data on stdout, everything else on stderr; errors in three parts, traces in klog's shape."""

from __future__ import annotations

__all__ = ["Tracer", "complain", "fail", "flush", "given", "leave_output", "one_line", "say", "write"]

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from boxship.errors import BoxshipError, ConnectFailed, InvalidReference, InvalidSettings, TimedOut
from boxship.event import Event

# What a person should know without having asked for a trace.
_WARNINGS = frozenset({"PlainConfirmed", "Settings", "Warning", "Retry"})
_OUTPUT = "standard output"


def say(*lines: str) -> None:
    """Write lines of data to stdout, at once: a reader may be waiting for the first."""
    with _writing(_OUTPUT):
        _output().write("\n".join((*lines, "")))
        _output().flush()


def write(content: bytes | memoryview) -> None:
    """Write bytes to stdout; `flush` sends the last of them."""
    with _writing(_OUTPUT):
        _output().buffer.write(content)


def flush() -> None:
    """Send what stdout still holds."""
    if sys.stdout is not None:
        with _writing(_OUTPUT):
            sys.stdout.flush()


def leave_output() -> None:
    """Write nothing more to stdout: Python would complain once more when it flushes at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _writing(where: str) -> Iterator[None]:
    """A full disk or a letter that an encoding lacks is said; a closed pipe is left to `main`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, UnicodeEncodeError) as error:
        if where is _OUTPUT:
            leave_output()
        why = getattr(error, "strerror", None) or str(error)
        raise BoxshipError(f"{where} cannot be written", why=why) from error


def _output() -> TextIO:
    if sys.stdout is None:
        raise BoxshipError(f"{_OUTPUT} cannot be written", why="it is closed")
    return sys.stdout


def given() -> TextIO:
    """Stdin, where there is one."""
    if sys.stdin is None:
        raise InvalidSettings("standard input", why="it is closed")
    return sys.stdin


def complain(*parts: str) -> None:
    """Write lines to stderr, where there is one."""
    if sys.stderr is not None:
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
    if isinstance(error, ConnectFailed | TimedOut):
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
        self._name = f"--trace {file}"
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
            with _writing(self._name):
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
            with _writing(self._name):
                self._file.close()


def _opened(file: str) -> TextIO:
    try:
        return Path(file).open("w", encoding="utf-8")
    except OSError as error:
        raise InvalidSettings(f"--trace {file}", why=error.strerror or str(error)) from error
