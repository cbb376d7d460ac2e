"""What was taken out of an artifact, put where it is to be: all of it, over nothing that nobody wants gone.

Folders on the way are entered without following a link (`openat` with O_NOFOLLOW): where somebody has put one, or puts
one there meanwhile, nothing is written behind it.
"""

from __future__ import annotations

__all__ = ["place"]

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from boxship.errors import NameTaken, UnexpectedAnswer

assert sys.platform != "win32"  # see `taking`

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_Names = tuple[str, ...]


def place(trees: Sequence[Path], folder: Path, *, kept: Path, overwrite: bool) -> None:
    """Move what is in the trees into the folder; `NameTaken`, before anything is moved, for what is in the way.

    What fails on the way, for whatever reason, leaves the folder as it was; `kept`: an empty folder on the same disk,
    for what is replaced until all is there.
    """
    found = [(tree, dict(_walk(tree))) for tree in trees]
    _see_apart([entries for _, entries in found])
    for _, entries in found:
        for names, is_folder in entries.items():
            with _entered(folder, names[:-1]) as inner:
                if inner is not None:
                    _see_free(folder, names, inner, is_folder=is_folder, overwrite=overwrite)
    with ExitStack() as undo:
        placing = _Placing(folder, kept, undo, overwrite=overwrite)
        for tree, entries in found:
            for names, is_folder in entries.items():
                placing.take(tree, names, is_folder=is_folder)
        undo.pop_all()


def _walk(tree: Path) -> Iterator[tuple[_Names, bool]]:
    """Everything in the tree, a folder before what is in it, and whether it is one."""
    for path, folders, files in os.walk(tree):
        below = Path(path).relative_to(tree).parts
        for name in folders:
            yield (*below, name), not Path(path, name).is_symlink()
        yield from (((*below, name), False) for name in files)


def _see_apart(trees: Sequence[dict[_Names, bool]]) -> None:
    """No tree has a file where another one has anything."""
    seen: dict[_Names, bool] = {}
    for entries in trees:
        for names, is_folder in entries.items():
            if not (is_folder and seen.get(names, True)) and names in seen:
                raise UnexpectedAnswer(f"the artifact has two files called {'/'.join(names)}")
        seen |= entries


def _see_free(folder: Path, names: _Names, inner: int, *, is_folder: bool, overwrite: bool) -> None:
    try:
        there = os.stat(names[-1], dir_fd=inner, follow_symlinks=False)
    except FileNotFoundError:
        return
    folders = {is_folder, stat.S_ISDIR(there.st_mode)}
    if folders == {True} or (overwrite and folders == {False}):
        return
    remedy = "--overwrite replaces it" if folders == {False} else ""
    raise NameTaken(f"{folder.joinpath(*names)} is not written", why="there is something of that name", remedy=remedy)


class _Placing:
    """Puts one after the other there, and says how each is undone."""

    def __init__(self, folder: Path, kept: Path, undo: ExitStack, *, overwrite: bool) -> None:
        self._folder, self._kept, self._undo, self._overwrite = folder, kept, undo, overwrite
        self._replaced = 0

    def take(self, tree: Path, names: _Names, *, is_folder: bool) -> None:
        """Put what the tree has of these names there."""
        with _entered(self._folder, names[:-1]) as inner:
            assert inner is not None
            _see_free(self._folder, names, inner, is_folder=is_folder, overwrite=self._overwrite)
            if is_folder:
                self._make(tree.joinpath(*names), names, inner)
            else:
                self._move(tree.joinpath(*names), names, inner)

    def _make(self, source: Path, names: _Names, inner: int) -> None:
        with suppress(FileExistsError):
            os.mkdir(names[-1], stat.S_IMODE(source.lstat().st_mode), dir_fd=inner)
            self._undo.callback(self._undone, names, lambda name, there: os.rmdir(name, dir_fd=there))

    def _move(self, source: Path, names: _Names, inner: int) -> None:
        kept = self._keep(names, inner)
        os.replace(source, names[-1], dst_dir_fd=inner)
        if not kept:
            self._undo.callback(self._undone, names, lambda name, there: os.unlink(name, dir_fd=there))

    def _keep(self, names: _Names, inner: int) -> bool:
        """Keep what is to be replaced, if there is anything; where it can be, it has its name meanwhile."""
        kept = self._kept / str(self._replaced)
        try:
            os.link(names[-1], kept, src_dir_fd=inner, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except OSError:  # a disk without links, or another user's file
            os.replace(names[-1], kept, src_dir_fd=inner)
        self._replaced += 1
        self._undo.callback(self._undone, names, lambda name, there: os.replace(kept, name, dst_dir_fd=there))
        return True

    def _undone(self, names: _Names, undo: Callable[[str, int], None]) -> None:
        with _entered(self._folder, names[:-1]) as inner:
            if inner is not None:
                undo(names[-1], inner)


@contextmanager
def _entered(folder: Path, names: _Names) -> Iterator[int | None]:
    """The folder of these names, open; None where one of them is not there."""
    with ExitStack() as stack:
        inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, inner)
        for name in names:
            try:
                inner = os.open(name, _FOLDER, dir_fd=inner)
            except FileNotFoundError:
                yield None
                return
            except OSError as error:
                why = f"{name!r} on the way is a link or a file"
                raise NameTaken(f"{folder.joinpath(*names)} is not entered", why=why) from error
            stack.callback(os.close, inner)
        yield inner
