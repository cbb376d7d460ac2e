"""Where new layers are made: from tars, from folders, from what is written; into files, and never in memory."""

from __future__ import annotations

__all__ = ["Send", "Workshop", "workshop"]

import hashlib
import io
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Protocol

from boxship import media_type
from boxship.connect.crew import Crew
from boxship.digest import Digest
from boxship.errors import InvalidInput
from boxship.image.behind import Behind
from boxship.image.compression import compression_of, plain
from boxship.image.content import Content, Spooled, given
from boxship.image.folder_tar import folder_tar
from boxship.image.growing import GrowingFile
from boxship.image.gzip import Gzip
from boxship.image.image import Layer
from boxship.image.windows import windows_tar
from boxship.image.zstd import Zstd
from boxship.registry.head_start import Growing
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor
from boxship.spec.draft import Json
from boxship.value import dataclass

Piece = bytes | memoryview
Write = Callable[[Piece], object]
Send = Callable[[Growing], AbstractContextManager[Callable[[Digest], None]]]
"""Sends a blob while it is being made, and is then told which one it is."""

_PIECE = 1024 * 1024
_MAGIC = 6  # bytes
_STDIN = "-"


class Workshop:
    """Makes layers, which last as long as it does. For one thread; the crew's threads compress."""

    def __init__(self, folder: Path, crew: Crew) -> None:
        self._folder, self._crew = folder, crew
        self._numbers = itertools.count()

    def begin(
        self, path: str, *, oci: bool, history: Mapping[str, Json], windows: bool = False, modified: int = 0
    ) -> Callable[[], Layer]:
        """The layer of a tar, compressed or not, of a folder (all of it modified then), or of standard input (`-`).

        A tar that is compressed as layers may be is taken as it is, which one of the crew's threads reads: what is
        returned waits for it, once. For Windows, its files are moved and it is made anew.
        """
        if path != _STDIN and Path(path).is_dir():
            return self._begun(_for(folder_tar(Path(path), modified), path, windows=windows), oci=oci, history=history)
        with _opened(path) as pieces:
            begun = next(pieces, memoryview(b""))
            kind, rest = compression_of(bytes(begun[:_MAGIC])), itertools.chain((begun,), pieces)
            if kind not in ("gzip", "zstd") or windows:
                return self._begun(_for(plain(rest, path), path, windows=windows), oci=oci, history=history)
            content = given(Path(path)) if _stays(path) else self._spooled(rest)
        return self._crew.begin(partial(_taken, what=path, kind=_kind(kind, oci=oci), history=history), content)

    def from_layer(self, source: BlobSource, layer: Descriptor, *, compression: str, oci: bool) -> Layer:
        """The same layer, compressed otherwise."""
        what = f"the layer {layer.digest}"
        with source.open_blob(layer) as pieces:
            return self.from_pieces(plain(pieces, what), compression=compression, oci=oci)

    def from_pieces(self, tar: Iterable[Piece], *, compression: str, oci: bool) -> Layer:
        """The layer of a plain tar."""
        return self._made(tar, oci=oci, history={}, compression=compression)

    def from_writing(
        self,
        tell: Callable[[Write], object],
        *,
        oci: bool,
        history: Mapping[str, Json],
        compression: str = "gzip",
        send: Send | None = None,
    ) -> Layer:
        """The layer of the plain tar that `tell` writes, compressed; `send` has what comes of it sent meanwhile."""
        tar, packed, path = hashlib.sha256(), hashlib.sha256(), self._next()
        file = GrowingFile(path)

        def put(piece: bytes) -> None:
            packed.update(piece)
            file.write(piece)

        with send(file) if send else nullcontext(_nobody) as known:
            with file, Behind(put) as behind:
                packer = self._packer(compression, behind.put)

                def write(piece: Piece) -> None:
                    tar.update(piece)
                    packer.write(piece)

                tell(write)
                packer.close()
            layer = _layer(_kind(compression, oci=oci), path, packed.hexdigest(), tar.hexdigest(), history)
            known(layer.descriptor.digest)
        return layer

    def as_it_is(self, path: str) -> tuple[Descriptor, Content]:
        """The bytes of a file as they are, without a media type; those of standard input or a pipe are kept."""
        with _opened(path, "the file") as pieces:
            content = given(Path(path)) if _stays(path) else self._spooled(pieces)
        digest, size = _read(content)
        return Descriptor(media_type="", digest=Digest("sha256", digest), size=size), content

    @staticmethod
    def compression_of(kind: str) -> str:
        """How a layer of that media type is compressed: `gzip`, `zstd` or `none`."""
        return next((word for word in ("gzip", "zstd") if kind.endswith(word)), "none")

    def _packer(self, compression: str, put: Callable[[bytes], None]) -> _Packer:
        if compression == "gzip":
            return Gzip(put, self._crew)
        return Zstd(put, os.cpu_count() or 1) if compression == "zstd" else _Plain(put)

    def _made(
        self, pieces: Iterable[Piece], *, oci: bool, history: Mapping[str, Json], compression: str = "gzip"
    ) -> Layer:
        def tell(write: Write) -> None:
            for piece in pieces:
                write(piece)

        return self.from_writing(tell, oci=oci, history=history, compression=compression)

    def _begun(self, pieces: Iterable[Piece], *, oci: bool, history: Mapping[str, Json]) -> Callable[[], Layer]:
        layer = self._made(pieces, oci=oci, history=history)  # here: the crew's threads wait for nothing that is theirs
        return lambda: layer

    def _spooled(self, pieces: Iterable[Piece]) -> Spooled:
        path = self._next()
        with path.open("xb", buffering=0) as file:
            for piece in pieces:
                _whole(file.write, piece)
        return Spooled(path)

    def _next(self) -> Path:
        return self._folder / str(next(self._numbers))


