"""A file for one process alone, for as long as it has it open: the system gives it back however the process ends."""

from __future__ import annotations

__all__ = ["have_alone", "wait_for"]

import sys
import time
from typing import IO

from boxship.connect.deadline import check_current

if sys.platform == "win32":
    import msvcrt
    import os
else:
    import fcntl

_AGAIN = 0.05  # seconds
_BEYOND = 2**62  # a place that no file reaches: what is locked there can still be read and written


def have_alone(file: IO[bytes]) -> bool:
    """Have the file alone until it is closed; False where another process has it."""
    try:
        _lock(file.fileno())
    except (BlockingIOError, PermissionError):  # flock's EWOULDBLOCK, Windows's EACCES
        return False
    return True


def wait_for(file: IO[bytes], seconds: float) -> bool:
    """The same, waiting for another process so long at most, and no longer than the operation may last."""
    until = time.monotonic() + seconds
    while not have_alone(file):
        if time.monotonic() >= until:
            return False
        check_current()
        time.sleep(_AGAIN)
    return True


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
