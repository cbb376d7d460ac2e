"""What a sweep does to bytes; what it does to rows is `removal`'s. Each kind of storage has its own way."""

from __future__ import annotations

__all__ = ["Freed", "Orphan", "Remains"]

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from boxship.server.upkeep.garbage import Blob, Found


class Freed(NamedTuple):
    """How many blobs' bytes, and how many these were."""

    files: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, sizes: Sequence[int]) -> Freed:
        """The bytes of blobs of these sizes."""
        return cls(len(sizes), sum(sizes))


class Orphan(NamedTuple):
    """Bytes that no row knows."""

    name: str
    size: int


class Remains(Protocol):
    """The bytes that one sweep takes, which goes by a policy as of one moment."""

    async def prepare(self) -> None:
        """Make what the others need."""

    async def damaged(self, blobs: Sequence[Blob]) -> Sequence[Blob]:
        """Those whose bytes are there and wrong."""

    async def remove(self, blobs: Sequence[Blob], *, damaged: bool) -> Freed:
        """Take the bytes of claimed blobs, damaged ones aside where that can be done, and forget the blobs."""

    def orphans(self, found: Found) -> AsyncIterator[Sequence[Orphan]]:
        """What no row knows and whoever put it there would long have told the database of."""

    async def remove_orphans(self, orphans: Sequence[Orphan]) -> Freed:
        """Take those of which that is still true."""

    async def empty(self, *, before: float) -> int:
        """Delete for good what sweeps took until then and kept; how many bytes that was."""
