"""Uploads that were not finished, for the next process that pushes the same: where each of them goes on.

One small file for each in the user's cache folder. The address of an upload lets its bearer write to it: it is the
user's alone, and shown to nobody.
"""

from __future__ import annotations

__all__ = ["Unfinished"]

import hashlib
import json
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

from boxship.connect.own_folder import OwnFolder
from boxship.connect.verdict import Origin
from boxship.digest import Digest

_VERSION = 1
_FILE = re.compile(r"[0-9a-f]{64}\.json")
_MOST = 500  # files
_LARGEST = 16 * 1024  # bytes of one of them
_LONGEST = 7 * 86_400.0  # seconds: registries tidy away what is older


class Unfinished:
    """One upload, as it is kept. A folder that is missing or cannot be written keeps nothing, and says nothing."""

    def __init__(self, folder: Path | None, origin: Origin | None, repository: str, digest: Digest) -> None:
        """`folder`: None keeps nothing; `origin`: of the registry, None where it is not known yet."""
        self._key = {"version": _VERSION, "origin": str(origin), "repository": repository, "digest": str(digest)}
        self._file = f"{hashlib.sha256(repr(self._key).encode()).hexdigest()}.json"
        self._folder = OwnFolder(folder, named=_FILE, most=_MOST, largest=_LARGEST) if folder and origin else None

    def recall(self) -> str:
        """The path on which it goes on; '' where none is known, or somebody is at it. From then on this one is."""
        with suppress(OSError):
            content = self._folder.read(self._file) if self._folder and self._is_own() else None
            return self._path_in(content, time.time()) if content else ""
        return ""

    def keep(self, path: str) -> None:
        """It goes on at this path, should this process end before it does; of several at a time, one is kept."""
        if not (self._folder and self._is_own()):
            return
        fields = {**self._key, "path": path, "process": os.getpid(), "at": time.time()}
        with suppress(OSError):  # without it, the upload begins anew
            self._folder.write(self._file, json.dumps(fields).encode())

    def forget(self) -> None:
        """It is done, or cannot go on."""
        if self._folder and self._is_own():
            with suppress(OSError):  # what cannot be deleted grows old
                self._folder.remove(self._file)
        self.leave()

    def leave(self) -> None:
        """This process is not at it any more: what is known stays, for the next."""
        if _active.get(self._file) is self:
            del _active[self._file]

    def _is_own(self) -> bool:
        """Whether nobody else in this process is at it; nobody else will be."""
        return _active.setdefault(self._file, self) is self  # one step: threads need no lock, nor does a fork

    def _path_in(self, content: bytes, now: float) -> str:
        try:
            fields: object = json.loads(content)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(fields, dict) or {**fields, **self._key} != fields:
            return ""
        path, process, at = fields.get("path"), fields.get("process"), fields.get("at")
        if not (isinstance(path, str) and isinstance(process, int) and isinstance(at, float)):
            return ""
        fresh = now - _LONGEST <= at <= now
        return path if fresh and path.startswith("/") and not _lives(process) else ""


_active: dict[str, Unfinished] = {}  # the files of uploads that this process is at, and who is


def _lives(process: int) -> bool:
    """Whether another process of that number runs: in a container, the next one often has this one's own."""
    if process == os.getpid() or sys.platform == "win32":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
