"""A file or a folder of an artifact, taken out into a folder of its own, where nobody else is and nothing was before.

What a title or a tar says is not believed: no name and no link leads out of there (`image.root`).
"""

from __future__ import annotations

__all__ = ["take"]

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from boxship.artifact.contents import Item
from boxship.errors import DigestMismatch, UnexpectedAnswer
from boxship.formats.stored import write_all
from boxship.image.above import clean
from boxship.image.bounds import Bounds, Count
from boxship.image.compression import plain
from boxship.image.root import Root, Spot
from boxship.image.tar_stream import Kind, Member, TarStream
from boxship.registry.uploads import BlobSource

assert sys.platform != "win32"  # which opens nothing from a folder on: whoever takes out has asked

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def take(source: BlobSource, item: Item, folder: Path, bounds: Bounds) -> list[str]:
    """Take it out, verified, into an empty folder; what is no file, folder or link of it is left out, and told."""
    with Root(folder) as root:
        if item.is_folder:
            left_out = _Folder(root, item, bounds).take(source)
            _see_links(folder, item)
            return left_out
        with root.spot(item.title, make=True) as spot, source.open_blob(item.layer) as pieces:
            assert spot
            _write(spot, pieces, 0o666)
    return []


class _Folder:
    """A folder that comes in a tar, whose names all begin with its own."""

    def __init__(self, root: Root, item: Item, bounds: Bounds) -> None:
        self._root, self._item, self._count = root, item, Count(bounds)
        self._what, self._read = f"the folder {item.title}", hashlib.sha256()
        self._left_out: list[str] = []

    def take(self, source: BlobSource) -> list[str]:
        """All that is in it."""
        with self._root.spot(f"{self._item.title}/.", make=True), source.open_blob(self._item.layer) as pieces:
            tar = TarStream(self._hashed(pieces), self._what)
            for member in tar:
                name = clean(member.name)
                self._count.entry(f"{self._what}, at {name}")
                self._see_inside(name)
                with self._root.spot(name, make=True) as spot:
                    assert spot
                    self._make(spot, name, member, tar)
            tar.drain()
        actual = f"sha256:{self._read.hexdigest()}"
        if self._item.tar.startswith("sha256:") and self._item.tar != actual:
            raise DigestMismatch(f"{self._what}, unpacked", expected=self._item.tar, actual=actual)
        return self._left_out

    def _hashed(self, pieces: Iterator[memoryview]) -> Iterator[memoryview | bytes]:
        for piece in self._count.plain(plain(self._count.packed(pieces), self._what), self._what):
            self._read.update(piece)
            yield piece

    def _see_inside(self, name: str) -> None:
        title = self._item.title
        if name != title and not name.startswith(f"{title}/"):
            raise UnexpectedAnswer(f"{self._what} has the name {name!r}", why="it is not in the folder")

    def _make(self, spot: Spot, name: str, member: Member, tar: TarStream) -> None:
        found = spot.stat()
        if member.kind is Kind.FOLDER:
            if not (found and stat.S_ISDIR(found.st_mode)):
                self._clear(spot, found)
                os.mkdir(spot.base, member.mode & 0o777 | 0o700, dir_fd=spot.folder)
        elif member.kind is Kind.FILE:
            self._clear(spot, found)
            _write(spot, tar.content(), member.mode & 0o777)
            os.utime(spot.base, ns=(member.modified, member.modified), dir_fd=spot.folder, follow_symlinks=False)
        elif member.kind is Kind.SYMLINK:
            self._clear(spot, found)
            os.symlink(member.target, spot.base, dir_fd=spot.folder)
        elif member.kind is Kind.LINK:
            self._link(spot, found, member)
        else:
            self._left_out.append(name)

    def _clear(self, spot: Spot, found: os.stat_result | None) -> None:
        if found:
            spot.remove(found)
            self._root.stale = True

    def _link(self, spot: Spot, found: os.stat_result | None, member: Member) -> None:
        target = clean(member.target)
        self._see_inside(target)
        with Root.of(self._root) as other, other.spot(target) as there:
            kept = there.stat() if there else None
            if not there or not kept or not stat.S_ISREG(kept.st_mode):
                raise UnexpectedAnswer(f"{self._what} has a link to {target!r}", why="that is no file in it")
            if found and os.path.samestat(found, kept):
                return
            self._clear(spot, found)
            os.link(there.base, spot.base, src_dir_fd=there.folder, dst_dir_fd=spot.folder, follow_symlinks=False)


def _write(spot: Spot, pieces: Iterator[memoryview], mode: int) -> None:
    with FileIO(os.open(spot.base, _NEW, mode, dir_fd=spot.folder), "w") as file:
        for piece in pieces:
            write_all(file, piece)


def _see_links(folder: Path, item: Item) -> None:
    """Links lead where they lead when all is there: through each other, too."""
    root = folder.resolve()
    for path, folders, files in os.walk(folder):
        for link in (Path(path, name) for name in (*folders, *files)):
            if link.is_symlink() and not Path(os.path.realpath(link)).is_relative_to(root):
                where = link.relative_to(folder)
                why = f"it leads to {link.readlink()}, out of the folder"
                raise UnexpectedAnswer(f"the folder {item.title} has the link {where}", why=why)
