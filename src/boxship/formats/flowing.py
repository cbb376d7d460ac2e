"""Pipes that are written to: whoever reads one is waited for no longer than the operation may last.

On Linux, where a process can have a pipe to itself that others have open, too, and that it does not wait for.
"""

from __future__ import annotations

__all__ = ["is_pipe", "opened_pipe", "own_pipe", "wait_for_room"]

import errno
import os
import stat
import sys
import time
from io import FileIO
from pathlib import Path

from boxship.connect.deadline import check_current
from boxship.connect.readiness import WRITE, Readiness

_TURN = 0.1  # seconds between looks at whether the operation is to end
if sys.platform == "win32":
    _AT_ONCE = os.O_WRONLY  # nothing is a pipe there
else:
    _AT_ONCE = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC


def is_pipe(path: Path) -> bool:
    """Whether it is a pipe that can be written to without being waited for."""
    try:
        return sys.platform == "linux" and stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def opened_pipe(path: Path) -> FileIO:
    """The pipe, to be written to, as soon as somebody reads it. It takes what it has room for (`wait_for_room`)."""
    while True:
        try:
            return _opened(path)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        check_current()
        time.sleep(_TURN)


def own_pipe(descriptor: int) -> FileIO | None:
    """The same of a pipe that is open already; None for what is none, or has no reader any more."""
    path = Path(f"/proc/self/fd/{descriptor}")
    try:
        return _opened(path) if is_pipe(path) else None
    except OSError:
        return None


def wait_for_room(pipe: FileIO) -> None:
    """Wait until it takes something, or its reader is gone."""
    readiness = Readiness(pipe, WRITE)
    while not readiness.wait(time.monotonic() + _TURN):
        check_current()


def _opened(path: Path) -> FileIO:
    return FileIO(path, "w", opener=lambda name, _: os.open(name, _AT_ONCE))
