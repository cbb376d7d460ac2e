"""A source whose blobs are kept in a folder as they come, as crane's cache keeps them: each under its digest."""

from __future__ import annotations

__all__ = ["Cached"]

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import ContentMismatch
from boxship.formats.stored import read_stored, write_all
from boxship.formats.written import in_words, new_name
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor
from boxship.store import Source


class Cached:
    """What `source` has, of which blobs that were read before are read from the folder. A `Source` (`store`)."""

    def __init__(self, source: Source, folder: Path) -> None:
        self._source, self._folder = source, folder

    def __str__(self) -> str:
        return str(self._source)

    def resolve(self, name: str) -> Descriptor:
        """What the source calls so."""
        return self._source.resolve(name)

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        return self._source.read(descriptor)

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on; what is read whole is kept."""
        path = self._path(blob.digest)
        if _size(path) == blob.size:
            with FileIO(path) as file:
                file.seek(at)
                yield _sound(read_stored(file, blob, f"{path}", at), path)
        elif at:
            with self._source.open_blob(blob, at) as pieces:
                yield pieces
        else:
            with self._kept(blob, path) as pieces:
                yield pieces

    @contextmanager
    def _kept(self, blob: Descriptor, path: Path) -> Iterator[Iterator[memoryview]]:
        temporary = new_name(path)
        with in_words(f"{path} cannot be written"):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with FileIO(temporary, "x") as file, self._source.open_blob(blob) as pieces:
                    yield _written(pieces, file)
                    whole = file.tell() == blob.size
                    os.fsync(file.fileno())
                if whole:
                    temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    def _path(self, digest: Digest) -> Path:
        return self._folder / (f"{digest.algorithm}-{digest.hex}" if sys.platform == "win32" else str(digest))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _written(pieces: Iterator[memoryview], file: FileIO) -> Iterator[memoryview]:
    for piece in pieces:
        write_all(file, piece)
        yield piece


def _sound(pieces: Iterator[memoryview], path: Path) -> Iterator[memoryview]:
    """The pieces; a file that is not what its name says is kept no longer."""
    try:
        yield from pieces
    except ContentMismatch as error:
        path.unlink(missing_ok=True)
        error.remedy = "it was in the cache, and is there no longer: run the same again"
        raise
