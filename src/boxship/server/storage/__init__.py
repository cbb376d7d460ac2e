"""What keeps bytes, of blobs and of unfinished uploads: promises that `file_storage` and `object_storage` keep.

Which bytes are whose is `names`'s. Whatever is awaited here may take a while: a disk, or a network, is asked.
"""

from __future__ import annotations

__all__ = [
    "Claim",
    "Content",
    "Hash",
    "Hashes",
    "Look",
    "Opened",
    "Source",
    "Storage",
    "StorageUnavailable",
    "Stored",
    "Visit",
]

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import Protocol, Self

from boxship.digest import Digest
from boxship.server.database import Database, Transaction, Unavailable
from boxship.server.storage.remains import Remains
from boxship.server.storage.soundness import FileIdentity, Suspect
from boxship.server.upkeep.garbage import Policy
from boxship.value import dataclass


class StorageUnavailable(Unavailable):
    """What keeps the bytes cannot be asked now, or refuses. It may work in a moment."""


class Hash(Protocol):
    """What `hashlib.new` returns."""

    def update(self, content: bytes, /) -> None:
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """The value of the bytes so far."""


Hashes = Mapping[str, Hash]  # by algorithm


@dataclass(frozen=True, slots=True)
class Stored:
    """What a blob's bytes look like where they are: how many, and when they came there, in nanoseconds.

    Attributes:
        location: where that is, if it does not follow from the digest.
    """

    size: int
    modified: int
    location: str = ""


# What a blob's bytes look like now, or were found to; None where there are none. Asked in a transaction.
Look = Callable[[], Stored | None]


@dataclass(frozen=True, slots=True)
class Content:
    """Which bytes are meant: a blob's, and where its row says that they are."""

    digest: Digest
    location: str = ""


Visit = Callable[[int], Awaitable[None]]  # told how many bytes were read; it may take its time


class Claim(Protocol):
    """An upload, for the one request that may write to it, until it is closed."""

    @property
    def session(self) -> str:
        """Which upload it is."""

    async def append(self, at: int, batches: AsyncIterable[list[bytes]], hashes: Hashes) -> int:
        """Put `batches` after the first `at` bytes of the upload and into `hashes`; return its new size.

        What is there after `at` and was never acknowledged goes. Raises `Taken` where somebody else's bytes there were
        acknowledged meanwhile, `Incomplete` where less is there.
        """

    def acknowledge(self, transaction: Transaction) -> None:
        """Note what was added, in the transaction that tells the upload's new size."""

    async def digest(self, algorithm: str) -> Digest:
        """The digest of what has arrived, read back."""

    async def publish(self, digest: Digest, size: int) -> Look:
        """Make an upload of `size` bytes content that a row may name, durably; how that is looked at.

        Raises `Incomplete` where the upload has another size.
        """

    async def settle(self) -> None:
        """Tidy up, now that a row names what the upload has become."""

    async def discard(self) -> None:
        """Delete what has come of the upload, but for what is a blob by now."""

    def close(self) -> None:
        """Let others claim the upload; once is enough, more does no harm."""

    def __enter__(self) -> Self:
        """The claim, until the block ends."""

    def __exit__(self, *_: object) -> None:
        """Close it."""


class Opened(Protocol):
    """Bytes on their way to a client."""

    async def take(self, most: int, value: Hash | None) -> list[bytes]:
        """The next bytes, at most so many, which are taken into the value; none where there are no more."""

    async def identify(self) -> FileIdentity:
        """What they are of."""

    async def close(self) -> None:
        """Let go of it."""


class Source(Protocol):
    """Bytes that can be sent."""

    async def open(self, start: int, stop: int) -> Opened:
        """Those from `start` to before `stop`; `OSError` where they cannot be read."""


class Storage(Protocol):
    """What keeps the bytes of a registry.

    Attributes:
        keeps_rows: whether every upload has a row: what no row knows of may be deleted at any time.
        least: how many bytes a chunk of an upload should have, for the storage's sake; 0 is any number.
    """

    keeps_rows: bool
    least: int

    async def claim(self, session: str, *, new: bool) -> Claim:
        """An upload, for the only one who may write to it; `new` makes it where there is none.

        Raises `Taken` where somebody else has it, `Incomplete` where there is none.
        """

    async def claim_any(self) -> Claim:
        """One without a session."""

    async def claim_for(self, digest: Digest) -> Claim:
        """One of content that is known; `find` finds what becomes of it."""

    async def find(self, digest: Digest, size: int) -> Stored | None:
        """What an earlier attempt to bring that content has left here, of that size; nobody has looked at its bytes."""

    async def identify(self, content: Content) -> FileIdentity | None:
        """What is there; None where nothing is."""

    async def digest(self, content: Content, visit: Visit | None = None) -> Digest | None:
        """The digest of what is there, with the content's algorithm; None where nothing is."""

    def source(self, content: Content, size: int) -> Source:
        """The content, to be sent; it has that many bytes."""

    async def sign(self, content: Content) -> str | None:
        """A URL by which anybody can read the content for some minutes; None where there is no such thing."""

    async def set_aside(self, database: Database, suspect: Suspect, *, now: float) -> None:
        """Move bytes that were found wrong to where people can look at them; their row says already that none are."""

    def remains(self, database: Database, policy: Policy, *, now: float) -> Remains:
        """What one sweep does to bytes."""

    async def check(self) -> None:
        """Raise `OSError` where nothing can be kept now."""
