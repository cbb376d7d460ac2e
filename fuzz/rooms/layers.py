"""Layers: compressed streams, tars, and what is made of them on a disk."""

from __future__ import annotations

__all__ = ["TARGETS"]

import io
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from boxship.errors import UnexpectedAnswer
from boxship.formats.memory import Memory
from boxship.image.above import clean
from boxship.image.bounds import Bounds
from boxship.image.compression import compression_of, plain
from boxship.image.export import export
from boxship.image.layers import Layers
from boxship.image.opening import image_at
from boxship.image.packages import packages_of
from boxship.image.stack import Stack
from boxship.image.tar_stream import TarStream
from boxship.image.unpack import unpack
from boxship.registry.manifests import Document
from boxship.testing import Image
from fuzz.target import Target, sliced, target

_MOST = 16 * 1024**2  # bytes: a stream of some can be made to have gigabytes
_BOUNDS = Bounds(size=1024**2, entries=200, ratio=100)
_TAR = (
    "ustar\x0000 ustar\x20\x20 ././@LongLink SCHILY.xattr. GNU.sparse.map .wh. .wh..wh..opq ../ path= size= mtime= uid="
)
# RFC 8878, 3.1.1.2: a header of three bytes, for a compressed block of none, the last one or not.
_EMPTY_BLOCKS = (b"\x05\0\0", b"\x04\0\0")
_PACKAGES = ("var/lib/dpkg/status", "lib/apk/db/installed", "var/lib/rpm/rpmdb.sqlite")


@target(longest=8192, words="\x1f\x8b\x08 (\xb5/\xfd BZh9 \xfd7zXZ")
def compressed(data: bytes) -> None:
    """A stream is made plain in pieces of at most 1 MiB, the same however it comes, or is `UnexpectedAnswer`.

    Of a block of zstd that is said to be compressed, and has no bytes, the library complains or not, by how it comes;
    who verifies a digest notices.
    """
    whole, apart = _made(iter([memoryview(data)])), _made(sliced(data))
    may_differ = compression_of(data) == "zstd" and any(block in data for block in _EMPTY_BLOCKS)
    assert whole == apart or (may_differ and None in (whole, apart)) or _is_long(whole) or _is_long(apart)


def _made(pieces: Iterator[memoryview]) -> bytes | None:
    """The plain bytes, or more of them than are looked at; None for a stream that is broken."""
    made = bytearray()
    try:
        for piece in plain(pieces, "it"):
            assert len(piece) <= 1024**2
            made += piece
            if len(made) > _MOST:
                break
    except UnexpectedAnswer as error:
        assert str(error)
        return None
    return bytes(made)


def _is_long(made: bytes | None) -> bool:
    return made is not None and len(made) > _MOST


@target(UnexpectedAnswer, longest=16384, words=_TAR)
def tar(data: bytes) -> None:
    """A tar is its members with their bytes, the same however it comes, or `UnexpectedAnswer`."""
    sound = with_checksums(data)
    whole = _members(TarStream([sound], "the layer"))
    assert whole == _members(TarStream(sliced(sound, 509), "the layer"))
    assert sum(len(content) for _, _, content in whole) <= len(sound)


def _members(stream: TarStream) -> list[tuple[str, bytes, bytes]]:
    found = [(member.name, member.written, b"".join(map(bytes, stream.content()))) for member in stream]
    stream.drain()
    return found


def with_checksums(data: bytes) -> bytes:
    """The tar with checksums that are right: no mutation finds those."""
    content = bytearray(data)
    for at in range(0, len(content) - tarfile.BLOCKSIZE + 1, tarfile.BLOCKSIZE):
        header = content[at : at + tarfile.BLOCKSIZE]
        if header[257:262] == b"ustar":
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            content[at : at + tarfile.BLOCKSIZE] = header
    return bytes(content)


@target(UnexpectedAnswer, longest=16384, words=_TAR)
def layer(data: bytes) -> None:
    """A layer is exported, unpacked into its folder and nowhere else, and looked into, or is `UnexpectedAnswer`.

    What is exported has a name as often as the layer at most; of several, the last one is its file in both.
    """
    sound = with_checksums(data)
    image = Image.of([sound])
    store = _store(image)
    with tempfile.TemporaryDirectory() as root:
        inner = Path(root, "inner")
        inner.mkdir()
        try:
            unpack(Layers(store, image_at(store, "1").layers, _BOUNDS), inner)
        finally:
            assert [path.name for path in Path(root).iterdir()] == ["inner"]
    with Stack(Layers(store, image_at(store, "1").layers, _BOUNDS)) as stack:
        for name in islice(stack.below(""), 20):
            stack.find(name)
    out = io.BytesIO()
    export(store, "1", out.write, bounds=_BOUNDS)
    assert _names(out.getvalue()) <= _names(sound)


def _names(tar: bytes) -> Counter[str]:
    """How often there is a member of each name."""
    return Counter(clean(member.name) for member in TarStream([tar], "it"))


def _store(image: Image) -> Memory:
    store = Memory()
    for content in image.blobs.values():
        store.add_blob(content, "")
    store.name(Document(image.manifest, image.media_type, image.digest), ("1",))
    return store


@target(
    UnexpectedAnswer, longest=16384, words="Package: Version: Status: P: V: A: \\n SQLite Packages blob CREATE TABLE"
)
def packages(data: bytes) -> None:
    """A file of packages has some, or is `UnexpectedAnswer`."""
    for name in _PACKAGES:
        try:
            assert all(package.manager for package in packages_of([(name, data)]))
        except UnexpectedAnswer as error:
            assert str(error)


TARGETS: tuple[Target, ...] = (compressed, tar, layer, packages)
