"""Bytes in the registry's folder. Where files are there is `layout`'s, how an upload becomes a blob `file_upload`'s."""

from __future__ import annotations

__all__ = ["FileStorage"]

import asyncio
import hashlib
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from boxship.digest import Digest
from boxship.server.database import Database
from boxship.server.finishing import in_thread
from boxship.server.storage import Content, Hash, Stored, Visit
from boxship.server.storage.claim import FileClaim, Incomplete, Taken
from boxship.server.storage.file_remains import FileRemains
from boxship.server.storage.file_source import FileSource
from boxship.server.storage.file_upload import FileUpload
from boxship.server.storage.layout import Layout
from boxship.server.storage.soundness import FileIdentity, Suspect, digest_file, identify, set_aside
from boxship.server.upkeep.garbage import Policy

_BLOCK = 1024 * 1024


class FileStorage:
    """The files of a registry, as `storage.Storage` promises."""

    keeps_rows = False  # an upload's file is locked while somebody writes to it
    least = 0

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def path(self, digest: Digest) -> Path:
        """Where a blob is, if it is there."""
        return self._layout.blob(digest)

    def place(self, digest: Digest) -> Path:
        """Where a blob is put: its folder is there, and durably so."""
        return self._layout.place(digest)

    def upload(self, session: str) -> Path:
        """Where the bytes of an upload are."""
        return self._layout.uploads / session

    async def claim(self, session: str, *, new: bool) -> FileUpload:
        """An upload's file, for the only one who may write to it; `new` makes it where there is none.

        Raises `Taken` where somebody else has it, `Incomplete` where there is none.
        """
        return FileUpload(await in_thread(FileClaim, self.upload(session), new=new), self._layout)

    async def claim_any(self) -> FileUpload:
        """A file for an upload without a session."""
        while True:
            # A sweep may look at the file before it is locked.
            with suppress(Taken):
                return await self.claim(str(uuid.uuid4()), new=True)

    async def claim_for(self, digest: Digest) -> FileUpload:
        """A file for content that is known."""
        del digest
        return await self.claim_any()

    async def find(self, digest: Digest, size: int) -> Stored | None:
        """The file that is there; None where there is none of that size."""
        found = await self.identify(Content(digest))
        return Stored(found.size, found.modified) if found and found.size == size else None

    async def identify(self, content: Content) -> FileIdentity | None:
        """Which file is there; None where there is none."""
        return await asyncio.to_thread(identify, self._layout.blob(content.digest))

    async def digest(self, content: Content, visit: Visit | None = None) -> Digest | None:
        """The digest of the file, with the content's algorithm; None where there is none."""
        path, algorithm = self._layout.blob(content.digest), content.digest.algorithm
        try:
            if not visit:
                return await asyncio.to_thread(digest_file, path, algorithm)
            return await _digest_slowly(path, algorithm, visit)
        except FileNotFoundError:
            return None

    def source(self, content: Content, size: int) -> FileSource:
        """The file, to be sent."""
        del size
        return FileSource(self._layout.blob(content.digest))

    async def sign(self, content: Content) -> str | None:
        """None: a file has no URL."""
        del content
        return None

    async def set_aside(self, database: Database, suspect: Suspect, *, now: float) -> None:
        """Move a condemned blob's file to quarantine/, unless it is another one by now."""
        await database.write(lambda transaction: set_aside(transaction, self._layout, suspect, now=now))

    def remains(self, database: Database, policy: Policy, *, now: float) -> FileRemains:
        """What one sweep does to files."""
        return FileRemains(database, self._layout, policy, now=now)

    async def check(self) -> None:
        """Raise `OSError` where nothing can be written."""
        await asyncio.to_thread(_write, self._layout.uploads)

    def sweep(self, has: Callable[[str], bool]) -> None:
        """Delete the files of uploads that are no sessions any more and that nobody writes to. Blocks."""
        for file in self._layout.uploads.iterdir():
            if not has(file.name):
                _sweep(file, has)


def _sweep(file: Path, has: Callable[[str], bool]) -> None:
    with suppress(Taken, Incomplete), FileClaim(file, new=False) as claim:
        if not has(file.name):
            claim.discard()


async def _digest_slowly(path: Path, algorithm: str, visit: Visit) -> Digest:
    """The digest of a file, each of whose blocks is told of."""
    value = hashlib.new(algorithm)
    file = await asyncio.to_thread(_open, path)
    try:
        while length := await asyncio.to_thread(_take_in, file, value):
            await visit(length)
    finally:
        await asyncio.to_thread(file.close)
    return Digest(algorithm, value.hexdigest())


def _open(path: Path) -> BinaryIO:
    return path.open("rb", buffering=0)


def _take_in(file: BinaryIO, value: Hash) -> int:
    block = file.read(_BLOCK)
    value.update(block)
    return len(block)


def _write(folder: Path) -> None:
    """Write a byte to a file without a name."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        file.write(b".")
