"""Where images are: whatever names them, has their documents and their blobs, and takes those of another store.

A registry's repository is one (`registry/repository`), and so is each of `formats`.
"""

from __future__ import annotations

__all__ = ["Expecting", "Naming", "Referred", "Source", "Target"]

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from boxship.digest import Digest
from boxship.registry.manifests import Document
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor


@runtime_checkable
class Naming(Protocol):
    """What has names for its images, and can be asked for them."""

    def resolve(self, name: str) -> Descriptor:
        """What the name, a tag or a digest, stands for; `NotFound` for nothing."""


@runtime_checkable
class Referred(Protocol):
    """What knows which manifests refer to others as their subject; who does not has none."""

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """What refers to the subject."""


@runtime_checkable
class Expecting(Protocol):
    """What keeps content one after the other: to be the same each time, it has to know before what comes."""

    def expect(self, content: Sequence[Descriptor]) -> None:
        """All of this comes now, and is begun in this order; what comes first is the same."""


class Source(BlobSource, Naming, Protocol):
    """Where images are read. Safe to use from several threads."""

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""


class Target(Protocol):
    """Where images are written. Safe to use from several threads."""

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest or index is there, with all that it refers to; the bytes of blobs need not be read."""

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob from there to here. It is whole and right when this returns."""

    def put(self, document: Document) -> None:
        """Put the manifest or index there, under its digest. What it refers to is there."""

    def name(self, document: Document, names: tuple[str, ...]) -> None:
        """Put it there as what these names stand for; without any, as what is there beside others."""
