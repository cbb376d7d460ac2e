"""The file system of an image in a folder: layer by layer, as image-spec's layer.md says ("Applying Changesets").

What an image says is not believed: no name leads out of the folder (`root`), there are no devices unless they are asked
for, and nobody but root gives files to others or makes them run as their owner.
"""

from __future__ import annotations

__all__ = ["unpack"]

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from boxship.errors import BoxshipError, UnexpectedAnswer
from boxship.image.above import METADATA, OPAQUE, WHITEOUT, clean
from boxship.image.layers import Layers
from boxship.image.only import Only
from boxship.image.root import Root, Spot
from boxship.image.tar_stream import Kind, Member, TarStream
from boxship.image.unpacked import Unpacked

assert sys.platform != "win32"  # which opens nothing from a folder on: whoever unpacks has asked

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_XATTR = "SCHILY.xattr."
_HARMLESS = ("user.", "security.capability")  # not `trusted.overlay.…`, which says where a file system has its files


def unpack(layers: Layers, folder: Path, *, devices: bool = False, only: str = "") -> Unpacked:
    """Unpack the image, or `only` a folder of it, into an empty folder. What is in it when this raises is no use."""
    with Root(folder) as root:
        unpacking = _Unpacking(root, layers, Only(only), devices=devices)
        for _, tar in layers.each():
            unpacking.layer(tar)
        unpacking.end()
    return unpacking.made


_DEVICES = frozenset({Kind.CHARACTER, Kind.BLOCK})


@contextlib.contextmanager
def _sound(member: Member) -> Iterator[None]:
    """What a header says that cannot be is an error of ours: numbers that are none, names that no file can have."""
    try:
        yield
    except (ValueError, OverflowError, OSError) as error:
        if isinstance(error, BoxshipError) or (isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG):
            raise
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        raise UnexpectedAnswer(f"the image's {member.name!r} cannot be made", why=why) from error