@contextmanager
def workshop(crew: Crew) -> Iterator[Workshop]:
    """A workshop in a folder for temporary files (`TMPDIR`), which goes with the context."""
    with tempfile.TemporaryDirectory(prefix="boxship-", ignore_cleanup_errors=True) as folder:
        yield Workshop(Path(folder), crew)


def _nobody(_: Digest) -> None:
    """Nobody sends it."""


def _for(pieces: Iterable[Piece], what: str, *, windows: bool) -> Iterable[Piece]:
    return windows_tar(pieces, what) if windows else pieces


class _Packer(Protocol):
    def write(self, piece: Piece) -> None:
        """Take more; it is not kept."""

    def close(self) -> None:
        """Write what is left, and the end."""


@dataclass(frozen=True, slots=True)
class _Plain:
    """Hands everything on as it is."""

    put: Callable[[bytes], None]

    def write(self, piece: Piece) -> None:
        self.put(bytes(piece))

    def close(self) -> None:
        """There is no end."""


def _kind(compression: str, *, oci: bool) -> str:
    """The media type of a layer; Docker has none for zstd."""
    if compression == "zstd":
        return media_type.OCI_LAYER_ZSTD
    if compression == "gzip":
        return media_type.OCI_LAYER_GZIP if oci else media_type.DOCKER_LAYER_GZIP
    return media_type.OCI_LAYER if oci else media_type.DOCKER_LAYER


def _layer(kind: str, path: Path, packed: str, tar: str, history: Mapping[str, Json]) -> Layer:
    pointer = Descriptor(media_type=kind, digest=Digest("sha256", packed), size=path.stat().st_size)
    return Layer(pointer, Digest("sha256", tar), Spooled(path), history)


def _taken(content: Content, what: str, kind: str, history: Mapping[str, Json]) -> Layer:
    """The layer of a tar that is compressed: it is read once, as it is and as the tar."""
    packed, tar, size = hashlib.sha256(), hashlib.sha256(), 0

    def pieces() -> Iterator[memoryview]:
        nonlocal size
        for piece in content.pieces():
            packed.update(piece)
            size += len(piece)
            yield piece

    for piece in plain(pieces(), what):
        tar.update(piece)
    pointer = Descriptor(media_type=kind, digest=Digest("sha256", packed.hexdigest()), size=size)
    return Layer(pointer, Digest("sha256", tar.hexdigest()), content, history)


def _stays(path: str) -> bool:
    """Whether it can be read again."""
    return path != _STDIN and Path(path).is_file()


def _read(content: Content) -> tuple[str, int]:
    """The SHA-256 of all of it, and its size."""
    read, size = hashlib.sha256(), 0
    for piece in content.pieces():
        read.update(piece)
        size += len(piece)
    return read.hexdigest(), size


def _whole(write: Callable[[Piece], int | None], piece: Piece) -> None:
    view = memoryview(piece)
    while view:
        view = view[write(view) or 0 :]


@contextmanager
def _opened(path: str, what: str = "the layer") -> Iterator[Iterator[memoryview]]:
    """The bytes of a file or a pipe."""
    if path == _STDIN:
        yield _pieces(io.FileIO(sys.stdin.fileno(), closefd=False))
        return
    try:
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115 -- only opening it is the caller's mistake
    except OSError as error:
        raise InvalidInput(f"{what} {path}", why=(error.strerror or str(error)).lower()) from error
    with file:
        yield _pieces(file)


def _pieces(file: io.RawIOBase | io.BufferedIOBase) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_PIECE))
    while count := file.readinto(buffer):
        yield buffer[:count]
