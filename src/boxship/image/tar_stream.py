"""A tar read as a stream, member by member: what Docker, containerd, BuildKit and GNU tar write (pax, ustar, GNU).

Not `tarfile`: that reads a stream in blocks of 10 KiB, and takes what it does not understand for the end.
"""

from __future__ import annotations

__all__ = ["BLOCK", "END", "Kind", "Member", "TarStream"]

import enum
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from boxship.errors import UnexpectedAnswer
from boxship.value import dataclass

BLOCK = 512
END = bytes(2 * BLOCK)
"""What is behind the last member."""
_LONGEST_EXTENSION = 1024 * 1024  # as Go's reader; names and extended attributes are far shorter
_NOTHING: Mapping[str, str] = MappingProxyType({})
_ZEROS = bytes(BLOCK)


class Kind(enum.Enum):
    """What a member is."""

    FILE = "file"
    LINK = "hard link"
    SYMLINK = "symbolic link"
    CHARACTER = "character device"
    BLOCK = "block device"
    FOLDER = "folder"
    FIFO = "FIFO"
    SPARSE = "sparse file"
    OTHER = "other"


_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.LINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER,
    b"4": Kind.BLOCK,
    b"5": Kind.FOLDER,
    b"6": Kind.FIFO,
    b"S": Kind.SPARSE,
}
# What comes before a header and belongs to it, with what it says instead; a pax header says all sorts of things.
_PAX, _GLOBAL = ord("x"), ord("g")
_EXTENSIONS = {_PAX: "", _GLOBAL: "", ord("L"): "path", ord("K"): "linkpath"}
_WITHOUT_CONTENT = frozenset({Kind.LINK, Kind.SYMLINK, Kind.CHARACTER, Kind.BLOCK, Kind.FOLDER, Kind.FIFO})


@dataclass(frozen=True, slots=True)
class Member:
    """A member's header. `written` is the header with its extensions as it stands in the stream, `size` what follows.

    Names are as they are written: nothing is said of where they lead.
    """

    name: str
    kind: Kind
    size: int
    target: str
    header: bytes
    extensions: bytes
    pax: Mapping[str, str]

    @property
    def written(self) -> bytes:
        """The blocks of the header, as they were."""
        return self.extensions + self.header

    @property
    def mode(self) -> int:
        """Permissions, without what it is."""
        return _number(self.header[100:108]) & 0o7777

    @property
    def owner(self) -> tuple[int, int]:
        """The numbers of the user and the group."""
        pax = self.pax
        return (
            int(pax["uid"]) if "uid" in pax else _number(self.header[108:116]),
            int(pax["gid"]) if "gid" in pax else _number(self.header[116:124]),
        )

    @property
    def modified(self) -> int:
        """When it was modified, in nanoseconds."""
        if "mtime" not in self.pax:
            return _number(self.header[136:148]) * 1_000_000_000
        seconds, _, fraction = self.pax["mtime"].partition(".")
        part = int(fraction[:9].ljust(9, "0")) if fraction else 0
        return int(seconds) * 1_000_000_000 + (-part if seconds.startswith("-") else part)

    @property
    def device(self) -> tuple[int, int]:
        """A device's major and minor number."""
        return _number(self.header[329:337]), _number(self.header[337:345])


