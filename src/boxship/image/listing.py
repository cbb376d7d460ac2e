"""What one layer has: its entries by name, what it removes of lower layers, and the bytes of files that are wanted."""

from __future__ import annotations

__all__ = ["Entry", "Listing", "listed"]

import hashlib
import stat
import tempfile
from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping
from contextlib import ExitStack
from typing import IO

from boxship.errors import UnexpectedAnswer
from boxship.image.above import METADATA, Above, clean
from boxship.image.bounds import Count
from boxship.image.tar_stream import Kind, Member, TarStream
from boxship.value import dataclass, field, replace

_IN_MEMORY = 1024 * 1024  # bytes of a layer's files; more of them wait on the disk
_PIECE = 256 * 1024
_ATTRIBUTE = "SCHILY.xattr."
_DEVICES = frozenset({Kind.CHARACTER, Kind.BLOCK})
_LETTERS = {
    Kind.FILE: "-",
    Kind.SPARSE: "-",
    Kind.LINK: "h",
    Kind.SYMLINK: "l",
    Kind.FOLDER: "d",
    Kind.CHARACTER: "c",
    Kind.BLOCK: "b",
    Kind.FIFO: "p",
    Kind.OTHER: "?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file, folder, link or device.

    Attributes:
        mode: permissions alone.
        modified: in nanoseconds.
        target: of a link.
        digest: of a file's bytes, where they were hashed; else ''.
        attributes: extended ones, as pax has them.
        device: a device's major and minor number.
    """

    kind: Kind
    size: int = 0
    mode: int = 0o755
    owner: tuple[int, int] = (0, 0)
    modified: int = 0
    target: str = ""
    digest: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    device: tuple[int, int] = (0, 0)

    @property
    def rights(self) -> str:
        """Kind and permissions, as ls prints them; a hard link is `h`."""
        return _LETTERS[self.kind] + stat.filemode(self.mode)[1:]

    def document(self) -> dict[str, object]:
        """The entry, as JSON has it."""
        return {
            "type": self.kind.value,
            "size": self.size,
            "mode": f"{self.mode:04o}",
            "uid": self.owner[0],
            "gid": self.owner[1],
            "modified": self.modified // 1_000_000_000,
            "target": self.target,
            "digest": self.digest or None,
            "attributes": {key.removeprefix(_ATTRIBUTE): value for key, value in self.attributes.items()},
            "device": list(self.device) if self.kind in _DEVICES else None,
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of a file, in one that may have others' as well."""

    file: IO[bytes]
    begin: int
    size: int

    def content(self) -> Iterator[bytes]:
        """The bytes."""
        at, end = self.begin, self.begin + self.size
        while at < end:
            self.file.seek(at)
            piece = self.file.read(min(_PIECE, end - at))
            at += len(piece)
            yield piece


@dataclass(slots=True)
class Listing:
    """What a layer has.

    Attributes:
        entries: by their names from the root on, without a slash before; the last one of a name.
        names: the same names, sorted.
        removes: what it hides of lower layers by whiteouts.
        kept: the bytes of files that were wanted.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    removes: Above = field(default_factory=Above)
    kept: dict[str, Kept] = field(default_factory=dict)

    def below(self, folder: str) -> Iterator[str]:
        """The names of what is in the folder and its folders, whether or not it is an entry itself."""
        prefix = f"{folder}/"
        for position in range(bisect_left(self.names, prefix), len(self.names)):
            if not self.names[position].startswith(prefix):
                return
            yield self.names[position]

    def has_below(self, folder: str) -> bool:
        """Whether there is any."""
        return next(self.below(folder), None) is not None

    def cover(self, above: Above) -> None:
        """Add what this layer hides of those below it to what upper ones hide."""
        above.add(self.removes)
        above.seen |= self.entries.keys()
        above.leaves |= self.leaves()

    def leaves(self) -> set[str]:
        """The names of what is no folder."""
        return {name for name, entry in self.entries.items() if entry.kind is not Kind.FOLDER}


def listed(tar: TarStream, count: Count, *, wanted: Container[str] = (), hashed: bool = False) -> Listing:
    """All that the layer has, verified; the bytes of files whose names are `wanted`, and digests where `hashed`."""
    listing, places, room = Listing(), _Places(), None
    with ExitStack() as on_failure:
        for member in tar:
            count.entry(f"the image, at {member.name}")
            name = clean(member.name)
            folder, _, base = name.rpartition("/")
            if listing.removes.takes(folder, base) or name.startswith(METADATA):
                continue
            is_wanted = name in wanted and member.kind is Kind.FILE
            if is_wanted:
                room = room or on_failure.enter_context(_room())
                listing.kept[name] = Kept(room, room.tell(), member.size)
            digest = _digest(tar, room if is_wanted else None) if hashed or is_wanted else ""
            listing.entries[name] = _of_file(_entry(member, digest), listing)
            places.put(name, is_folder=member.kind is Kind.FOLDER)
        tar.drain()
        on_failure.pop_all()
    listing.names = sorted(listing.entries)
    if gone := places.gone(listing):
        for name in gone:
            del listing.entries[name]
        listing.names = sorted(listing.entries)
    return listing


def _of_file(entry: Entry, listing: Listing) -> Entry:
    """The entry; a hard link to a hard link is one to its file: nobody goes through chains of them again and again."""
    same = listing.entries.get(clean(entry.target)) if entry.kind is Kind.LINK else None
    return replace(entry, target=same.target) if same and same.kind is Kind.LINK else entry


def _room() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


class _Places:
    """In which order the names of a layer came, where one of them replaces others: a name may come several times."""

    def __init__(self) -> None:
        self._count = 0
        self._last: dict[str, int] = {}
        self._leaves: dict[str, int] = {}

    def put(self, name: str, *, is_folder: bool) -> None:
        """The next one."""
        self._count += 1
        self._last[name] = self._count
        if not is_folder:
            self._leaves[name] = self._count

    def gone(self, listing: Listing) -> set[str]:
        """What was in a folder when something else took its place."""
        leaves, last = self._leaves.items(), self._last
        return {name for leaf, place in leaves for name in listing.below(leaf) if last[name] < place}


def _digest(tar: TarStream, file: IO[bytes] | None) -> str:
    hasher = hashlib.sha256()
    for piece in tar.content():
        hasher.update(piece)
        if file:
            file.write(piece)
    return f"sha256:{hasher.hexdigest()}"


def _entry(member: Member, digest: str) -> Entry:
    try:
        return _read(member, digest)
    except ValueError as error:
        raise UnexpectedAnswer(f"the image's {member.name!r} has a header that is none", why=str(error)) from error


def _read(member: Member, digest: str) -> Entry:
    return Entry(
        kind=member.kind,
        size=member.size,
        mode=member.mode,
        owner=member.owner,
        modified=member.modified,
        target=member.target,
        digest=digest if member.kind in (Kind.FILE, Kind.SPARSE) else "",
        attributes={key: value for key, value in member.pax.items() if key.startswith(_ATTRIBUTE)},
        device=member.device if member.kind in _DEVICES else (0, 0),
    )
