"""Blobs on their way into a folder. What has come of one stays when it breaks off, and the next attempt goes on there.

A blob has its final name when it is whole and right and on the disk, and never before.
"""

from __future__ import annotations

__all__ = ["Arriving"]

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from boxship.formats.alone import have_alone
from boxship.formats.resumed import complete
from boxship.formats.written import in_words, open_to_go_on
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor

_OFTEN = 1_000  # times that others may remove the folder before anything is in it


class Arriving:
    """The folder of what is not whole yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, blob: Descriptor, source: BlobSource, final: Path) -> How:
        """Bring the blob from there to its final name."""
        with in_words(f"{final} cannot be written"):
            return How.PRESENT if _has(final, blob) else self._take(blob, source, final)

    def _take(self, blob: Descriptor, source: BlobSource, final: Path) -> How:
        final.parent.mkdir(parents=True, exist_ok=True)
        with self._begun(blob) as (file, path):
            complete(file, blob, source, begin=0, held=os.fstat(file.fileno()).st_size)
            file.truncate(blob.size)
            os.fsync(file.fileno())
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
        file = self._opened(path)
        own = have_alone(file)
        if not own:
            file.close()
            path = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
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


def _has(final: Path, blob: Descriptor) -> bool:
    try:
        return final.stat().st_size == blob.size
    except FileNotFoundError:
        return False
