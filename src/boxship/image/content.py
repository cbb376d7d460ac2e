"""What is new in an image: bytes that no store has yet."""

from __future__ import annotations

__all__ = ["Content", "Given", "Held", "Spooled", "State", "given", "state_of"]

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from boxship.errors import InvalidInput
from boxship.value import dataclass, field

State = tuple[int, ...]
"""What tells a file from another, and from itself after it was written to."""

_PIECE = 1024 * 1024


class Content(Protocol):
    """Bytes that can be read again and again, by several threads."""

    def pieces(self, at: int = 0) -> Iterator[memoryview]:
        """The bytes from byte `at` on."""


@dataclass(frozen=True, slots=True)
class Held:
    """A document: bytes in memory."""

    content: bytes = field(repr=False)

    def pieces(self, at: int = 0) -> Iterator[memoryview]:
        """The bytes from byte `at` on."""
        yield memoryview(self.content)[at:]


@dataclass(frozen=True, slots=True)
class Spooled:
    """A layer: bytes in a file, for as long as its folder lasts."""

    path: Path

    def pieces(self, at: int = 0) -> Iterator[memoryview]:
        """The bytes from byte `at` on; a piece is valid until the next is asked for."""
        buffer = memoryview(bytearray(_PIECE))
        with self.path.open("rb", buffering=0) as file:
            file.seek(at)
            while count := file.readinto(buffer):
                yield buffer[:count]


@dataclass(frozen=True, slots=True)
class Given:
    """A file of somebody else's, which has to stay what it was when `given` looked at it."""

    path: Path
    was: State

    def pieces(self, at: int = 0) -> Iterator[memoryview]:
        """The bytes from byte `at` on; a piece is valid until the next is asked for."""
        yield from Spooled(self.path).pieces(at)
        self.see_unchanged()

    def see_unchanged(self) -> None:
        """See that it is what it was: `InvalidInput`."""
        if state_of(self.path) != self.was:
            raise InvalidInput(f"the file {self.path}", why="it was changed while it was being read")


def given(path: Path) -> Given:
    """The file as it is now."""
    return Given(path, state_of(path))


def state_of(file: Path | int) -> State:
    """The state of the file of that name, or of that descriptor."""
    found = file.stat() if isinstance(file, Path) else os.fstat(file)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
