"""The file system that the layers of an image make together, as one tar (image-spec layer.md, "Applying Changesets").

The layers are read from the top: what an upper one has or removes hides what lower ones have, and everything that is
seen is written at once. Only hard links may have to wait: for a file that a lower layer has, or that is hidden itself.
"""

from __future__ import annotations

__all__ = ["Output", "Write", "flatten"]

from collections.abc import Callable
from typing import Protocol

from boxship.image.above import METADATA, Above, clean
from boxship.image.layers import Layers
from boxship.image.tar_header import renamed
from boxship.image.tar_stream import BLOCK, END, Kind, Member, TarStream
from boxship.value import dataclass, field

_LONG = 64 * 1024  # bytes: more are not copied to be gathered
_ZEROS = bytes(BLOCK)

_Links = list[tuple[str, Member]]
"""Hard links that stand for one file, by the names that they are to have."""

Write = Callable[[bytes | memoryview], object]
"""Writes all of the bytes; they are not kept."""


class Output(Protocol):
    """What is open and takes bytes: a file, a pipe."""

    def write(self, content: bytes | memoryview, /) -> object:
        """Write all of the bytes."""


def flatten(layers: Layers, write: Write) -> None:
    """Write the tar."""
    flattening = _Flattening(layers, write)
    for number, tar in layers.each(top_first=True):
        flattening.layer(number, tar)
    flattening.end()


@dataclass(slots=True)
class _Files:
    """What the files of a layer are called in it, and in the tar."""

    same: dict[str, str] = field(default_factory=dict)
    """The file that a hard link of this layer stands for: a name of this layer, or of a lower one."""
    written: dict[str, str] = field(default_factory=dict)
    """By their names in the layer, what those that have come are called in the tar; '' where nothing is."""
    late: dict[str, _Links] = field(default_factory=dict)
    """Links to files that have passed, and are not in the tar."""


class _Flattening:
    """What has been written, and what is still to come."""

    def __init__(self, layers: Layers, write: Write) -> None:
        self._layers, self._out = layers, _Out(write)
        self._above = Above()
        self._waiting: dict[str, _Links] = {}
        """Links whose file has not come yet, by its name."""

    def layer(self, number: int, tar: TarStream) -> None:
        """Write what is to be seen of the layer, whose upper ones are done."""
        here, files = Above(), _Files()
        for member in tar:
            self._layers.count.entry(f"the image, at {member.name}")
            name = clean(member.name)
            folder, _, base = name.rpartition("/")
            if here.takes(folder, base):
                continue
            if member.kind is not Kind.FOLDER:
                here.leaves.add(name)  # also where a folder of an upper layer has its name
            is_hidden = name.startswith(METADATA) or self._above.hides(name)
            if not is_hidden:
                here.seen.add(name)
            links = self._waiting.pop(name, [])
            if member.kind is Kind.LINK:
                target = clean(member.target)
                self._link(files, name, target, links if is_hidden else [(name, member), *links], here.seen)
            else:
                files.same.pop(name, None)
                files.written[name] = self._put("" if is_hidden else name, member, links, tar)
        tar.drain()
        self._go_back(number, files.late)
        self._above.add(here)

    def end(self) -> None:
        """Write the links of which nobody has the file, as they are, and the end of the tar."""
        for target, links in self._waiting.items():
            for name, member in links:
                self._out.link(name, member, target)
        self._out.end()

    def _link(self, files: _Files, name: str, target: str, links: _Links, seen: set[str]) -> None:
        """These are to be names of the file that `name` and `target` are in this layer: it has come, or it will."""
        file = files.same[name] = files.same.get(target, target)
        if file not in files.written:
            waiting = self._waiting
        elif files.written[file]:
            for link, member in links:
                self._out.link(link, member, target if target in seen else files.written[file])
            return
        else:
            waiting = files.late
        if links:
            waiting.setdefault(file, []).extend(links)

    def _put(self, name: str, member: Member, links: _Links, tar: TarStream) -> str:
        """Write it and its links, the first of which has its bytes where it has no name; the name that has them."""
        first, others = (name, links) if name or not links else (links[0][0], links[1:])
        if first:
            self._out.header(first, member)
            self._out.content(member, tar)
        for link, link_member in others:
            self._out.link(link, link_member, first)
        return first

    def _go_back(self, number: int, late: dict[str, _Links]) -> None:
        """Write links to what is hidden and had passed when they came: the layer is read once more for them."""
        if not late:
            return
        with self._layers.one(number) as tar:
            for member in tar:
                if member.kind is not Kind.LINK and (links := late.pop(clean(member.name), [])):
                    self._put("", member, links, tar)
                if not late:
                    return


class _Out:
    """The tar that is written; short writes are gathered."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._gathered = bytearray()

    def header(self, name: str, member: Member) -> None:
        """A member's header; with its own name as it stands there."""
        same = member.name.rstrip("/") == name if name else member.name in (".", "./")
        self._add(member.written if same else renamed(member, name or ".", member.target))

    def link(self, name: str, member: Member, target: str) -> None:
        """A hard link."""
        self._add(renamed(member, name, target))

    def content(self, member: Member, tar: TarStream) -> None:
        """A member's bytes, filled up to a whole block."""
        for piece in tar.content():
            self._add(piece)
        self._add(_ZEROS[: -member.size % BLOCK])

    def end(self) -> None:
        """Two empty blocks."""
        self._add(END)
        self._flush()

    def _add(self, piece: bytes | memoryview) -> None:
        if len(piece) >= _LONG:
            self._flush()
            self._write(piece)
            return
        self._gathered += piece
        if len(self._gathered) >= _LONG:
            self._flush()

    def _flush(self) -> None:
        if self._gathered:
            self._write(bytes(self._gathered))
            self._gathered.clear()
