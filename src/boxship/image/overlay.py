"""A source with what has been changed laid over it: new documents and contents hide nothing, and come first."""

from __future__ import annotations

__all__ = ["Overlay"]

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from boxship.digest import Digest
from boxship.image.content import Content
from boxship.registry.manifests import Document
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor
from boxship.store import Source


class Overlay:
    """A `Source` (`store`): of `below`, of `beside` where a blob is there, and of what is new."""

    def __init__(
        self,
        below: Source,
        documents: Iterable[Document],
        contents: Mapping[Digest, Content],
        beside: Mapping[Digest, BlobSource],
    ) -> None:
        self._below, self._beside = below, beside
        self._documents = {document.digest: document for document in documents}
        self._fresh = _Fresh(contents)

    def resolve(self, name: str) -> Descriptor:
        """What is new is named by its digest alone."""
        found = next((one for digest, one in self._documents.items() if str(digest) == name), None)
        return found.descriptor if found else self._below.resolve(name)

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        return self._documents.get(descriptor.digest) or self._below.read(descriptor)

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on."""
        return self.behind(blob).open_blob(blob, at)

    def behind(self, blob: Descriptor) -> BlobSource:
        """Where the blob comes from."""
        return self._fresh if self._fresh.has(blob.digest) else self._beside.get(blob.digest, self._below)


class _Fresh:
    """What is new, as a source."""

    def __init__(self, contents: Mapping[Digest, Content]) -> None:
        self._contents = contents

    def has(self, digest: Digest) -> bool:
        """Whether it is new."""
        return digest in self._contents

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The bytes from byte `at` on; whoever made them knows their digest."""
        yield self._contents[blob.digest].pieces(at)
