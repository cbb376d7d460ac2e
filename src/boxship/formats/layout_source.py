"""Reading OCI image layouts, from a folder or a tar file (image-spec image-layout.md)."""

from __future__ import annotations

__all__ = ["REF_NAME", "LayoutSource", "entry_of", "path_of"]

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from boxship import media_type as types
from boxship.digest import ALGORITHMS, Digest
from boxship.errors import InvalidSettings, NotFound
from boxship.formats.files import Files
from boxship.formats.stored import read_stored
from boxship.registry.manifests import Document, parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed
from boxship.spec.index import Index

REF_NAME = "org.opencontainers.image.ref.name"
_DIGESTS = tuple(f"{algorithm}:" for algorithm in ALGORITHMS)
_LONGEST = 8 * 1024 * 1024  # bytes of a manifest, as of a registry's


class LayoutSource:
    """A layout as a `Source` (`store`)."""

    def __init__(self, files: Files, label: str) -> None:
        self._files, self._label = files, label

    def __str__(self) -> str:
        return self._label

    def resolve(self, name: str) -> Descriptor:
        """What the layout calls `name`, or what has it as its digest; for '', what it has, if that is one thing."""
        manifests = self._index().manifests
        if not name:
            if len({manifest.digest for manifest in manifests}) == 1:
                return manifests[0]
            raise NotFound(f"{self} has {len(manifests)} images", why=f"which is meant? {_names(manifests)}")
        if name.startswith(_DIGESTS):
            return self._of_digest(Digest.parse(name), manifests)
        # The last one, as a later writer may have left an earlier entry in its place.
        found = next((m for m in reversed(manifests) if m.annotations.get(REF_NAME) == name), None)
        if found is None:
            raise NotFound(f"{self} has no image {name}", why=f"its names are {_names(manifests)}")
        return found

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        if descriptor.size > _LONGEST:
            raise NotFound(f"{descriptor.digest} in {self} is no manifest", why=f"it has {descriptor.size} bytes")
        with self.open_blob(descriptor) as pieces:
            raw = b"".join(bytes(piece) for piece in pieces)
        return Document(raw, descriptor.media_type, descriptor.digest)

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on; verified where that is its beginning."""
        what = f"{blob.digest} in {self}"
        try:
            file = self._files.open(path_of(blob.digest))
        except FileNotFoundError as error:
            raise NotFound(what, why="there is no such file") from error
        with file:
            file.seek(at)
            yield read_stored(file, blob, what, at)

    def _index(self) -> Index:
        try:
            with self._files.open("index.json") as file:
                return Index.parse(file.read(self._files.size("index.json") or 0) or b"", types.OCI_INDEX)
        except FileNotFoundError as error:
            raise NotFound(f"{self} is no OCI layout", why="it has no index.json") from error
        except Malformed as error:
            raise InvalidSettings(f"{self}: index.json", why=str(error)) from error

    def _of_digest(self, digest: Digest, manifests: tuple[Descriptor, ...]) -> Descriptor:
        """What has the digest: in the index, or below it, where only its bytes say what it is."""
        found = next((one for one in manifests if one.digest == digest), None)
        if found:
            return found
        size = self._files.size(path_of(digest))
        if size is None:
            raise NotFound(f"{self} has nothing with the digest {digest}")
        bare = Descriptor(media_type="", digest=digest, size=size)
        parsed = parse_document(self.read(bare))
        default = types.OCI_INDEX if isinstance(parsed, Index) else types.OCI_MANIFEST
        return replace(bare, media_type=parsed.media_type or default)


def path_of(digest: Digest) -> str:
    """Where a layout has the blob."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


def entry_of(document: Document, name: str) -> dict[str, object]:
    """What `index.json` says of a manifest or index, under its name; '' for none."""
    entry: dict[str, object] = {
        "mediaType": document.media_type,
        "digest": str(document.digest),
        "size": len(document.raw),
    }
    return {**entry, "annotations": {REF_NAME: name}} if name else entry


def _names(manifests: tuple[Descriptor, ...]) -> str:
    return ", ".join(filter(None, (one.annotations.get(REF_NAME, "") for one in manifests))) or "none has a name"
