"""Layers without some files: as if they had never been put there."""

from __future__ import annotations

__all__ = ["stripped"]

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from boxship.errors import UnexpectedAnswer
from boxship.image.above import WHITEOUT, clean
from boxship.image.compression import plain
from boxship.image.image import Layer
from boxship.image.tar_stream import BLOCK, END, Kind, TarStream
from boxship.image.workshop import Workshop
from boxship.spec.descriptor import Descriptor
from boxship.store import Source


def stripped(
    source: Source, layer: Descriptor, shop: Workshop, paths: Iterable[str], *, compression: str, oci: bool
) -> Layer | None:
    """The layer without these paths, and what is below them; None where it has none of them."""
    gone = frozenset(clean(path.lstrip("/")) for path in paths)
    what = f"the layer {layer.digest}"
    with source.open_blob(layer) as pieces:
        if not any(_is_gone(clean(member.name), gone) for member in TarStream(plain(pieces, what), what)):
            return None
    with source.open_blob(layer) as pieces:
        left = _left(TarStream(plain(pieces, what), what), gone, what)
        return shop.from_pieces(left, compression=compression, oci=oci)


def _left(tar: TarStream, gone: frozenset[str], what: str) -> Iterator[bytes | memoryview]:
    for member in tar:
        if _is_gone(clean(member.name), gone):
            continue
        if member.kind is Kind.LINK and _is_gone(clean(member.target), gone):
            why = f"{member.name} is the same file as {member.target}, which is to go"
            raise UnexpectedAnswer(f"{what} cannot be stripped", why=why, remedy="strip both, or neither")
        yield member.written
        yield from tar.content()
        yield bytes(-member.size % BLOCK)
    tar.drain()
    yield END


def _is_gone(name: str, gone: frozenset[str]) -> bool:
    """Whether it, or a folder that it is in, is to go; what removes it from lower layers has nothing to remove."""
    folder, _, base = name.rpartition("/")
    if base.startswith(WHITEOUT):
        name = f"{folder}/{base.removeprefix(WHITEOUT)}" if folder else base.removeprefix(WHITEOUT)
    return name in gone or any(str(parent) in gone for parent in PurePosixPath(name).parents)
