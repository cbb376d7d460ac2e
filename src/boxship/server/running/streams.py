"""Standard streams that are there: where one is closed, the next file that is opened gets its number and its words."""

from __future__ import annotations

__all__ = ["hold_standard_streams"]

import os

_STANDARD = (0, 1, 2)


def hold_standard_streams() -> None:
    """Let nothing else be a standard stream: neither the database nor a socket, which uvloop ends the process for."""
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free (open(2)): this one. Workers get it, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
