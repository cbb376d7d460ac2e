"""The doctor in a process with few files left to open: `python crowded.py LEFT doctor …`.

It has run once before: what it imports is there.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import resource
import sys

from boxship.cli.main import main

_MOST = 64


def _crowd(left: int) -> None:
    """Leave room for so many files."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST, _MOST))
    opened = []
    with contextlib.suppress(OSError):
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    for number in opened[:left]:
        os.close(number)


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        main(sys.argv[2:])
    with contextlib.suppress(OSError):
        ctypes.CDLL("libgcc_s.so.1")  # glibc opens it when a thread is ended at the interpreter's end
    _crowd(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
