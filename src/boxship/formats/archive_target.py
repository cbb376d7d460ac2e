"""Writing images into one tar: an OCI layout in a tar, which is also what `docker load` takes.

`docker save` writes the same since Docker 25: the blobs of a layout, `index.json`, and Docker's `manifest.json`, whose
paths lead to those blobs. Every `docker load` follows them.
"""

from __future__ import annotations

__all__ = ["ArchiveTarget"]

import json
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from boxship import media_type as types
from boxship.digest import Digest
from boxship.formats.growing_tar import GrowingTar
from boxship.formats.layout_source import path_of
from boxship.formats.named import entry_for_docker, entry_of, familiar_name, whole_name
from boxship.formats.oci_layout import LAYOUT
from boxship.formats.streamed_tar import StreamedTar
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor
from boxship.spec.manifest import Manifest


class ArchiveTarget:
    """A new archive, used in `with`: it has its name when all went well. A `Target` (`store`)."""

    def __init__(self, tar: GrowingTar | StreamedTar, label: str, *, docker: bool) -> None:
        """`docker`: it is for `docker load`, too, by the names given, which are references then."""
        self._tar, self._label, self._docker = tar, label, docker
        self._lock = threading.Lock()
        self._there: set[Digest] = set()
        self._manifests: dict[Digest, Document] = {}
        self._named: list[tuple[Document, tuple[str, ...]]] = []

    def __str__(self) -> str:
        return self._label

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest is there, with all that it refers to."""
        return manifest.digest in self._there

    def expect(self, content: Sequence[Descriptor]) -> None:
        """All of this comes now: it stands in this order, so that the archive is the same each time."""
        with self._lock:
            members = [(path_of(one.digest), one.size) for one in content if one.digest not in self._there]
        self._tar.expect(members)

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob there."""
        if not self._begin(blob.digest):
            return How.PRESENT
        try:
            self._tar.take(path_of(blob.digest), blob, source)
        except BaseException:
            self._there.discard(blob.digest)
            raise
        return How.PUSHED

    def put(self, document: Document) -> None:
        """Put the manifest or index among the blobs."""
        self._manifests[document.digest] = document
        if self._begin(document.digest):
            self._tar.add(path_of(document.digest), document.raw)

    def name(self, document: Document, names: tuple[str, ...]) -> None:
        """Put it there, to be listed under the names at the end."""
        listed = tuple(map(whole_name, names)) if self._docker else names
        self.put(document)
        self._named.append((document, listed))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._tar.abandon()
            return
        lists = {"oci-layout": LAYOUT, "index.json": _json(_index(self._named, docker=self._docker))}
        if self._docker:
            lists["manifest.json"] = _json(list(self._for_docker()))
        self._tar.expect([(name, len(content)) for name, content in lists.items()])
        for name, content in lists.items():
            self._tar.add(name, content)
        self._tar.finish()

    def _for_docker(self) -> Iterator[dict[str, object]]:
        """Docker's manifest.json (moby, image/spec/spec.md, "Combined Image JSON + Filesystem Changeset Format")."""
        for document, names in self._named:
            image = self._image_of(document)
            if image:
                layers = [path_of(layer.digest) for layer in image.layers]
                tags = [familiar_name(name) for name in names]
                yield {"Config": path_of(image.config.digest), "RepoTags": tags, "Layers": layers}

    def _image_of(self, document: Document) -> Manifest | None:
        """The image itself; of an index, the one for this machine: what docker's list holds has one platform."""
        parsed = parse_document(document)
        if isinstance(parsed, Manifest):
            return parsed if _is_image(parsed) else None
        chosen = parsed.choose(Platform.here())
        known = self._manifests.get(chosen.digest) if chosen else None
        return self._image_of(known) if known else None

    def _begin(self, digest: Digest) -> bool:
        with self._lock:
            if digest in self._there:
                return False
            self._there.add(digest)
        return True


def _is_image(manifest: Manifest) -> bool:
    """Whether docker can load it: what refers to an image, as a signature does, is none."""
    return not manifest.subject and all("tar" in layer.media_type for layer in manifest.layers)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _index(named: Sequence[tuple[Document, tuple[str, ...]]], *, docker: bool) -> dict[str, object]:
    entry = entry_for_docker if docker else entry_of
    entries = [entry(document, name) for document, names in named for name in names or ("",)]
    return {"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": entries}
