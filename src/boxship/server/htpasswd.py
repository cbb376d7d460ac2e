"""An htpasswd file: names and bcrypt hashes, read again when the file changes.

What its users may do is `access`'s decision. `htpasswd -B` (apache2-utils) writes such files.
"""

from __future__ import annotations

__all__ = ["Htpasswd", "parse_htpasswd"]

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.server.passwords import is_hash

_log = logging.getLogger(__name__)

_LARGEST = 4 * 1024 * 1024
_LOOK_AGAIN = 1.0  # seconds

State = tuple[int, int, int]  # of a file: when it was written, its size, which it is


class Htpasswd:
    """The users of a file. `InvalidSettings` where it cannot be read or has anything but bcrypt entries.

    If that is so later on, the log says why, and who was known stays known.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._state, self._hashes = _read(path)
        self._looked = clock()

    async def hashes(self) -> Mapping[str, str]:
        """The hashes by user, at most a second old."""
        now = self._clock()
        if now - self._looked >= _LOOK_AGAIN:
            self._looked = now
            await asyncio.to_thread(self._look)
        return self._hashes

    def _look(self) -> None:
        try:
            if _state(self._path) != self._state:
                self._state, self._hashes = _read(self._path)
                _log.warning("%s: read again", self._path)
        except (InvalidSettings, OSError) as error:
            _log.error("its users stay as they were: %s", error)


def parse_htpasswd(text: str, file: str) -> Mapping[str, str]:
    """The hashes by user in the text of `file`, or `InvalidSettings` with the line."""
    hashes: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            name, hashed = _entry(entry, file, number)
            if name in hashes:
                raise InvalidSettings(file, number, why=f"{name!r} is there twice", remedy="delete one of the lines")
            hashes[name] = hashed
    return hashes


def _entry(entry: str, file: str, number: int) -> tuple[str, str]:
    # What the line says is not repeated: it may be a password.
    name, colon, hashed = entry.partition(":")
    if not (name and colon):
        raise InvalidSettings(file, number, why="it is not NAME:HASH", remedy="write it with htpasswd -B")
    if not is_hash(hashed):
        why = f"the password of {name!r} is not hashed with bcrypt, at a cost of 16 or less"
        raise InvalidSettings(file, number, why=why, remedy=f"htpasswd -B FILE {name}")
    return name, hashed


def _read(path: Path) -> tuple[State, Mapping[str, str]]:
    # The state first: a change while it is read is then seen the next time.
    try:
        state = _state(path)
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise InvalidSettings(str(path), why="it is too large", remedy="give a file that htpasswd -B wrote")
        return state, parse_htpasswd(content.decode(), str(path))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InvalidSettings(str(path), why=why, remedy="give a file that can be read") from error
    except UnicodeDecodeError as error:
        raise InvalidSettings(str(path), why="it is not UTF-8", remedy="write it with htpasswd -B") from error


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
