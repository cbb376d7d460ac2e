"""What goes to people: data on stdout, everything else on stderr, and errors in three parts.

The events of a story are `tracer`'s; a status line gives way to all that is written here.
"""

from __future__ import annotations

__all__ = ["STATUS", "complain", "fail", "flush", "given", "leave_output", "one_line", "say", "write", "writing"]

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from boxship.cli.status_line import StatusLine
from boxship.errors import BoxshipError, InvalidSettings

STATUS = StatusLine()
_OUTPUT = "standard output"


def say(*lines: str) -> None:
    """Write lines of data to stdout, at once: a reader may be waiting for the first."""
    with STATUS, writing(_OUTPUT):
        _output().write("\n".join((*lines, "")))
        _output().flush()


def write(content: bytes | memoryview) -> None:
    """Write bytes to stdout; `flush` sends the last of them."""
    with STATUS, writing(_OUTPUT):
        _write_all(_output().buffer, content)
        STATUS.after(content)


def _write_all(output: BinaryIO, content: bytes | memoryview) -> None:
    """Where stdout is not buffered (PYTHONUNBUFFERED), a disk or a pipe may take a part, and say so."""
    rest = memoryview(content)
    while rest:
        rest = rest[output.write(rest) :]


def flush() -> None:
    """Send what stdout still holds."""
    if sys.stdout is not None:
        with STATUS, writing(_OUTPUT):
            sys.stdout.flush()


def leave_output() -> None:
    """Write nothing more to stdout: Python would complain once more when it flushes at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def writing(where: str) -> Iterator[None]:
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


def read(file: str, told: str = "") -> bytes:
    """What is in a file that was named (as `told`), or in standard input, which `-` names."""
    try:
        return given().buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InvalidSettings(told or file, why=f"cannot be read: {error.strerror or error}") from error


def complain(*parts: str) -> None:
    """Write lines to stderr, where there is one."""
    if sys.stderr is not None:
        with STATUS:
            sys.stderr.write("".join(f"{part}\n" for part in parts if part))


def fail(error: BoxshipError, chosen: argparse.Namespace | None = None, reference: str = "") -> None:
    """Write an error of what was chosen: what failed, why, what to do.

    The story that led to it has been told by then, where it was asked for (`tracer`).

    `reference` is what failed, where several were chosen.
    """
    from boxship.ui.failure import error_lines  # noqa: PLC0415 -- only where something fails

    meant = _file_meant(error, chosen) if chosen else ""
    error.remedy = meant or error.remedy
    complain(*map(one_line, error_lines(error)))
    if chosen and not meant:
        complain(*map(one_line, _hint(error, chosen, reference)))


def _file_meant(error: BoxshipError, chosen: argparse.Namespace) -> str:
    from boxship.cli.hint import file_meant  # noqa: PLC0415 -- only where something fails

    return file_meant(error, chosen)


def _hint(error: BoxshipError, chosen: argparse.Namespace, reference: str) -> Iterator[str]:
    """What took the time, and who looks further: where a registry was asked, and did not say that there is nothing."""
    from boxship.cli.hint import doctor_command  # noqa: PLC0415 -- only where something fails
    from boxship.ui.failure import is_examined, short_timeline  # noqa: PLC0415

    if not is_examined(error):
        return

    yield f"  took: {short_timeline(error.timeline)}"
    if command := doctor_command(chosen, error.timeline, reference):
        yield f"  more: {command}"


def one_line(line: str) -> str:
    """The words, of which some may be a server's, on one line, and sending a terminal nothing."""
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)
