"""A store in memory: for small images that are looked into or made, and for tests."""

from __future__ import annotations

__all__ = ["Memory"]

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.digest import Digest, is_digest
from boxship.errors import DigestMismatch, NotFound, SizeMismatch
from boxship.registry.manifests import Document, parse_document
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor
from boxship.spec.index import Index


class Memory:
    """A `Source` and a `Target` (`store`) that holds its images as bytes."""

    def __init__(self, label: str = "memory") -> None:
        self._label = label
        self._lock = threading.Lock()
        self._blobs: dict[Digest, bytes] = {}
        self._documents: dict[Digest, Document] = {}
        self._names: dict[str, Digest] = {}

    def __str__(self) -> str:
        return self._label

    @property
    def names(self) -> tuple[str, ...]:
        """What images are called here, in the order in which they got their names."""
        with self._lock:
            return tuple(self._names)

    def add_blob(self, content: bytes, media_type: str) -> Descriptor:
        """Keep these bytes; what points at them."""
        digest = Digest.of(content)
        with self._lock:
            self._blobs[digest] = content
        return Descriptor(media_type=media_type, digest=digest, size=len(content))

    # Source.

    def resolve(self, name: str) -> Descriptor:
        """What the name or the digest stands for; for '', what there is, if that is one thing."""
        with self._lock:
            found = self._documents.get(digest) if (digest := self._digest(name)) else None
        if found is None:
            raise NotFound(
                f"{self} has no image {name}".rstrip(), why=f"its names are {', '.join(self.names) or 'none'}"
            )
        return found.descriptor

    def _digest(self, name: str) -> Digest | None:
        if is_digest(name):
            return Digest.parse(name)
        named = set(self._names.values())
        return next(iter(named)) if not name and len(named) == 1 else self._names.get(name)

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index."""
        try:
            return self._documents[descriptor.digest]
        except KeyError as error:
            raise NotFound(f"the manifest {descriptor.digest} in {self}") from error

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on, which were verified when they came."""
        content = self._blobs.get(blob.digest)
        if content is None:
            raise NotFound(f"{blob.digest} in {self}")
        if len(content) != blob.size:
            raise SizeMismatch(f"{blob.digest} in {self}", expected=blob.size, actual=len(content))
        yield iter([memoryview(content)[at:]])

    # Target.

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest is here, with all that it refers to."""
        document = self._documents.get(manifest.digest)
        if document is None:
            return False
        parsed = parse_document(document)
        if isinstance(parsed, Index):
            return all(child.digest in self._documents for child in parsed.manifests)
        return all(blob.digest in self._blobs for blob in parsed.references if not blob.is_elsewhere)

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob here."""
        if blob.digest in self._blobs:
            return How.PRESENT
        with source.open_blob(blob) as pieces:
            content = b"".join(bytes(piece) for piece in pieces)
        actual = Digest.of(content, blob.digest.algorithm)
        if actual != blob.digest:
            raise DigestMismatch(f"{blob.digest} for {self}", expected=str(blob.digest), actual=str(actual))
        with self._lock:
            self._blobs[blob.digest] = content
        return How.PUSHED

    def put(self, document: Document) -> None:
        """Put the manifest or index here, under its digest."""
        with self._lock:
            self._documents[document.digest] = document

    def name(self, document: Document, names: tuple[str, ...]) -> None:
        """Put it here as what these names stand for."""
        self.put(document)
        with self._lock:
            self._names.update(dict.fromkeys(names, document.digest))
