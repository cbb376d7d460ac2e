"""Blobs on their way into a folder. What has come of one stays when it breaks off, and the next attempt goes on there.

A blob has its final name when it is whole and right and on the disk, and never before.
"""

from __future__ import annotations

__all__ = ["Arriving", "is_there"]

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from boxship.errors import ContentMismatch
from boxship.formats.alone import have_alone
from boxship.formats.resumed import complete
from boxship.formats.stored import read_stored
from boxship.formats.written import in_words, open_to_go_on
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor

_OFTEN = 1_000  # times that others may remove the folder before anything is in it


class Arriving:
    """The folder of what is not whole yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._right: set[Path] = set()  # those that this run has hashed

    def take(self, blob: Descriptor, source: BlobSource, final: Path) -> How:
        """Bring the blob from there to its final name; what has that already is hashed once, and replaced if wrong."""
        with in_words(f"{final} cannot be written"):
            present = is_there(final, blob) and (final in self._right or _is_right(final, blob))
            how = How.PRESENT if present else self._take(blob, source, final)
        self._right.add(final)
        return how

    def _take(self, blob: Descriptor, source: BlobSource, final: Path) -> How:
        final.parent.mkdir(parents=True, exist_ok=True)
        with self._begun(blob) as (file, path):
            complete(file, blob, source, begin=0, held=os.fstat(file.fileno()).st_size)
            file.truncate(blob.size)
            os.fsync(file.fileno())
        try:
            path.replace(final)
        except FileNotFoundError:  # another process went on with it as soon as it was closed here
            if not is_there(final, blob):
                raise
        with contextlib.suppress(OSError):  # others are on their way
            self._folder.rmdir()
        return How.PUSHED

    @contextmanager
    def _begun(self, blob: Descriptor) -> Iterator[tuple[FileIO, Path]]:
        """What there is of the blob, for this process alone; another process's is left to it."""
        path = self._folder / f"{blob.digest.algorithm}-{blob.digest.hex}"
        file = self._opened(path)
        own = have_alone(file)
        if not own:
            file.close()
            path = path.with_name(f"{path.name}.{os.urandom(16).hex()}")
            file = self._opened(path)
        try:
            with file:
                yield file, path
        except BaseException:
            if not own:  # nobody would find it again
                path.unlink(missing_ok=True)
            raise

    def _opened(self, path: Path) -> FileIO:
        for _ in range(_OFTEN):
            # Whose blob was the last one may just have removed the folder, also while it was looked at.
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                self._folder.mkdir(parents=True, exist_ok=True)
                return open_to_go_on(path)
        self._folder.mkdir(exist_ok=True)  # something else has its name, and that is said
        return open_to_go_on(path)


def is_there(final: Path, blob: Descriptor) -> bool:
    """Whether a file of the blob's size has its name; its bytes are not read."""
    try:
        return final.is_file() and final.stat().st_size == blob.size
    except FileNotFoundError:  # gone between the two
        return False


def _is_right(final: Path, blob: Descriptor) -> bool:
    """Whether the file has the blob's digest: disks fail, and others write there."""
    try:
        with FileIO(final) as file:
            for _ in read_stored(file, blob, f"{final}"):
                pass
    except (ContentMismatch, FileNotFoundError):
        return False
    return True
