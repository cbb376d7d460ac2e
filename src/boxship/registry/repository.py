"""A repository as a place that images come from and go to."""

from __future__ import annotations

__all__ = ["Repository"]

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.digest import Digest
from boxship.reference import Reference
from boxship.registry.blobs import open_blob
from boxship.registry.manifests import Document, read_manifest
from boxship.registry.publish import has_manifest, put_manifest
from boxship.registry.remote import Remote
from boxship.registry.uploads import BlobSource, How, push_blob
from boxship.spec.descriptor import Descriptor


class Repository:
    """A repository of a registry, for one operation: a `Source` and a `Target` (`store`)."""

    def __init__(self, remote: Remote, reference: Reference) -> None:
        """`reference`: any of the repository's."""
        self._remote = remote
        self.repository, self._registry = reference.repository, reference.registry
        self._lock = threading.Lock()
        self._documents: dict[Digest, Document] = {}

    def __str__(self) -> str:
        return f"{self._registry}/{self.repository}"

    def resolve(self, name: str) -> Descriptor:
        """What a tag or a digest stands for; it is read for that."""
        document = read_manifest(self._remote, self._named(name))
        with self._lock:
            self._documents[document.digest] = document
        return document.descriptor

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        known = self._documents.get(descriptor.digest)
        return known or read_manifest(self._remote, self._named(str(descriptor.digest)))

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on; verified where that is its beginning."""
        with open_blob(self._remote, self.repository, blob.digest, size=blob.size, at=at) as opened:
            yield iter(opened)

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest or index is there: a registry takes none without what it refers to."""
        return has_manifest(self._remote, self.repository, manifest.digest)

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob there: mounted where the source is a repository of the same registry."""
        near = isinstance(source, Repository) and source._remote.site == self._remote.site
        mount = source.repository if isinstance(source, Repository) and near else ""
        return push_blob(self._remote, self.repository, blob, source, mount=mount)

    def put(self, document: Document) -> None:
        """Put the manifest or index there, under its digest."""
        self._put(document, str(document.digest))

    def name(self, document: Document, names: tuple[str, ...]) -> None:
        """Put it there under each of the names; without any, under its digest."""
        for name in names or (str(document.digest),):
            self._put(document, name)

    def _put(self, document: Document, name: str) -> None:
        put_manifest(self._remote, self.repository, document.raw, document.media_type, name)

    def _named(self, name: str) -> Reference:
        if ":" in name:
            return Reference(self._registry, self.repository, None, Digest.parse(name))
        return Reference(self._registry, self.repository, name)
