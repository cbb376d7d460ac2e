"""A folder of small files that are the user's own: read with suspicion, written whole, and never more than so many.

A file counts only if nobody else can have written it: regular, no link, the user's, and not writable for others; the
same holds for the folder. What is in the files is the business of `memory`. Failures are `OSError`s.
"""

from __future__ import annotations

__all__ = ["OwnFolder"]

import math
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.new")  # what follows the name
_ABANDONED = 3600.0  # seconds; nobody writes a small file for so long: its writer was killed
# A FIFO is opened without waiting for its writer, a terminal does not become ours, and a link is not followed.
_READ = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK")
)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class OwnFolder:
    """A folder of at most `most` files of at most `largest` bytes; other files than those `named` so are left alone."""

    def __init__(self, path: Path, *, named: re.Pattern[str], most: int, largest: int) -> None:
        self.path, self._named, self._most, self._largest = path, named, most, largest

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where it, or its folder, is not the user's own, or it is too large."""
        if not self._is_own():
            return None
        descriptor = os.open(self.path / name, _READ)
        try:
            status = os.fstat(descriptor)
            if not (stat.S_ISREG(status.st_mode) and _users_alone(status)):
                return None
            content = os.read(descriptor, self._largest + 1)  # a small regular file comes at once
        finally:
            os.close(descriptor)
        return content if len(content) <= self._largest else None

    def contents(self) -> Iterator[bytes]:
        """What is in the files, one after the other; those that are not the user's own are passed over."""
        for name in sorted(os.listdir(self.path)):  # noqa: PTH208 -- a thousand names are sooner made than paths
            content = self.read(name) if self._named.fullmatch(name) else None
            if content is not None:
                yield content

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, whole, for the user alone; for a new one the oldest goes where there are too many."""
        if not self._made():
            return
        place = self.path / name
        new = not os.path.lexists(place)
        # No fsync: what a crash leaves half is no memory, and nothing is lost with it.
        unfinished = self.path / f"{name}.{os.urandom(8).hex()}.new"
        try:
            with os.fdopen(os.open(unfinished, _WRITE, 0o600), "wb") as file:
                file.write(content)
            unfinished.replace(place)
        except BaseException:
            with suppress(OSError):  # the first error is the one that says something
                unfinished.unlink()
            raise
        if new:
            self._tidy(place.lstat().st_mtime)

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        if self._is_own():
            (self.path / name).unlink(missing_ok=True)

    def _is_own(self) -> bool:
        # Where the folder is a link, the user has made it.
        return _users(self.path.lstat()) and _users_alone(self.path.stat())

    def _made(self) -> bool:
        """Whether the folder is there and the user's own; it is made where it is missing."""
        missing = [folder for folder in (self.path, *self.path.parents) if not os.path.lexists(folder)]
        if missing and not _may_hold(missing[-1].parent.stat()):
            return False
        for folder in reversed(missing):
            folder.mkdir(0o700, exist_ok=True)  # the mode that the XDG specification asks for
        return self._is_own()

    def _tidy(self, now: float) -> None:
        """Remove the oldest files above the most there may be, and what killed writers left; `now` is the disk's."""
        names = os.listdir(self.path)  # noqa: PTH208 -- a thousand names are sooner made than paths
        files = [name for name in names if self._named.fullmatch(name)]
        leftovers = [name for name in names if _UNFINISHED.fullmatch(self._named.sub("", name, count=1))]
        excess = len(files) - self._most
        oldest = sorted((self._written_at(name), name) for name in files)[:excess] if excess > 0 else []
        abandoned = [name for name in leftovers if self._written_at(name) < now - _ABANDONED]
        for name in (*(name for _, name in oldest), *abandoned):
            with suppress(OSError):  # another process has tidied, too
                (self.path / name).unlink()

    def _written_at(self, name: str) -> float:
        try:
            return os.lstat(self.path / name).st_mtime
        except FileNotFoundError:
            return math.inf  # another process has tidied, too


def _users(status: os.stat_result) -> bool:
    # Windows keeps each user's folder from the others, and knows no such numbers.
    return sys.platform == "win32" or status.st_uid == os.geteuid()


def _users_alone(status: os.stat_result) -> bool:
    others = 0 if sys.platform == "win32" else stat.S_IWGRP | stat.S_IWOTH
    return _users(status) and not status.st_mode & others


def _may_hold(status: os.stat_result) -> bool:
    # Who is root by sudo, with another user's home, leaves no folder there that this user could not write to.
    return _users(status) or status.st_uid == 0
