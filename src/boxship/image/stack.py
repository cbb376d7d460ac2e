"""The layers of an image as one file system, of which only those layers are read that have a say in what is asked.

Read from the top: what a layer has or removes hides what lower ones have, and they need not be looked into.
"""

from __future__ import annotations

__all__ = ["Seen", "Stack"]

from collections.abc import Container, Iterable, Iterator
from typing import Self

from boxship.digest import Digest
from boxship.errors import NotFound, UnexpectedAnswer
from boxship.image.above import Above, clean
from boxship.image.layers import Layers
from boxship.image.listing import Entry, Listing, listed
from boxship.image.tar_stream import Kind
from boxship.value import dataclass, field

_HOPS = 40  # of symbolic links on one way, as Linux has it


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry as the whole image shows it: under its name, and of which layer it is, counted from 0, the lowest."""

    name: str
    entry: Entry
    layer: int

    @classmethod
    def folder(cls, name: str, layer: int = 0) -> Self:
        """A folder of which no layer says anything but that things are in it."""
        return cls(name, Entry(kind=Kind.FOLDER), layer)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """A link leads to this path from that folder on, in which no link has a part."""

    folder: str
    path: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Names of files whose bytes are kept."""

    always: Container[str]
    names: set[str] = field(default_factory=set)

    def __contains__(self, name: object) -> bool:
        return name in self.names or name in self.always


class Stack:
    """The file system. Bytes of files that are wanted are kept when their layer is read, until the end."""

    def __init__(
        self,
        layers: Layers,
        *,
        hashed: bool = False,
        always: Container[str] = (),
        known: dict[Digest, Listing] | None = None,
    ) -> None:
        """`hashed`: with digests of files; `always` are wanted; `known` are listings that several stacks share."""
        self._layers, self._hashed = layers, hashed
        self._known = {} if known is None else known
        self._read = set[int]()
        self._wanted = _Wanted(always)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for listing in self._known.values():
            for kept in listing.kept.values():
                kept.file.close()

    @property
    def read(self) -> tuple[int, ...]:
        """The layers that were read, the lowest first."""
        return tuple(sorted(self._read))

    def listing(self, number: int) -> Listing:
        """What a layer has; it is read once."""
        digest = self._layers.descriptors[number].digest
        if digest not in self._known:
            self._read.add(number)
            with self._layers.one(number) as tar:
                self._known[digest] = listed(tar, self._layers.count, wanted=self._wanted, hashed=self._hashed)
        return self._known[digest]

    def want(self, paths: Iterable[str]) -> None:
        """Keep the bytes of these files when their layer is read for anything: it need not be read for them again."""
        self._wanted.names.update(map(_inside, paths))

    def find(self, path: str, *, follow: bool = True) -> Seen | None:
        """What is there; links on the way are followed, and with `follow` one at its end. None for nothing."""
        return self._led(_Elsewhere("", path), iter(range(_HOPS)), follow=follow)

    def _led(self, way: _Elsewhere, hops: Iterator[int], *, follow: bool = True) -> Seen | None:
        for _ in hops:
            name = self._name(way, hops)
            if name is None:
                return None
            self._wanted.names.add(name)
            found = self._find(name, self._top)
            if isinstance(found, _Elsewhere):
                way = found
            elif found and follow and found.entry.kind is Kind.SYMLINK:
                way = _led_by(found.name, found.entry.target)
            else:
                return found
        raise UnexpectedAnswer(
            f"the image's {way.path!r} leads nowhere", why=f"after {_HOPS} links there is another one"
        )

    def _name(self, way: _Elsewhere, hops: Iterator[int]) -> str | None:
        """The path without `..`: what that leads out of may be a link, or nothing."""
        name, may_be_link = way.folder, False
        for part in way.path.split("/"):
            if part == "..":
                there = self._led(_Elsewhere("", name), hops) if may_be_link else Seen.folder(name)
                if not there or there.entry.kind is not Kind.FOLDER:
                    return None
                name, may_be_link = there.name.rpartition("/")[0], False
            elif part not in ("", "."):
                name, may_be_link = f"{name}/{part}".lstrip("/"), True
        return name

    def content(self, seen: Seen) -> Iterator[bytes]:
        """The bytes of a file, all of them verified before the first is given."""
        seen = self.linked(seen)
        if seen.entry.kind is not Kind.FILE:
            raise UnexpectedAnswer(f"the image's {seen.name!r} is no file", why=f"it is a {seen.entry.kind.value}")
        listing = self.listing(seen.layer)
        if seen.name not in listing.kept:
            self._wanted.names.add(seen.name)
            with self._layers.one(seen.layer) as tar:
                listing.kept |= listed(tar, self._layers.count, wanted={seen.name}).kept
        return listing.kept[seen.name].content()

    def linked(self, seen: Seen) -> Seen:
        """What a hard link stands for, in its own layer or in one below; anything else stands for itself."""
        passed = {(seen.name, seen.layer)}  # the same name may be another file in a layer below
        while seen.entry.kind is Kind.LINK:
            name = clean(seen.entry.target)
            found = self._find(name, seen.layer)
            if not isinstance(found, Seen) or (found.name, found.layer) in passed:
                raise NotFound(
                    f"the image's {seen.name!r}", why=f"it is a hard link to {name!r}, and there is no such file"
                )
            passed.add((found.name, found.layer))
            seen = found
        return seen

    def below(self, folder: str) -> dict[str, Seen]:
        """All that is to be seen in the folder and its folders; each layer that may have some of it is read."""
        return dict(self._below(folder))

    def _below(self, folder: str) -> Iterator[tuple[str, Seen]]:
        above, prefix = Above(), f"{folder}/" if folder else ""
        for number in range(self._top, -1, -1):
            if above.covers(prefix):
                return
            listing = self.listing(number)
            for name, entry in listing.entries.items():
                if name and name.startswith(prefix) and not above.hides(name):
                    yield name, Seen(name, entry, number)
            listing.cover(above)

    @property
    def _top(self) -> int:
        return len(self._layers.descriptors) - 1

    def _find(self, name: str, top: int) -> Seen | _Elsewhere | None:
        if not name:
            return Seen.folder("")
        folders = set[str]()  # on the way, that a layer above has as such: what a lower one has instead is hidden
        for number in range(top, -1, -1):
            listing = self.listing(number)
            if entry := listing.entries.get(name):
                return Seen(name, entry, number)
            if listing.has_below(name):
                return Seen.folder(name, number)
            for folder in _ways(name):
                entry = listing.entries.get(folder)
                if entry and entry.kind is not Kind.FOLDER:
                    is_link = entry.kind is Kind.SYMLINK and folder not in folders
                    return _led_by(folder, entry.target, name[len(folder) :]) if is_link else None
                if entry or listing.has_below(folder):
                    folders.add(folder)
            if listing.removes.hides(name):
                return None
        return None


def _ways(name: str) -> Iterator[str]:
    """The folders that it is in, the outermost first."""
    for position, letter in enumerate(name):
        if letter == "/":
            yield name[:position]


def _inside(path: str) -> str:
    """The name that a path has where no link has a part: `..` leads no further than to the root, as in a system."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    return "/".join(kept)


def _led_by(link: str, target: str, rest: str = "") -> _Elsewhere:
    """Where a symbolic link leads to."""
    return _Elsewhere("" if target.startswith("/") else link.rpartition("/")[0], f"{target}/{rest}")
