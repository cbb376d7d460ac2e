"""SIGTERM ends a command as Ctrl-C does: what it writes at its end is written."""

from __future__ import annotations

__all__ = ["end_on_sigterm"]

import signal
import sys
import threading
from typing import NoReturn


def end_on_sigterm() -> None:
    """From now on SIGTERM is `SystemExit` in the main thread, unless somebody has another use for it."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # what a shell says of who was ended by it