class _Unpacking:
    def __init__(self, root: Root, layers: Layers, only: Only, *, devices: bool) -> None:
        self._root, self._layers, self._only, self._devices = root, layers, only, devices
        self._is_root = os.geteuid() == 0
        self._here: set[int] = set()
        """The inodes of what this layer has made, which its own whiteouts leave alone."""
        self._folders: dict[tuple[str, ...], Member] = {}
        """What is to be said of folders at the end: until then everything may be put into them."""
        self.made = Unpacked()

    def layer(self, tar: TarStream) -> None:
        """Apply a layer upon those below it."""
        self._here.clear()
        self._root.touched = self._here
        for member in tar:
            name = clean(member.name)
            self._layers.count.entry(f"the image, at {name}")
            taken = self._only.taken(name, member)
            if taken:
                with _sound(member):
                    self._apply(*taken, tar)
        tar.drain()

    def end(self) -> None:
        """Say of folders what is to be said, the inner ones first: they are entered by the outer ones."""
        self._root.forget()
        for path in sorted(self._folders, key=len, reverse=True):
            with self._root.spot("/".join((*path, "."))) as spot:
                member = self._folders[path]
                if spot and spot.path == path:
                    with _sound(member):
                        self._describe(member, spot.folder)
            self._root.forget()

    def _apply(self, name: str, member: Member, tar: TarStream) -> None:
        base = name.rpartition("/")[2]
        if base == OPAQUE:
            self._empty(name)
        elif name.startswith(METADATA) or base.startswith(METADATA):
            return
        elif base.startswith(WHITEOUT):
            self._remove(name.removesuffix(base), base.removeprefix(WHITEOUT))
        elif not name:
            self._folders[()] = member
        else:
            with self._root.spot(name, make=True) as spot:
                assert spot
                self._make(spot, member, tar)

    # Whiteouts.

    def _remove(self, folder: str, base: str) -> None:
        if base in ("", ".", ".."):
            return
        with self._root.spot(folder + base) as spot:
            found = spot.stat() if spot else None
            if spot and found:
                self._clear(spot, found)

    def _empty(self, name: str) -> None:
        with self._root.spot(name) as spot:
            if spot:
                self._clear_inside(spot.folder, spot.path)

    def _clear(self, spot: Spot, found: os.stat_result) -> None:
        """Remove what lower layers have there; what this one has made stays, and the folders that it is in."""
        if found.st_ino not in self._here:
            self._take_away(spot, found)
        elif stat.S_ISDIR(found.st_mode):
            with contextlib.ExitStack() as stack:
                inner = os.open(spot.base, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=spot.folder)
                stack.callback(os.close, inner)
                self._clear_inside(inner, (*spot.path, spot.base))

    def _clear_inside(self, folder: int, path: tuple[str, ...]) -> None:
        for name in os.listdir(folder):
            spot = Spot(folder, path, name)
            if found := spot.stat():
                self._clear(spot, found)

    def _take_away(self, spot: Spot, found: os.stat_result) -> None:
        gone = (*spot.path, spot.base)
        spot.remove(found)
        if stat.S_ISDIR(found.st_mode):
            self._folders = {path: said for path, said in self._folders.items() if path[: len(gone)] != gone}
        self._root.stale = True

    # What there is.

    def _make(self, spot: Spot, member: Member, tar: TarStream) -> None:
        path, found = (*spot.path, spot.base), spot.stat()
        if member.kind is Kind.LINK:
            self._link(spot, member, found)
            return
        if member.kind is Kind.OTHER or (member.kind in _DEVICES and not self._devices):
            self.made.left_out.append("/".join(path))
            return
        if member.kind is Kind.SPARSE:
            raise UnexpectedAnswer(f"the image's {member.name!r} cannot be made", why="sparse files are not known here")
        if found and not (member.kind is Kind.FOLDER and stat.S_ISDIR(found.st_mode)):
            self._take_away(spot, found)
            found = None
        if member.kind is Kind.FOLDER:
            if not found:
                os.mkdir(spot.base, 0o700, dir_fd=spot.folder)
            self._folders[path] = member
        elif member.kind is Kind.FILE:
            self._file(spot, member, tar)
        else:
            self._special(spot, member)
        self._count(spot)

    def _count(self, spot: Spot) -> None:
        self.made.entries += 1
        if made := spot.stat():
            self._here.add(made.st_ino)

    def _file(self, spot: Spot, member: Member, tar: TarStream) -> None:
        with FileIO(os.open(spot.base, _NEW, 0o600, dir_fd=spot.folder), "w") as file:
            for piece in tar.content():
                rest = piece
                while rest:
                    rest = rest[file.write(rest) :]
            self._describe(member, file.fileno())
        self.made.size += member.size

    def _special(self, spot: Spot, member: Member) -> None:
        """A symbolic link, a FIFO or a device."""
        if member.kind is Kind.SYMLINK:
            if not member.target:
                raise UnexpectedAnswer(f"the image's {member.name!r} cannot be made", why="it is a link to nothing")
            os.symlink(member.target, spot.base, dir_fd=spot.folder)
        elif member.kind is Kind.FIFO:
            os.mkfifo(spot.base, 0o600, dir_fd=spot.folder)
        else:
            what = stat.S_IFCHR if member.kind is Kind.CHARACTER else stat.S_IFBLK
            os.mknod(spot.base, 0o600 | what, os.makedev(*member.device), dir_fd=spot.folder)
        if self._is_root:
            os.chown(spot.base, *member.owner, dir_fd=spot.folder, follow_symlinks=False)
        if member.kind is not Kind.SYMLINK:
            os.chmod(spot.base, self._mode(member), dir_fd=spot.folder)
        times = (member.modified, member.modified)
        os.utime(spot.base, ns=times, dir_fd=spot.folder, follow_symlinks=False)

    def _link(self, spot: Spot, member: Member, found: os.stat_result | None) -> None:
        target = clean(member.target)
        with Root.of(self._root) as other, other.spot(target) as there:
            kept = there.stat() if there else None
            if not there or not kept:
                why = f"there is no {target!r}"
                raise UnexpectedAnswer(f"the image's {member.name!r} cannot be made", why=why)
            if stat.S_ISDIR(kept.st_mode):
                raise UnexpectedAnswer(f"the image's {member.name!r} cannot be made", why=f"{target!r} is a folder")
            if found and os.path.samestat(found, kept):
                return
            if found:
                self._take_away(spot, found)
            os.link(there.base, spot.base, src_dir_fd=there.folder, dst_dir_fd=spot.folder, follow_symlinks=False)
        self._count(spot)

    # What is said of it.

    def _describe(self, member: Member, file: int) -> None:
        """Owner, rights, extended attributes and times, of what is open."""
        if self._is_root:
            os.fchown(file, *member.owner)
        os.fchmod(file, self._mode(member))
        if sys.platform == "linux":
            for key, value in member.pax.items():
                attribute = key.removeprefix(_XATTR)
                if attribute != key and attribute.startswith(_HARMLESS):
                    with contextlib.suppress(OSError):
                        os.setxattr(file, attribute, value.encode("utf-8", "surrogateescape"))
        os.utime(file, ns=(member.modified, member.modified))

    def _mode(self, member: Member) -> int:
        # Whose file is not its image's owner's runs as nobody but who starts it.
        return member.mode if self._is_root else member.mode & 0o1777
