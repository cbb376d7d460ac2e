"""A source whose manifests somebody has read already, perhaps in another process: they are asked for once."""

from __future__ import annotations

__all__ = ["Prepared"]

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from boxship.digest import Digest
from boxship.registry.manifests import Document
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor
from boxship.store import Referred, Source


class Prepared:
    """`source`, with these of its documents at hand."""

    def __init__(self, source: Source, documents: Iterable[Document]) -> None:
        self._source = source
        self._documents = {str(document.digest): document for document in documents}

    def __str__(self) -> str:
        return str(self._source)

    def resolve(self, name: str) -> Descriptor:
        """What the name stands for."""
        known = self._documents.get(name)
        return known.descriptor if known else self._source.resolve(name)

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index."""
        return self._documents.get(str(descriptor.digest)) or self._source.read(descriptor)

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """What refers to the subject."""
        return self._source.referrers(subject) if isinstance(self._source, Referred) else ()

    def behind(self, _: Descriptor) -> BlobSource:
        """The source: its blobs may be mounted."""
        return self._source

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        """The blob's bytes, as the source gives them."""
        return self._source.open_blob(blob, at)
