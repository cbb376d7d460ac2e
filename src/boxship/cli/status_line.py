"""The last lines of a terminal, rewritten in place, and gone before anything else is written.

What the last one says is `notices`' to decide, what stands above it `displays`'; `console` writes everything else.
"""

from __future__ import annotations

__all__ = ["StatusLine", "columns", "on_terminal"]

import os
import sys
import threading
from types import TracebackType
from typing import Self

_NARROW = 80  # columns, where the terminal does not tell


class StatusLine:
    """One line on stderr, and others above it. In `with`, all are gone, and stay so until the end of the block."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._above: tuple[str, ...] = ()
        self._line = ""
        self._drawn: tuple[str, ...] = ()
        self._in_the_way = False

    def show(self, text: str) -> None:
        """Show the text instead of what was shown; nothing where the data has left its last line open."""
        with self._lock:
            self._line = text[: columns() - 1]
            self._draw()

    def show_above(self, lines: tuple[str, ...]) -> None:
        """Show these lines above it, instead of those that were. They fit into the terminal's width."""
        with self._lock:
            self._above = lines
            self._draw()

    def erase(self) -> None:
        """Show nothing in the line."""
        self.show("")

    def _draw(self) -> None:
        wanted = () if self._in_the_way else (*self._above, *filter(None, [self._line]))
        drawn, self._drawn = self._drawn, wanted
        if wanted == drawn:
            return
        if len(wanted) <= 1 and len(drawn) <= 1:
            before, after = "".join(drawn), "".join(wanted)
            self._write(f"\r{after:<{len(before)}}" + ("" if after else "\r"))
            return
        up = f"\x1b[{len(drawn) - 1}A" if len(drawn) > 1 else ""
        self._write(f"\r{up}" + "\n".join(f"{line}\x1b[K" for line in wanted) + "\x1b[J")

    def after(self, data: bytes | memoryview) -> None:
        """This was written to stdout: a line of a terminal that it did not end is not to be overwritten."""
        if data:
            self._in_the_way = data[-1:] != b"\n" and sys.stdout.isatty()

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._above, self._line = (), ""
        self._draw()
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


def columns() -> int:
    """How wide the terminal is."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _NARROW
    except OSError:
        return _NARROW
