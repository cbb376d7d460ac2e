"""Blobs on their way into a folder. What has come of one stays when it breaks off, and the next attempt goes on there.

A blob has its final name when it is whole and right, and never before.
"""

from __future__ import annotations

__all__ = ["Arriving"]

import contextlib
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from boxship.formats.alone import have_alone
from boxship.formats.stored import pieces_of, write_all
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor


class Arriving:
    """The folder of what is not whole yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, blob: Descriptor, source: BlobSource, final: Path) -> How:
        """Bring the blob from there to its final name."""
        if _has(final, blob):
            return How.PRESENT
        final.parent.mkdir(parents=True, exist_ok=True)
        with self._begun(blob) as (file, path):
            _complete(file, blob, source)
        try:
            path.replace(final)
        except FileNotFoundError:  # another process went on with it as soon as it was closed here
            if not _has(final, blob):
                raise
        with contextlib.suppress(OSError):  # others are on their way
            self._folder.rmdir()
        return How.PUSHED

    @contextmanager
    def _begun(self, blob: Descriptor) -> Iterator[tuple[FileIO, Path]]:
        """What there is of the blob, for this process alone; another process's is left to it."""
        path = self._folder / f"{blob.digest.algorithm}-{blob.digest.hex}"
        file = self._opened(path, "a+")
        own = have_alone(file)
        if not own:
            file.close()
            path = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
            file = self._opened(path, "x+")
        try:
            with file:
                yield file, path
        finally:
            if not own:
                path.unlink(missing_ok=True)

    def _opened(self, path: Path, mode: str) -> FileIO:
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # whose blob was the last one has just removed the folder
                return FileIO(path, mode)


def _has(final: Path, blob: Descriptor) -> bool:
    try:
        return final.stat().st_size == blob.size
    except FileNotFoundError:
        return False


def _complete(file: FileIO, blob: Descriptor, source: BlobSource) -> None:
    """Write what is missing of the blob; what there is of it is verified with it, and given up if it is wrong."""
    hasher = hashlib.new(blob.digest.algorithm)
    held = _hash(file, hasher, blob.size)
    if held:
        if held < blob.size:
            _write(file, blob, source, held, hasher)
        if hasher.hexdigest() == blob.digest.hex:
            return
    file.truncate(0)
    _write(file, blob, source, 0, None)  # the source verifies what is read from the beginning


def _hash(file: FileIO, hasher: hashlib._Hash, most: int) -> int:
    """Hash what there is; how many bytes that is, 0 where it is more than there may be."""
    file.seek(0)
    held = 0
    for piece in pieces_of(file):
        hasher.update(piece)
        held += len(piece)
    return held if held <= most else 0


def _write(file: FileIO, blob: Descriptor, source: BlobSource, at: int, hasher: hashlib._Hash | None) -> None:
    with source.open_blob(blob, at) as pieces:
        for piece in pieces:
            if hasher:
                hasher.update(piece)
            write_all(file, piece)
