"""Locks on open files, which the system gives up when their process ends: for many, or for one alone."""

from __future__ import annotations

__all__ = ["lock", "share"]

import os
import sys
from collections.abc import Callable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BEYOND = 2**62  # a place that no file reaches: what is locked there can still be read and written


def lock(descriptor: int) -> bool:
    """Have the file alone until it is closed; False where somebody else has it."""
    return _try(_lock, descriptor)


def share(descriptor: int) -> bool:
    """Have the file together with all who share it, until it is closed; False where somebody has it alone.

    Windows's locks are not shared: there, whoever comes first has the file alone.
    """
    return _try(_share, descriptor)


def _try(take: Callable[[int], None], descriptor: int) -> bool:
    try:
        take(descriptor)
    except (BlockingIOError, PermissionError):  # flock's EWOULDBLOCK, Windows's EACCES
        return False
    return True


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    _share = _lock

else:

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _share(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
