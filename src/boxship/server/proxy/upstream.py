"""Other registries, as a cache sees them: what each is asked. Who fills these in is nothing to the registry."""

from __future__ import annotations

__all__ = ["Document", "Source", "Stream", "Upstream"]

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from boxship.digest import Digest
from boxship.reference import Registry
from boxship.spec.descriptor import Descriptor


class Document(Protocol):
    """A manifest or an index, whose digest was verified."""

    @property
    def raw(self) -> bytes:
        """Its bytes."""

    @property
    def media_type(self) -> str:
        """Its type, as the registry said."""


class Stream(Protocol):
    """A blob on its way; a piece is valid until the next one.

    The last one comes when the digest of them all was verified: nobody here hashes them again.
    """

    size: int | None

    def __iter__(self) -> Iterator[memoryview]: ...


class Upstream(Protocol):
    """Another registry. Every method blocks for a bounded time, from any thread; errors are those of `boxship.errors`.

    `NotFound` says that there is no such thing, `Unreachable` that nobody answered.
    """

    def digest(self, repository: str, tag: str) -> Digest:
        """What the tag names, asked for in the way that costs least there."""

    def document(self, repository: str, digest: Digest) -> Document:
        """The manifest or index."""

    def blob(self, repository: str, digest: Digest) -> AbstractContextManager[Stream]:
        """The blob."""

    def blob_size(self, repository: str, digest: Digest) -> int | None:
        """How many bytes the blob of the repository has; None where it may not be read there, or that is not said."""

    def tags(self, repository: str) -> Iterable[str]:
        """All tags."""

    def referrers(self, repository: str, digest: Digest) -> Sequence[Descriptor]:
        """What has that for its subject."""

    def close(self) -> None:
        """End what is in progress, and every later use."""


class Source(Protocol):
    """An upstream that is not open yet; a plain value, which workers get as it is."""

    @property
    def name(self) -> str:
        """The first component that its repositories have here."""

    @property
    def registry(self) -> Registry:
        """The registry that it is."""

    def open(self) -> Upstream:
        """The upstream, reachable from now on; nothing is asked for yet."""
