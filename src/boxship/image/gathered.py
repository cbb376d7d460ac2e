"""A source of what stands in different stores, under one root: the parts of an index that are from here and there."""

from __future__ import annotations

__all__ = ["Gathered"]

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

from boxship.digest import Digest
from boxship.registry.manifests import Document, parse_document
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor
from boxship.spec.index import Index
from boxship.store import Source


class Gathered:
    """A `Source` (`store`) of a document that is new, and of what stands below it, each in a store of its own."""

    def __init__(self, root: Document, owners: Mapping[Digest, Source]) -> None:
        """`owners`: where each of the root's manifests is, with all that it refers to."""
        self._root, self._owners = root, dict(owners)

    def resolve(self, name: str) -> Descriptor:
        """The root, whatever it is called."""
        del name
        return self._root.descriptor

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified; from now on it is known where what it refers to is."""
        if descriptor.digest == self._root.digest:
            return self._root
        owner = self._owners[descriptor.digest]
        document = owner.read(descriptor)
        parsed = parse_document(document)
        below = parsed.manifests if isinstance(parsed, Index) else parsed.references
        for part in below:
            self._owners.setdefault(part.digest, owner)
        return document

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on."""
        return self.behind(blob).open_blob(blob, at)

    def behind(self, blob: Descriptor) -> BlobSource:
        """Where the blob is."""
        return self._owners[blob.digest]
