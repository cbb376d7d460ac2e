"""Writing images into one tar file: an OCI layout in a tar, which is also what `docker load` takes.

`docker save` writes the same since Docker 25: the blobs of a layout, `index.json`, and Docker's `manifest.json`, whose
paths lead to those blobs. Every `docker load` follows them.
"""

from __future__ import annotations

__all__ = ["ArchiveTarget"]

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from boxship import media_type as types
from boxship.digest import Digest
from boxship.formats.growing_tar import GrowingTar
from boxship.formats.layout_source import entry_of, path_of
from boxship.formats.oci_layout import LAYOUT
from boxship.formats.stored import write_all
from boxship.registry.manifests import Document, parse_document
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor
from boxship.spec.manifest import Manifest


class ArchiveTarget:
    """A new archive, used in `with`: it has its name when all went well. A `Target` (`store`)."""

    def __init__(self, path: Path, *, docker: bool) -> None:
        """`docker`: it is for `docker load`, too, by the names given, which are whole references then."""
        self._path, self._docker = path, docker
        self._tar = GrowingTar(path)
        self._lock = threading.Lock()
        self._there: set[Digest] = set()
        self._named: list[tuple[Document, tuple[str, ...]]] = []

    def __str__(self) -> str:
        return f"{'docker' if self._docker else 'oci'}-archive:{self._path}"

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest is there, with all that it refers to."""
        return manifest.digest in self._there

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob there."""
        if not self._begin(blob.digest):
            return How.PRESENT
        with self._tar.member(path_of(blob.digest), blob.size) as file, source.open_blob(blob) as pieces:
            for piece in pieces:
                write_all(file, piece)
        return How.PUSHED

    def put(self, document: Document) -> None:
        """Put the manifest or index among the blobs."""
        if self._begin(document.digest):
            self._tar.add(path_of(document.digest), document.raw)

    def name(self, document: Document, names: tuple[str, ...]) -> None:
        """Put it there, to be listed under the names at the end."""
        self.put(document)
        self._named.append((document, names))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._tar.abandon()
            return
        self._tar.add("oci-layout", LAYOUT)
        self._tar.add("index.json", _json(_index(self._named)))
        if self._docker:
            self._tar.add("manifest.json", _json(list(_for_docker(self._named))))
        self._tar.finish()

    def _begin(self, digest: Digest) -> bool:
        with self._lock:
            if digest in self._there:
                return False
            self._there.add(digest)
        return True


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_Named = Sequence[tuple[Document, tuple[str, ...]]]


def _index(named: _Named) -> dict[str, object]:
    entries = [entry_of(document, name) for document, names in named for name in names or ("",)]
    return {"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": entries}


def _for_docker(named: _Named) -> Iterator[dict[str, object]]:
    """Docker's manifest.json (moby, image/spec/spec.md, "Combined Image JSON + Filesystem Changeset Format")."""
    for document, names in named:
        parsed = parse_document(document)
        if isinstance(parsed, Manifest):
            layers = [path_of(layer.digest) for layer in parsed.layers]
            yield {"Config": path_of(parsed.config.digest), "RepoTags": [n for n in names if n], "Layers": layers}
