"""Where tests keep their files: in memory if that has room for them.

A registry's folder has 513 folders in it, which a disk makes durable and forgets again for every test that has one:
that takes nine times as long as in memory. Who names a folder (TMPDIR) has it: CI keeps to its disk.
"""

from __future__ import annotations

__all__ = ["in_memory", "room"]

import os
import re
from pathlib import Path

_MEMORY, _MEMINFO = Path("/dev/shm"), Path("/proc/meminfo")
_ROOM = 4 * 1024**3  # bytes: several times what the processes that share the tests have been seen to need
_AVAILABLE = re.compile(r"^MemAvailable: +(\d+) kB$", re.MULTILINE)


def in_memory() -> Path | None:
    """A folder whose files are in memory, if there is one with room for those of all tests."""
    try:
        system, meminfo = os.statvfs(_MEMORY), _MEMINFO.read_text("ascii")
    except FileNotFoundError:
        return None  # not Linux
    return _MEMORY if os.access(_MEMORY, os.W_OK) and room(system, meminfo) >= _ROOM else None


def room(system: os.statvfs_result, meminfo: str) -> int:
    """The bytes that files in memory may take; none where programs among them could not run."""
    available = _AVAILABLE.search(meminfo)
    if not available or system.f_flag & os.ST_NOEXEC:
        return 0
    return min(system.f_bavail * system.f_frsize, int(available[1]) * 1024)
