"""A file of settings that is read again when it changes, while the registry serves."""

from __future__ import annotations

__all__ = ["State", "Watched", "read_file", "state_of"]

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from boxship.errors import InvalidSettings

_log = logging.getLogger(__name__)

_LARGEST = 4 * 1024 * 1024
_LOOK_AGAIN = 1.0  # seconds

Value = TypeVar("Value")
State = tuple[int, int, int]  # of a file: when it was written, its size, which it is


class Watched(Generic[Value]):
    """What `parse` makes of the text of a file and its name.

    `InvalidSettings` where it cannot be read, or says what cannot be. If that is so later on, the log says why, and
    what it said before counts on.
    """

    def __init__(
        self, path: Path, parse: Callable[[str, str], Value], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Reads the file. Blocks."""
        self._path, self._parse, self._clock = path, parse, clock
        self._state, self.known = read_file(path, parse)
        self._looked = clock()

    async def value(self) -> Value:
        """What the file says, at most a second old; `known` is what it said when somebody asked last."""
        now = self._clock()
        if now - self._looked >= _LOOK_AGAIN:
            self._looked = now
            await asyncio.to_thread(self._look)
        return self.known

    async def follow(self, act: Callable[[Value], None]) -> None:
        """Call `act` whenever the file says something else, until cancelled."""
        before = self.known
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            said = await self.value()
            if said is not before:
                before = said
                act(said)

    def _look(self) -> None:
        try:
            if state_of(self._path) != self._state:
                self._state, self.known = read_file(self._path, self._parse)
                _log.warning("%s: read again", self._path)
        except (InvalidSettings, OSError) as error:
            _log.error("what %s said before counts on: %s", self._path, error)


def state_of(path: Path) -> State:
    """What is other once the file is; `OSError` where there is none."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_file(path: Path, parse: Callable[[str, str], Value]) -> tuple[State, Value]:
    """The file's state, and what `parse` makes of its text; `InvalidSettings` where it cannot be read."""
    # The state first: a change while it is read is then seen the next time.
    try:
        state = state_of(path)
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise InvalidSettings(str(path), why=f"it is larger than {_LARGEST} bytes", remedy="give another file")
        return state, parse(content.decode(), str(path))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InvalidSettings(str(path), why=why, remedy="give a file that can be read") from error
    except UnicodeDecodeError as error:
        raise InvalidSettings(str(path), why="it is not UTF-8", remedy="write it in UTF-8") from error
