"""Layers out of archives, made fit for a registry: plain tar files are gzipped, and everything is hashed."""

from __future__ import annotations

__all__ = ["Layer", "prepared"]

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from boxship import media_type as types
from boxship.digest import Digest
from boxship.errors import DigestMismatch, NotFound
from boxship.formats.files import File, Files
from boxship.formats.stored import pieces_of
from boxship.image.compression import compression_of, plain

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

    def media_type(self, *, oci: bool) -> str:
        """Its type, in an OCI manifest or in one of Docker's."""
        if self.is_zstd:
            return types.OCI_LAYER_ZSTD
        return types.OCI_LAYER_GZIP if oci else types.DOCKER_LAYER_GZIP


def prepared(files: Files, scratch: Path, name: str, diff_id: Digest) -> Layer:
    """The layer in the archive's file `name`; `DigestMismatch` where a plain one is not what its `diff_id` says."""
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
    hasher, size = hashlib.sha256(), 0
    for piece in pieces_of(file):
        hasher.update(piece)
        size += len(piece)
    return Layer(name, Digest("sha256", hasher.hexdigest()), size, None, is_zstd)


def _compressed(pieces: Iterable[memoryview | bytes], name: str, diff_id: Digest, scratch: Path) -> Layer:
    from isal import isal_zlib  # noqa: PLC0415 -- only who reads such an archive needs it

    unpacked, hasher, size = hashlib.new(diff_id.algorithm), hashlib.sha256(), 0
    compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
    path = scratch / uuid.uuid4().hex
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
    return Layer(name, Digest("sha256", hasher.hexdigest()), size, path, is_zstd=False)
