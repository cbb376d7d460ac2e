"""The bytes of a file of settings. It may be a pipe that somebody writes: none is waited for or read for ever."""

from __future__ import annotations

__all__ = ["file_bytes"]

import errno
import os
import select
import stat
import time
from pathlib import Path

_MOST = 64 * 1024 * 1024  # bytes: all authorities of a system are 0.3 MB
_SECONDS = 5.0  # for a pipe whose writer is not done
_PIECE = 64 * 1024
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)


def file_bytes(file: Path) -> bytes:
    """All of them; `OSError` as of any file, and for more than 64 MiB, or a pipe that has not ended within 5 s."""
    descriptor = os.open(file, os.O_RDONLY | _AT_ONCE | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb", buffering=0) as opened:  # noqa: PTH123 -- it is open already
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        content, until = bytearray(), time.monotonic() + _SECONDS
        while piece := _more(opened.fileno(), until if is_pipe else None):
            content += piece
            if len(content) > _MOST:
                raise OSError(errno.EFBIG, f"it has more than {_MOST} bytes", str(file))
    return bytes(content)


def _more(descriptor: int, until: float | None) -> bytes:
    if until is not None and not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
        raise OSError(errno.ETIMEDOUT, f"it is a pipe, and nobody has ended it within {_SECONDS:g} s")
    return os.read(descriptor, _PIECE)