class TarStream:
    """The members of a tar, in order. What is left of a member when the next is asked for is passed over."""

    def __init__(self, pieces: Iterable[memoryview | bytes], what: str) -> None:
        self._pieces, self._what = iter(pieces), what
        self._piece = memoryview(b"")
        self._left = self._padding = 0

    def __iter__(self) -> Iterator[Member]:
        while (member := self._next()) is not None:
            yield member

    def content(self) -> Iterator[memoryview]:
        """The bytes of the member that came last, each piece valid until the next is asked for."""
        while self._left:
            yield self._some()

    def drain(self) -> None:
        """Read what comes after the last member: with its end, the layer is known to be right."""
        while self._more():
            pass

    # Headers.

    def _next(self) -> Member | None:
        extensions: list[bytes] = []
        pax: dict[str, str] = {}
        while True:
            header = self._header()
            if not header:
                if extensions:
                    raise self._broken("it ends with the beginning of a header")
                return None
            kind = header[156]
            if kind not in _EXTENSIONS:
                return self._member(header, b"".join(extensions), pax)
            size = self._size(header[124:136], "an extension")
            if size > _LONGEST_EXTENSION:
                raise self._broken(f"a header has an extension of {size} bytes")
            content, padding = self._take(size), self._take(-size % BLOCK)
            if kind == _GLOBAL:  # what holds for all that comes: comments, as git writes them
                continue
            extensions += (header, content, padding)
            pax |= self._records(content) if kind == _PAX else {_EXTENSIONS[kind]: _text(content)}

    def _header(self) -> bytes:
        """The next block, checked; nothing at the end."""
        while self._left:
            self._some()
        while self._padding and (self._piece or self._more()):  # umoci leaves out the last one
            passed = min(self._padding, len(self._piece))
            self._piece = self._piece[passed:]
            self._padding -= passed
        if not self._piece and not self._more():
            return b""
        header = self._take(BLOCK)
        if header == _ZEROS:
            return b""
        try:
            said, counted = _number(header[148:156]), sum(header) - sum(header[148:156]) + 8 * 0x20
        except ValueError as error:
            raise self._broken("a header is none") from error
        # Some old tars counted bytes as signed.
        if said not in (counted, counted - 256 * sum(byte >= 128 for byte in header[:148] + header[156:])):
            raise self._broken("a header's checksum is wrong")
        return header

    def _member(self, header: bytes, extensions: bytes, pax: dict[str, str]) -> Member:
        name = pax.get("path") or _name(header)
        kind = _KINDS.get(header[156:157], Kind.OTHER)
        if kind is Kind.FILE and name.endswith("/"):
            kind = Kind.FOLDER  # as tars were before POSIX
        size = self._size(pax.get("size", "") or header[124:136], name)
        if kind in _WITHOUT_CONTENT:
            size = 0
        if kind is Kind.SPARSE:
            header = self._with_map(header)
        elif any(key.startswith("GNU.sparse.") for key in pax):
            kind = Kind.SPARSE
        self._left, self._padding = size, -size % BLOCK
        target = pax.get("linkpath") or _text(header[157:257])
        return Member(name, kind, size, target, header, extensions, pax or _NOTHING)

    def _with_map(self, header: bytes) -> bytes:
        """The header of GNU's old sparse files, with the blocks that say where its parts are."""
        more = header[482]
        while more:
            block = self._take(BLOCK)
            header, more = header + block, block[504]
            if len(header) > _LONGEST_EXTENSION:
                raise self._broken("a sparse file has too many parts")
        return header

    def _records(self, content: bytes) -> dict[str, str]:
        """The records of a pax header: `LENGTH KEY=VALUE`, each with a line's end (POSIX pax, "Extended Header")."""
        found = {}
        while content:
            length, _, _ = content.partition(b" ")
            try:
                end = int(length)
            except ValueError as error:
                raise self._broken("a record of a header has no length") from error
            key, equal, value = content[len(length) + 1 : end].partition(b"=")
            if not equal or not value.endswith(b"\n") or end > len(content):
                raise self._broken("a record of a header is none")
            found[_decoded(key)] = _decoded(value[:-1])
            content = content[end:]
        return found

    def _size(self, written: str | bytes, name: str) -> int:
        try:
            size = int(written) if isinstance(written, str) else _number(written)
        except ValueError as error:
            raise self._broken(f"the size of {name} is no number") from error
        if size < 0:
            raise self._broken(f"the size of {name} is negative")
        return size

    # Bytes.

    def _take(self, count: int) -> bytes:
        if count <= len(self._piece):
            taken = bytes(self._piece[:count])
            self._piece = self._piece[count:]
            return taken
        parts = []
        while count:
            if not self._piece and not self._more():
                raise self._broken("it ends too early")
            parts.append(bytes(self._piece[:count]))
            self._piece = self._piece[len(parts[-1]) :]
            count -= len(parts[-1])
        return b"".join(parts)

    def _some(self) -> memoryview:
        """Some of what is left of the member's bytes."""
        if not self._piece and not self._more():
            raise self._broken("it ends inside a file")
        some = self._piece[: self._left]
        self._piece = self._piece[len(some) :]
        self._left -= len(some)
        return some

    def _more(self) -> bool:
        """Whether there is another piece; what is left of the last one is given up."""
        piece = next((piece for piece in self._pieces if piece), b"")
        self._piece = memoryview(piece)
        return bool(piece)

    def _broken(self, why: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(f"{self._what} is no whole tar", why=why)


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), header[345:500]
    # Only where it says that it is POSIX's: GNU has other things there.
    return f"{_text(prefix)}/{name}" if prefix[0] and header[257:263] == b"ustar\0" else name


def _text(field: bytes) -> str:
    return _decoded(field.partition(b"\0")[0])


def _decoded(field: bytes) -> str:
    return field.decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    """A number in octal digits, or, where its first bit is set, in base 256 (GNU, star)."""
    if field[0] & 0x80:
        value = int.from_bytes(field[1:], "big") | (field[0] & 0x7F) << 8 * (len(field) - 1)
        return value - (1 << 8 * len(field) - 1) if field[0] & 0x40 else value
    return int(field.partition(b"\0")[0].strip() or b"0", 8)
