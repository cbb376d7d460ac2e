"""Files that a sweep looks at: those that no row knows, those that may be damaged, and those in the trash.

Whatever is here reads folders and files: not for an event loop.
"""

from __future__ import annotations

__all__ = ["empty_trash", "find_orphans", "is_damaged", "make_folders"]

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.server.storage.layout import Layout, folders_in
from boxship.server.storage.remains import Orphan
from boxship.server.storage.soundness import digest_file
from boxship.server.upkeep.garbage import BATCH, Blob, Found

_NANOSECONDS = 1e9


def make_folders(layout: Layout) -> None:
    """Make the folders that blobs are moved to."""
    for folder in (layout.trash, layout.quarantine):
        folder.mkdir(mode=0o700, exist_ok=True)


def find_orphans(layout: Layout, found: Found, is_old: Callable[[Path], bool]) -> Iterator[Sequence[Orphan]]:
    """The old files among the blobs that no row knows; those that have no blob's name are not a sweep's business."""
    for algorithm, folder in folders_in(layout.root):
        orphans = _orphans(folder, found, algorithm)
        old = [_orphan(layout, digest) for digest in orphans if is_old(layout.blob(digest))]
        yield from (old[at : at + BATCH] for at in range(0, len(old), BATCH))


def is_damaged(layout: Layout, blob: Blob) -> bool:
    """Whether a blob has a file, and that has another digest."""
    digest = Digest.parse(blob.digest)
    try:
        return digest_file(layout.blob(digest), digest.algorithm) != digest
    except FileNotFoundError:
        return False


def empty_trash(folder: Path, *, before: float, since: float = 0.0) -> int:
    """Delete what was put there from `since` until then; how many bytes that was."""
    freed = 0
    for file in folder.iterdir():
        stamp = file.suffix.removeprefix(".")
        if stamp.isdigit() and int(since * _NANOSECONDS) <= int(stamp) <= before * _NANOSECONDS:
            with suppress(FileNotFoundError):  # a sweep and a cache's eviction may do this at a time
                freed += file.lstat().st_size
                file.unlink()
    return freed


def _orphans(folder: Path, found: Found, algorithm: str) -> Iterator[Digest]:
    names = [f"{algorithm}:{file.name}" for file in folder.iterdir()]
    # The rows after the files: a push has its file first.
    known = found.known(f"{algorithm}:{folder.name}", f"{algorithm}:{folder.name}g") if names else ()
    return (digest for name in names if name not in known and (digest := _digest(name)))


def _orphan(layout: Layout, digest: Digest) -> Orphan:
    return Orphan(str(digest), layout.blob(digest).lstat().st_size)


def _digest(name: str) -> Digest | None:
    try:
        return Digest.parse(name)
    except InvalidReference:
        return None
