"""Docker archives, as they are read: what docker, podman, skopeo, crane and kaniko save, in all their dialects.

A tar file with `manifest.json` (moby, image/spec/spec.md): for each image its configuration, its names and its layers,
most of which are plain tar files. It has no manifest that a registry could keep: that is made here, and plain layers
are compressed for it.
"""

from __future__ import annotations

__all__ = ["DockerArchive"]

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxship import media_type as types
from boxship.digest import Digest
from boxship.errors import NotFound, UnexpectedAnswer
from boxship.formats.files import File, Files
from boxship.formats.layers import Layer, all_prepared
from boxship.formats.named import chosen, unclear
from boxship.formats.stored import read_known
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed, parse_object
from boxship.value import dataclass

_LONGEST = 8 * 1024 * 1024  # bytes of manifest.json, and of a configuration


@dataclass(frozen=True, slots=True)
class _Entry:
    """An image in manifest.json."""

    config: str
    names: tuple[str, ...]
    layers: tuple[str, ...]
    has_sources: bool


class DockerArchive:
    """An archive as a `Source` (`store`). What it compresses lies in `scratch`, a folder that its owner removes."""

    def __init__(self, files: Files, label: str, scratch: Path) -> None:
        self._files, self._label, self._scratch = files, label, scratch
        self._lock = threading.Lock()
        self._documents: dict[Digest, Document] = {}
        self._layers: dict[Digest, Layer] = {}
        self._configs: dict[Digest, bytes] = {}

    def __str__(self) -> str:
        return self._label

    def resolve(self, name: str) -> Descriptor:
        """The image of that name, `repository:tag` or its tag alone; for '', the only one there is."""
        entry = self._entry(name)
        with self._lock:
            document = self._made(entry)
            self._documents[document.digest] = document
        return document.descriptor

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest that was made for an image."""
        try:
            return self._documents[descriptor.digest]
        except KeyError as error:
            raise NotFound(f"{descriptor.digest} in {self}", why="no image of it has that digest") from error

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """A layer as it was compressed, or a configuration; a layer is what it was when its digest was found."""
        config = self._configs.get(blob.digest)
        if config is not None:
            yield iter([memoryview(config)[at:]])
            return
        layer, what = self._layers.get(blob.digest), f"{blob.digest} in {self}"
        if layer is None:
            raise NotFound(what, why="no image of it that was asked for has that blob")
        with self._opened(layer) as file:
            file.seek(at)
            yield read_known(file, blob, what, layer.was, at)

    def _opened(self, layer: Layer) -> File:
        return layer.path.open("rb", buffering=0) if layer.path else self._files.open(layer.name)

    @property
    def is_dockers_own(self) -> bool:
        """Whether docker has unpacked the images that it saved: a layout beside them has manifests that it made up.

        Since Docker 25 it says of each layer where that is from; where containerd has kept images as they were, it
        does not (moby, daemon/internal/image/tarexport/save.go).
        """
        return self._files.size("manifest.json") is not None and any(one.has_sources for one in self._entries())

    # manifest.json.

    def _entry(self, name: str) -> _Entry:
        entries = self._entries()
        if name:
            return chosen(entries, name, _names_of, str(self))
        if len(entries) == 1:
            return entries[0]
        raise unclear(entries, _names_of, str(self))

    def _entries(self) -> list[_Entry]:
        try:
            # It is a list, which `parse_object` reads as the value of a field.
            raw = b'{"images":' + self._read("manifest.json") + b"}"
            return [
                _Entry(entry.text("Config"), entry.texts("RepoTags"), entry.texts("Layers"), entry.has("LayerSources"))
                for entry in parse_object(raw).objects("images")
            ]
        except Malformed as error:
            raise UnexpectedAnswer(f"{self}: manifest.json", why=str(error)) from error

    def _read(self, name: str) -> bytes:
        size = self._files.size(name)
        if size is None:
            raise NotFound(f"{self} has no {name}", why="a docker archive has one")
        if size > _LONGEST:
            raise UnexpectedAnswer(f"{self}: {name}", why=f"it has {size} bytes")
        with self._files.open(name) as file:
            return file.read(size) or b""

    # The manifest.

    def _made(self, entry: _Entry) -> Document:
        raw = self._read(entry.config)
        try:
            diff_ids = parse_object(raw).object("rootfs").texts("diff_ids")
        except Malformed as error:
            raise UnexpectedAnswer(f"{self}: {entry.config}", why=str(error)) from error
        if len(diff_ids) != len(entry.layers):
            why = f"{len(entry.layers)} layers, and its configuration has {len(diff_ids)}"
            raise UnexpectedAnswer(f"{self}: {entry.config}", why=why)
        layers = all_prepared(self._files, self._scratch, zip(entry.layers, map(Digest.parse, diff_ids), strict=True))
        config = Digest.of(raw)
        self._configs[config] = raw
        self._layers.update({layer.digest: layer for layer in layers})
        oci = any(layer.is_zstd for layer in layers)
        media_type = types.OCI_MANIFEST if oci else types.DOCKER_MANIFEST
        document = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": _descriptor(types.OCI_CONFIG if oci else types.DOCKER_CONFIG, config, len(raw)),
            "layers": [_descriptor(layer.media_type(oci=oci), layer.digest, layer.size) for layer in layers],
        }
        written = json.dumps(document, separators=(",", ":")).encode()
        return Document(written, media_type, Digest.of(written))


def _descriptor(media_type: str, digest: Digest, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "size": size, "digest": str(digest)}


def _names_of(entry: _Entry) -> tuple[str, ...]:
    return entry.names
