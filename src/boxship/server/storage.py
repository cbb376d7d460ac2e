"""Bytes of blobs and of unfinished uploads, written in an order that a loss of power cannot break.

Where files are is `layout`'s, who may read them `names`'s. Whatever touches a file here runs in a worker thread.
"""

from __future__ import annotations

__all__ = ["FileState", "Hash", "Hashes", "Storage"]

import os
import sys
import uuid
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from boxship.digest import Digest
from boxship.server.claim import Claim, Incomplete, Taken
from boxship.server.finishing import in_thread
from boxship.server.layout import Layout, fsync_folder
from boxship.server.soundness import digest_file

# What a system does not know, it does not need: O_BINARY is Windows's own.
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Hash(Protocol):
    """What `hashlib.new` returns."""

    def update(self, content: bytes, /) -> None:
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """The value of the bytes so far."""


Hashes = Mapping[str, Hash]  # by algorithm


@dataclass(frozen=True, slots=True)
class FileState:
    """The size of a file, and when it was last written, in nanoseconds."""

    size: int
    modified: int


class Storage:
    """The files of a registry."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def path(self, digest: Digest) -> Path:
        """Where a blob is, if it is there."""
        return self._layout.blob(digest)

    def look(self, digest: Digest) -> FileState | None:
        """What a blob's file looks like, or None where there is none. Blocks."""
        return _state(self._layout.blob(digest))

    async def claim(self, session: str, *, new: bool) -> Claim:
        """An upload's file, for the only one who may write to it; `new` makes it where there is none.

        Raises `Taken` where somebody else has it, `Incomplete` where there is none.
        """
        return await in_thread(Claim, self._upload(session), new=new)

    async def claim_any(self) -> Claim:
        """A file for an upload without a session."""
        while True:
            # A sweep may look at the file before it is locked.
            with suppress(Taken):
                return await self.claim(str(uuid.uuid4()), new=True)

    async def append(self, claim: Claim, at: int, batches: AsyncIterable[list[bytes]], hashes: Hashes) -> int:
        """Write `batches` after the first `at` bytes of an upload and into `hashes`; return its new size.

        What is there after `at` was never acknowledged, and goes. Raises `Incomplete` where less is there.
        """
        await in_thread(claim.cut, at)
        async for pieces in batches:
            at += await in_thread(_write, claim, at, pieces, hashes)
            pieces.clear()  # many clients push at a time, and each would hold them until its next ones have come
        return at

    async def digest_upload(self, claim: Claim, algorithm: str) -> Digest:
        """The digest of what has arrived of an upload, read back."""
        return await in_thread(digest_file, claim.path, algorithm)

    async def publish(self, claim: Claim, digest: Digest, size: int) -> FileState:
        """Make an upload of `size` bytes the blob `digest`, durably and at once; whatever was there is replaced.

        Raises `Incomplete` where the file has another size. After any failure the upload is gone.
        """
        return await in_thread(_publish, claim, self._layout.blob(digest), size)

    def sweep(self, has: Callable[[str], bool]) -> None:
        """Delete the files of uploads that are no sessions any more and that nobody writes to. Blocks."""
        for file in self._layout.uploads.iterdir():
            if not has(file.name):
                _sweep(file, has)

    def _upload(self, session: str) -> Path:
        return self._layout.uploads / session


def _state(path: Path) -> FileState | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return FileState(found.st_size, found.st_mtime_ns)


def _sweep(file: Path, has: Callable[[str], bool]) -> None:
    with suppress(Taken, Incomplete), Claim(file, new=False) as claim:
        if not has(file.name):
            claim.discard()


def _write(claim: Claim, at: int, pieces: Sequence[bytes], hashes: Hashes) -> int:
    """Returns how many bytes that were."""
    content = b"".join(pieces)
    claim.write(at, content)
    for algorithm in hashes.values():
        algorithm.update(content)
    return len(content)


def _expect(descriptor: int, size: int) -> os.stat_result:
    found = os.fstat(descriptor)
    if found.st_size != size:
        raise Incomplete(f"{found.st_size} bytes, not {size}")
    return found


def _publish(claim: Claim, blob: Path, size: int) -> FileState:
    try:
        state = _seal(claim.path, size)
        if sys.platform == "win32":  # what is open cannot be renamed there
            claim.close()
        claim.path.replace(blob)
    except BaseException:
        claim.discard()
        raise
    fsync_folder(blob.parent)
    return state


def _seal(upload: Path, size: int) -> FileState:
    """Make an upload's bytes durable, and nobody's to change."""
    writable = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY  # fsync asks for it there
    descriptor = os.open(upload, writable | _FLAGS)
    try:
        found = _expect(descriptor, size)
        # After a failed fsync the pages may be gone though a second one succeeds (fsync(2), "EIO"): never retried.
        os.fsync(descriptor)
        if sys.platform != "win32":  # a file that nobody may change cannot be replaced there
            os.fchmod(descriptor, 0o444)
    finally:
        os.close(descriptor)
    return FileState(found.st_size, found.st_mtime_ns)
