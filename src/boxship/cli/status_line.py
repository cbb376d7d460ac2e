"""The last line of a terminal, rewritten in place, and gone before anything else is written.

What it says is `notices`' to decide; `console` writes everything else.
"""

from __future__ import annotations

__all__ = ["StatusLine", "on_terminal"]

import os
import sys
import threading
from types import TracebackType
from typing import Self

_NARROW = 80  # columns, where the terminal does not tell


class StatusLine:
    """One line on stderr. In `with`, it is gone, and stays so until the end of the block."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._shown = ""
        self._in_the_way = False

    def show(self, text: str) -> None:
        """Show the text instead of what was shown; nothing where the data has left its last line open."""
        with self._lock:
            text = text[: _columns() - 1]
            if self._in_the_way or text == self._shown:
                return
            self._write(f"\r{text:<{len(self._shown)}}")
            self._shown = text

    def erase(self) -> None:
        """Show nothing."""
        with self._lock:
            if self._shown:
                self._write(f"\r{'':<{len(self._shown)}}\r")
            self._shown = ""

    def after(self, data: bytes | memoryview) -> None:
        """This was written to stdout: a line of a terminal that it did not end is not to be overwritten."""
        if data:
            self._in_the_way = data[-1:] != b"\n" and sys.stdout.isatty()

    def __enter__(self) -> Self:
        self._lock.acquire()
        self.erase()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _write(self, text: str) -> None:
        # Not through sys.stderr: a thread that is ended inside it would hold its lock when the interpreter flushes it.
        try:
            os.write(sys.stderr.fileno(), text.encode(sys.stderr.encoding, "replace"))
        except OSError:
            self._in_the_way = True  # the terminal is gone: whoever writes what matters will say so


def on_terminal() -> bool:
    """Whether somebody watches stderr, on a terminal that can rewrite a line."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _NARROW
    except OSError:
        return _NARROW
