"""A folder as oras packs it: in a tar whose names all begin with what it is called, and without hard links."""

from __future__ import annotations

__all__ = ["titled_tar"]

import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

from boxship.image.folder_tar import content_of, header_of, sorted_paths
from boxship.image.tar_stream import END

_KINDS = frozenset({tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE})  # nobody takes others out again


def titled_tar(folder: Path, title: str, modified: int) -> Iterator[bytes | memoryview]:
    """The folder itself and what is in it, below the title, all of it root's and modified at that time.

    A file of several names is in it several times: where a hard link leads, oras takes from its own folder on.
    """
    for path in (folder, *sorted_paths(folder)):
        found = path.stat() if path == folder else path.lstat()
        info = header_of(path, (Path(title) / path.relative_to(folder)).as_posix(), found)
        if info is None or info.type not in _KINDS:
            continue
        info.mtime, info.mode = modified, stat.S_IMODE(found.st_mode)
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if info.size:
            yield from content_of(path, info.size)
    yield END
