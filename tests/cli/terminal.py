"""`boxship` on a terminal: what it writes there, and what somebody sees of it."""

from __future__ import annotations

__all__ = ["Watched", "screen", "watch"]

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.cli.running import COMMAND, PATIENCE


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
    lines = [""]
    column = 0
    for character in written.replace("\r\n", "\n"):
        if character == "\n":
            lines.append("")
            column = 0
        elif character == "\r":
            column = 0
        else:
            lines[-1] = lines[-1][:column].ljust(column) + character + lines[-1][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines if line.strip()]


def watch(
    *words: str,
    env: Mapping[str, str] | None = None,
    all_of_it: bool = False,
    interrupt_at: str = "",
    command: Sequence[str] = COMMAND,
    patience: float = PATIENCE,
) -> Watched:
    """What becomes of `boxship` with stderr on a terminal (with `all_of_it`, stdout as well).

    Where `interrupt_at` has been written, it is interrupted. `command` runs it, for `patience` seconds at most.
    """
    import pty  # which Windows lacks

    ours, theirs = pty.openpty()
    out = theirs if all_of_it else subprocess.PIPE
    surroundings = {**os.environ, "TERM": "xterm", **(env or {})}
    with subprocess.Popen([*command, *words], stdin=theirs, stdout=out, stderr=theirs, env=surroundings) as process:
        os.close(theirs)
        written = _read(ours, process, patience, interrupt_at)
        output = process.stdout.read().decode() if process.stdout else ""
        status = process.wait(patience)
    os.close(ours)
    assert "Traceback" not in written, written
    return Watched(status, written, output)


def _read(terminal: int, process: subprocess.Popen[bytes], patience: float, interrupt_at: str) -> str:
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
        if interrupt_at and interrupt_at.encode() in written:
            interrupt_at = ""
            process.send_signal(signal.SIGINT)
    return written.decode()
