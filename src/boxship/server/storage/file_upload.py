"""An upload's file on its way to be a blob's, in an order that a loss of power cannot break.

Whatever touches a file here runs in a worker thread.
"""

from __future__ import annotations

__all__ = ["FileUpload"]

import os
import sys
from collections.abc import AsyncIterable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.finishing import in_thread
from boxship.server.storage import Hashes, Look, Stored
from boxship.server.storage.claim import FileClaim, Incomplete
from boxship.server.storage.layout import Layout, fsync_folder
from boxship.server.storage.soundness import digest_file

# What a system does not know, it does not need: O_BINARY is Windows's own.
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class FileUpload:
    """An upload's file that is claimed, as `storage.Claim` promises.

    Attributes:
        file: the claim, for who writes to it in a thread of their own.
    """

    def __init__(self, file: FileClaim, layout: Layout) -> None:
        self.file = file
        self._layout = layout

    @property
    def session(self) -> str:
        """Which upload it is."""
        return self.file.path.name

    async def append(self, at: int, batches: AsyncIterable[list[bytes]], hashes: Hashes) -> int:
        """Write `batches` after the first `at` bytes of the upload and into `hashes`; return its new size.

        What is there after `at` goes: it was never acknowledged, for nobody else may write to the file. Raises
        `Incomplete` where less is there.
        """
        await in_thread(self.file.cut, at)
        async for pieces in batches:
            at += await in_thread(_write, self.file, at, pieces, hashes)
            pieces.clear()  # many clients push at a time, and each would hold them until its next ones have come
        return at

    def acknowledge(self, transaction: Transaction) -> None:
        """Note nothing: the upload's row says how much of the file counts."""

    async def digest(self, algorithm: str) -> Digest:
        """The digest of what has arrived, read back."""
        return await in_thread(digest_file, self.file.path, algorithm)

    async def publish(self, digest: Digest, size: int) -> Look:
        """Make an upload of `size` bytes the blob `digest`, durably and at once; whatever was there is replaced.

        Raises `Incomplete` where the file has another size. After any failure the upload is gone.
        """
        return partial(_state, await in_thread(_publish, self.file, self._layout, digest, size))

    async def settle(self) -> None:
        """Do nothing: the file is the blob's."""

    async def discard(self) -> None:
        """Delete the file, if its name still leads to it."""
        await in_thread(self.file.discard)

    def close(self) -> None:
        """Let others claim the upload."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _state(path: Path) -> Stored | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return Stored(found.st_size, found.st_mtime_ns)


def _write(claim: FileClaim, at: int, pieces: Sequence[bytes], hashes: Hashes) -> int:
    """Returns how many bytes that were."""
    content = b"".join(pieces)
    claim.write(at, content)
    for algorithm in hashes.values():
        algorithm.update(content)
    return len(content)


def _expect(descriptor: int, size: int) -> None:
    found = os.fstat(descriptor)
    if found.st_size != size:
        raise Incomplete(f"{found.st_size} bytes, not {size}")


def _publish(claim: FileClaim, layout: Layout, digest: Digest, size: int) -> Path:
    """Returns where the blob is."""
    try:
        _seal(claim.path, size)
        blob = layout.place(digest)
        if sys.platform == "win32":  # what is open cannot be renamed there
            claim.close()
        claim.path.replace(blob)
    except BaseException:
        claim.discard()
        raise
    fsync_folder(blob.parent)
    return blob


def _seal(upload: Path, size: int) -> None:
    """Make an upload's bytes durable, and nobody's to change."""
    writable = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY  # fsync asks for it there
    descriptor = os.open(upload, writable | _FLAGS)
    try:
        _expect(descriptor, size)
        # After a failed fsync the pages may be gone though a second one succeeds (fsync(2), "EIO"): never retried.
        os.fsync(descriptor)
        if sys.platform != "win32":  # a file that nobody may change cannot be replaced there
            os.fchmod(descriptor, 0o444)
    finally:
        os.close(descriptor)
