"""A folder that nothing leaves: whoever names something in it comes no further than a process whose root it is.

Every step from folder to folder is taken by the kernel without following a link (`openat` with O_NOFOLLOW); links are
followed here, from the root on. No path is looked at and then used: how a file system compares names, and what another
process does in between, change where a name leads inside, and nothing else.
"""

from __future__ import annotations

__all__ = ["Root", "Spot"]

import os
import shutil
import stat
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from boxship.errors import UnexpectedAnswer
from boxship.value import dataclass

_DEEPEST = 256  # folders in folders; each is open while its inner ones are gone through
_MOST_LINKS = 40  # as Linux's, on the way to one name
if sys.platform == "win32":
    _FOLDER = 0  # it opens nothing from a folder on: whoever unpacks has asked
else:
    _FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is or is to be: `base` in the open `folder`, which is called `path` from the root on."""

    folder: int
    path: tuple[str, ...]
    base: str

    def stat(self) -> os.stat_result | None:
        """What is there, itself; None for nothing."""
        try:
            return os.stat(self.base, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def remove(self, found: os.stat_result) -> None:
        """Remove what is there, with all that is in it."""
        if stat.S_ISDIR(found.st_mode):
            shutil.rmtree(self.base, dir_fd=self.folder)
        else:
            os.unlink(self.base, dir_fd=self.folder)


class Root:
    """The folder, open. `touched` has the inodes of all folders that were gone through or made since it was emptied."""

    def __init__(self, folder: Path) -> None:
        self._root = os.open(folder.resolve(), _FOLDER)  # whoever names it may name it by a link
        self.touched: set[int] = set()
        self.stale = False
        """Whether something was taken away that a name on the way may have led through."""
        self._near: tuple[tuple[str, ...], _Way] | None = None

    @classmethod
    def of(cls, other: Root) -> Self:
        """The same folder, opened once more: to go to one place while another is held."""
        same = cls.__new__(cls)
        same._root, same.touched, same.stale, same._near = os.dup(other._root), set(), False, None
        return same

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget()
        os.close(self._root)

    def forget(self) -> None:
        """What was gone through may lead elsewhere now."""
        if self._near:
            self._near[1].close()
            self._near = None

    @contextmanager
    def spot(self, name: str, *, make: bool = False) -> Iterator[Spot | None]:
        """Where the name leads; folders on the way are made, or else it may be nowhere."""
        *folders, base = name.split("/")
        way = self._way(tuple(folders), make=make)
        yield Spot(way.folder, way.path, base) if way else None

    def _way(self, folders: tuple[str, ...], *, make: bool) -> _Way | None:
        if self._near and self._near[0] == folders and not self.stale:
            return self._near[1]
        self.forget()
        self.stale = False
        way = _Way(self._root)
        try:
            if not way.go(folders, make=make):
                way.close()
                return None
        except BaseException:
            way.close()
            raise
        self.touched |= way.inodes()
        self._near = (folders, way)
        return way


class _Way:
    """The folders from the root to where we are, all of them open."""

    def __init__(self, root: int) -> None:
        self._folders = [os.dup(root)]
        self._names: list[str] = []

    @property
    def folder(self) -> int:
        return self._folders[-1]

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self._names)

    def inodes(self) -> set[int]:
        return {os.fstat(folder).st_ino for folder in self._folders}

    def go(self, names: tuple[str, ...], *, make: bool) -> bool:
        """Go on by these names; whether all are there."""
        coming, links = deque(names), 0
        while coming:
            name = coming.popleft()
            if name == "..":
                self._back()
            elif name not in ("", "."):
                target = self._enter(name, make=make)
                if target is None:
                    return False
                if target:
                    links += 1
                    if links > _MOST_LINKS:
                        raise UnexpectedAnswer(f"the image has the name {'/'.join(names)!r}", why="its links go round")
                    if target.startswith("/"):
                        self._back(len(self._names))
                    coming.extendleft(reversed(target.split("/")))
        return True

    def _enter(self, name: str, *, make: bool) -> str | None:
        """Enter the folder and say '', or say where a link of that name leads, or None for nothing that is there."""
        if len(self._names) >= _DEEPEST:
            raise UnexpectedAnswer(f"the image has folders in folders, more than {_DEEPEST} deep")
        try:
            self._open(name)
        except FileNotFoundError:
            if not make:
                return None
            os.mkdir(name, 0o755, dir_fd=self.folder)
            self._open(name)
        except OSError:
            found = os.stat(name, dir_fd=self.folder, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                return os.readlink(name, dir_fd=self.folder) or "."
            if stat.S_ISDIR(found.st_mode):
                raise
            if not make:
                return None
            # As if it were two file systems one over the other: a folder hides what is none.
            os.unlink(name, dir_fd=self.folder)
            os.mkdir(name, 0o755, dir_fd=self.folder)
            self._open(name)
        return ""

    def _open(self, name: str) -> None:
        self._folders.append(os.open(name, _FOLDER, dir_fd=self.folder))
        self._names.append(name)

    def _back(self, steps: int = 1) -> None:
        """Back by so many folders; above the root is the root."""
        for _ in range(min(steps, len(self._names))):
            self._names.pop()
            os.close(self._folders.pop())

    def close(self) -> None:
        for folder in self._folders:
            os.close(folder)
        self._folders.clear()
