"""SIGTERM ends a command as Ctrl-C does, where it has to put something away: a document, temporary files, a tree."""

from __future__ import annotations

__all__ = ["end", "end_on_sigterm"]

import atexit
import os
import signal
import sys
import threading
import time
from functools import partial
from typing import NoReturn

_MOMENT = 1.0  # seconds; `timeout` sends it twice: to the process, and to its group


def end_on_sigterm() -> None:
    """From now on SIGTERM is `SystemExit` in the main thread, unless somebody has another use for it.

    A second one does not end what is put away then, unless that takes long.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _begin_to_end)


def end() -> NoReturn:
    """End the process by SIGTERM: who sent that, as systemd, takes another end for a failure.

    What it has not written is not waited for: nobody may be reading.
    """
    atexit._run_exitfuncs()  # as `leaving` does
    _end_by(signal.SIGTERM)


def _begin_to_end(number: int, _frame: object) -> NoReturn:
    signal.signal(number, partial(_again, time.monotonic()))
    sys.exit(128 + number)


def _again(since: float, number: int, _frame: object) -> None:
    if time.monotonic() - since > _MOMENT:
        _end_by(number)


def _end_by(number: int) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # the first process of a container is ended by no signal of its own
