"""An upload's file, open for the one request that may write to it, whichever processes the others are in.

The lock is the system's: it goes with the process that holds it. Whoever has it looks at the upload's row again, since
whoever had it before may have ended the upload. When it may be had at all is `sessions`'s to say.
"""

from __future__ import annotations

__all__ = ["FileClaim", "Incomplete", "Taken"]

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from boxship.server.storage import locks

# What a system does not know, it does not need: O_BINARY is Windows's own.
_FLAGS = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

# For longer writes the kernel takes memory in larger pieces: with 1 MiB on ext4, in a virtual machine with Linux 6.18,
# they took up to ten times as long.
_AT_ONCE = 256 * 1024


class Taken(Exception):
    """Somebody else writes to the upload."""


class Incomplete(Exception):
    """An upload's file does not have the bytes that it should have."""


class FileClaim:
    """An upload's file, and the right to write to it until `close`."""

    def __init__(self, path: Path, *, new: bool) -> None:
        """Claim the file, which is made if it is `new`; `Taken`, or `Incomplete` where there is none."""
        self.path = path
        self._descriptor = -1
        self._descriptor = _open(path, new=new)
        # Whoever had it between the two steps may have made it a blob, which nobody may write to.
        if not (locks.lock(self._descriptor) and self._is_named()):
            self.close()
            raise Taken(path.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self, size: int) -> None:
        """Leave the first `size` bytes; `Incomplete` where there are fewer."""
        if os.fstat(self._descriptor).st_size < size:
            raise Incomplete(self.path.name)
        os.ftruncate(self._descriptor, size)

    def write(self, at: int, batch: bytes | memoryview) -> None:
        """Write the batch at that place."""
        rest = memoryview(batch)
        while rest:
            written = _write_at(self._descriptor, rest[:_AT_ONCE], at)
            rest, at = rest[written:], at + written

    def __del__(self) -> None:
        # A request that is cancelled while it claims never gets what it claimed.
        self.close()

    def discard(self) -> None:
        """Delete the file, if its name still leads to it."""
        if sys.platform == "win32":  # what is open cannot be deleted there
            self.close()
        with suppress(FileNotFoundError):
            if sys.platform == "win32" or self._is_named():
                self.path.unlink()

    def _is_named(self) -> bool:
        """Whether the path leads to the file that is open."""
        try:
            return os.path.samestat(self.path.lstat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let others claim the upload; once is enough, more does no harm."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _open(path: Path, *, new: bool) -> int:
    try:
        return os.open(path, _FLAGS | (os.O_CREAT if new else 0), 0o600)
    except FileNotFoundError as error:
        raise Incomplete(path.name) from error


def _write_at(descriptor: int, content: memoryview, at: int) -> int:
    if sys.platform == "win32":
        os.lseek(descriptor, at, os.SEEK_SET)
        return os.write(descriptor, content)
    return os.pwrite(descriptor, content, at)
