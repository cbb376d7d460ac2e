"""Bytes of blobs and of unfinished uploads, written in an order that a loss of power cannot break.

Where files are is `layout`'s, who may read them `names`'s. Whatever touches a file here runs in a worker thread.
"""

from __future__ import annotations

__all__ = ["FileState", "Hash", "Hashes", "Incomplete", "Storage"]

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from boxship.digest import Digest
from boxship.server.layout import Layout, fsync_folder

_BLOCK = 1024 * 1024
# What a system does not know, it does not need: O_BINARY is Windows's own.
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Hash(Protocol):
    """What `hashlib.new` returns."""

    def update(self, content: bytes, /) -> None:
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """The value of the bytes so far."""


Hashes = Mapping[str, Hash]  # by algorithm


class Incomplete(Exception):
    """An upload's file does not have the bytes that it should have."""


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

    async def state(self, digest: Digest) -> FileState | None:
        """What a blob's file looks like, or None where there is none."""
        return await asyncio.to_thread(self.look, digest)

    def look(self, digest: Digest) -> FileState | None:
        """The same, on the spot: not for an event loop."""
        return _state(self._layout.blob(digest))

    async def append(self, session: str, at: int, batches: AsyncIterable[bytes], hashes: Hashes) -> int:
        """Write `batches` after the first `at` bytes of an upload and into `hashes`; return its new size.

        What is there after `at` was never acknowledged, and goes. Raises `Incomplete` where less is there.
        """
        path = self._upload(session)
        await asyncio.to_thread(_cut, path, at)
        async for batch in batches:
            await asyncio.to_thread(_write, path, at, batch, hashes)
            at += len(batch)
        return at

    async def digest_upload(self, session: str, algorithm: str) -> Digest:
        """The digest of what has arrived of an upload, read back."""
        return await asyncio.to_thread(_digest, self._upload(session), algorithm)

    async def digest_blob(self, digest: Digest) -> Digest:
        """The digest that a blob's file really has."""
        return await asyncio.to_thread(_digest, self._layout.blob(digest), digest.algorithm)

    async def publish(self, session: str, digest: Digest, size: int) -> FileState:
        """Make an upload of `size` bytes the blob `digest`, durably and at once; whatever was there is replaced.

        Raises `Incomplete` where the file has another size. After any failure the upload is gone.
        """
        return await asyncio.to_thread(_publish, self._upload(session), self._layout.blob(digest), size)

    async def discard(self, session: str) -> None:
        """Delete what has arrived of an upload, if anything."""
        await asyncio.to_thread(self._upload(session).unlink, missing_ok=True)

    def sweep(self, sessions: Collection[str]) -> None:
        """Delete the files of uploads other than `sessions`; to be called before anything is uploaded."""
        for file in self._layout.uploads.iterdir():
            if file.name not in sessions:
                file.unlink()

    def _upload(self, session: str) -> Path:
        return self._layout.uploads / session


def _state(path: Path) -> FileState | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return FileState(found.st_size, found.st_mtime_ns)


def _cut(path: Path, at: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _FLAGS, 0o600)
    try:
        if os.fstat(descriptor).st_size < at:
            raise Incomplete(path.name)
        os.ftruncate(descriptor, at)
    finally:
        os.close(descriptor)


def _write(path: Path, at: int, batch: bytes, hashes: Hashes) -> None:
    # The file is opened for each batch: a request that is cancelled leaves no descriptor behind for a thread to use.
    descriptor = os.open(path, os.O_WRONLY | _FLAGS)
    try:
        rest = memoryview(batch)
        while rest:
            written = _write_at(descriptor, rest, at)
            rest, at = rest[written:], at + written
    finally:
        os.close(descriptor)
    for algorithm in hashes.values():
        algorithm.update(batch)


def _write_at(descriptor: int, content: memoryview, at: int) -> int:
    if sys.platform == "win32":
        os.lseek(descriptor, at, os.SEEK_SET)
        return os.write(descriptor, content)
    return os.pwrite(descriptor, content, at)


def _digest(path: Path, algorithm: str) -> Digest:
    value = hashlib.new(algorithm)
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            value.update(block)
    return Digest(algorithm, value.hexdigest())


def _expect(descriptor: int, size: int) -> os.stat_result:
    found = os.fstat(descriptor)
    if found.st_size != size:
        raise Incomplete(f"{found.st_size} bytes, not {size}")
    return found


def _publish(upload: Path, blob: Path, size: int) -> FileState:
    try:
        state = _seal(upload, size)
        upload.replace(blob)
    except BaseException:
        upload.unlink(missing_ok=True)
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
