"""Layers out of archives, made fit for a registry: plain tar files are gzipped, and everything is hashed."""

from __future__ import annotations

__all__ = ["Layer", "all_prepared"]

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from boxship import media_type as types
from boxship.connect.crew import Crew
from boxship.connect.deadline import check_current, own_part
from boxship.digest import Digest
from boxship.errors import BoxshipError, DigestMismatch, NotFound
from boxship.formats.files import File, Files
from boxship.formats.stored import pieces_of
from boxship.image.compression import compression_of, plain
from boxship.image.content import State, state_of
from boxship.value import dataclass

_AT_ONCE = 4
_LOOKED_AT = 6  # bytes
_KEPT = frozenset({"gzip", "zstd"})  # there is no media type for layers that are compressed otherwise
_LEVEL = 2  # of isa-l's 0 to 3: as small as zlib's level 6 within some percent, five times as fast
_GZIP_WINDOW = 31  # zlib's word for a gzip header, which then has no name and no time


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as a registry gets it: the file `name` of the archive as it is, or `path`, which was made of it."""

    name: str
    digest: Digest
    size: int
    path: Path | None
    is_zstd: bool
    was: State
    """How its file was when its digest was found."""

    def media_type(self, *, oci: bool) -> str:
        """Its type, in an OCI manifest or in one of Docker's."""
        if self.is_zstd:
            return types.OCI_LAYER_ZSTD
        return types.OCI_LAYER_GZIP if oci else types.DOCKER_LAYER_GZIP


def all_prepared(files: Files, scratch: Path, named: Iterable[tuple[str, Digest]]) -> list[Layer]:
    """The layers in the archive's files of these names; `DigestMismatch` where a plain one is not as its `diff_id`.

    Nothing is at work in `scratch` any more when this returns or raises.
    """
    crew, made = Crew(_AT_ONCE, "boxship-layers"), list[Layer]()
    begun: deque[Callable[[], Layer]] = deque()
    try:
        with own_part():
            begun.extend(crew.begin(lambda one: _prepared(files, scratch, *one), one) for one in named)
            while begun:
                made.append(begun.popleft()())
    finally:
        crew.close()
        for left in begun:
            with suppress(BoxshipError, OSError):  # that they are to end, or what would have been raised later
                left()
    return made


def _prepared(files: Files, scratch: Path, name: str, diff_id: Digest) -> Layer:
    check_current()
    try:
        file = files.open(name)
    except FileNotFoundError as error:
        raise NotFound(f"the layer {name}", why="the archive has no such file") from error
    with file:
        kind = compression_of(file.read(_LOOKED_AT) or b"")
        file.seek(0)
        if kind in _KEPT:
            return _as_it_is(file, name, is_zstd=kind == "zstd")
        return _compressed(plain(pieces_of(file), f"the layer {name}"), name, diff_id, scratch)


def _as_it_is(file: File, name: str, *, is_zstd: bool) -> Layer:
    hasher, size, was = hashlib.sha256(), 0, state_of(file.fileno())
    for piece in pieces_of(file):
        hasher.update(piece)
        size += len(piece)
    return Layer(name, Digest("sha256", hasher.hexdigest()), size, None, is_zstd, was)


def _compressed(pieces: Iterable[memoryview | bytes], name: str, diff_id: Digest, scratch: Path) -> Layer:
    from isal import isal_zlib  # noqa: PLC0415 -- only who reads such an archive needs it

    unpacked, hasher, size = hashlib.new(diff_id.algorithm), hashlib.sha256(), 0
    compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
    path = scratch / os.urandom(16).hex()
    with path.open("wb") as out:

        def write(data: bytes) -> int:
            hasher.update(data)
            return out.write(data)

        for piece in pieces:
            unpacked.update(piece)
            size += write(compressor.compress(piece))
        size += write(compressor.flush())
    if unpacked.hexdigest() != diff_id.hex:
        actual = f"{diff_id.algorithm}:{unpacked.hexdigest()}"
        raise DigestMismatch(f"the layer {name}", expected=str(diff_id), actual=actual)
    return Layer(name, Digest("sha256", hasher.hexdigest()), size, path, is_zstd=False, was=state_of(path))
