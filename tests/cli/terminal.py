"""`boxship` on a terminal: what it writes there, and what somebody sees of it."""

from __future__ import annotations

__all__ = ["Watched", "screen", "watch"]

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.cli.running import COMMAND, PATIENCE

# ECMA-48: up by lines, erased to the end of the line or of the screen, colours; else a letter.
_WRITTEN = re.compile(r"(\x1b\[[0-9;]*[A-Za-z])|([\s\S])")


@dataclass(frozen=True, slots=True)
class Watched:
    """How the process ended, all that it wrote to the terminal, and what it wrote to a pipe."""

    status: int
    written: str
    output: str

    @property
    def seen(self) -> list[str]:
        """The lines that stand on the terminal in the end."""
        return screen(self.written)


def screen(written: str) -> list[str]:
    """What a terminal shows after this: a carriage return goes back to the line's beginning, and erases nothing."""
    lines, row, column = [""], 0, 0
    for control, character in _WRITTEN.findall(written.replace("\r\n", "\n")):
        if control.endswith("A"):
            row = max(0, row - int(control[2:-1]))
        elif control.endswith(("K", "J")):
            lines[row] = lines[row][:column]
            lines = lines[: row + 1] if control.endswith("J") else lines
        elif character == "\n":
            row, column = row + 1, 0
            lines += [""] * (row == len(lines))
        elif character == "\r":
            column = 0
        elif character:
            lines[row] = lines[row][:column].ljust(column) + character + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines if line.strip()]


def watch(
    *words: str,
    env: Mapping[str, str] | None = None,
    all_of_it: bool = False,
    interrupt_at: str = "",
    typed: str = "",
    answers: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
    patience: float = PATIENCE,
) -> Watched:
    """What becomes of `boxship` with stderr on a terminal (with `all_of_it`, stdout as well).

    Where `interrupt_at` has been written, it is interrupted; `typed` is what somebody types at once, `answers` what
    they type once a question stands there. `command` runs it, for `patience` seconds at most.
    """
    import pty  # which Windows lacks

    ours, theirs = pty.openpty()
    out = theirs if all_of_it else subprocess.PIPE
    surroundings = {**os.environ, "TERM": "xterm", **(env or {})}
    with subprocess.Popen([*command, *words], stdin=theirs, stdout=out, stderr=theirs, env=surroundings) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        written = _read(ours, process, patience, interrupt_at, dict(answers or {}))
        output = process.stdout.read().decode() if process.stdout else ""
        status = process.wait(patience)
    os.close(ours)
    assert "Traceback" not in written, written
    return Watched(status, written, output)


def _read(
    terminal: int, process: subprocess.Popen[bytes], patience: float, interrupt_at: str, answers: dict[str, str]
) -> str:
    written = b""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: nobody has it open any more
            break
        written += piece
        if not piece:
            break
        for question in [question for question in answers if question.encode() in written]:
            os.write(terminal, answers.pop(question).encode())
        if interrupt_at and interrupt_at.encode() in written:
            interrupt_at = ""
            process.send_signal(signal.SIGINT)
    return written.decode()
