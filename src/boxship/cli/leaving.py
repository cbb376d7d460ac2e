"""How the process of a command ends: at once, without taking the interpreter apart.

Threads may still be about then: of names that are being looked up, of connections that lost a race, of a copy that has
just ended. Where one of them ends while the interpreter does, OpenSSL's clean-up of threads (`init_thread_deregister`,
crypto/initthread.c) frees what the thread's own end frees: a run that had succeeded died of a "double free". All that
is worth doing at the end is done here, and a tenth of a short verb's time is spared.
"""

from __future__ import annotations

__all__ = ["leave"]

import atexit
import contextlib
import os
import sys
from typing import NoReturn


def leave(status: int) -> NoReturn:
    """End the process with this status; what was registered for its end is done, and what was written is sent."""
    atexit._run_exitfuncs()  # as multiprocessing does where it leaves by os._exit
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):  # the verb's own flush has told of it, where there was anybody to tell
                stream.flush()
    os._exit(status)
