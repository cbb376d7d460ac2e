"""An image as a value: its manifest and its configuration as they are written, and the contents that are new in it.

A change gives another image; the documents that it does not touch stay what they were, byte for byte.
"""

from __future__ import annotations

__all__ = ["ABOUT", "Change", "Image", "Layer", "empty_image", "is_config", "read_image"]

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.content import Content, Held
from boxship.registry.manifests import Document, parse_document
from boxship.spec.config import LONGEST_CONFIG, Config
from boxship.spec.descriptor import Descriptor
from boxship.spec.draft import Draft, Json, written
from boxship.spec.fields import Malformed
from boxship.spec.manifest import Manifest
from boxship.store import Source
from boxship.value import dataclass, field, replace

ABOUT = "vnd.docker.reference.digest"
"""Buildkit's attestations say with this annotation which manifest they are about."""

_CONFIGS = frozenset({media_type.OCI_CONFIG, media_type.DOCKER_CONFIG})

Change = Callable[[Draft], None]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that is new: what points at it, the digest of its plain tar, and what the history says of it."""

    descriptor: Descriptor
    diff_id: Digest
    content: Content
    history: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Image:
    """An image's documents, and what of it its source does not have."""

    document: Document
    config: bytes = field(repr=False)
    new: Mapping[Digest, Content] = field(default_factory=dict, repr=False)

    @property
    def manifest(self) -> Manifest:
        """What the manifest says."""
        parsed = parse_document(self.document)
        assert isinstance(parsed, Manifest)
        return parsed

    @property
    def described(self) -> Config:
        """What the configuration says."""
        return Config.parse(self.config)

    @property
    def is_oci(self) -> bool:
        """Whether its documents are of OCI's types rather than of Docker's."""
        return media_type.bare(self.document.media_type) == media_type.OCI_MANIFEST

    def with_config(self, change: Change) -> Image:
        """The image with another configuration."""
        draft = Draft(self.config)
        change(draft)
        return self.with_config_bytes(draft.raw)

    def with_config_bytes(self, raw: bytes) -> Image:
        """The image with these bytes for its configuration."""
        return self if raw == self.config else self._with_config(raw)

    def with_manifest(self, change: Change) -> Image:
        """The image with another manifest; its config and its layers are changed by the other ways."""
        draft = Draft(self.document.raw)
        change(draft)
        raw = draft.raw
        if raw == self.document.raw:
            return self
        said = draft.fields.text("mediaType", self.document.media_type)
        return replace(self, document=Document(raw, said, Digest.of(raw)))

    def with_layers(self, layers: Sequence[Mapping[str, Json]], new: Mapping[Digest, Content]) -> Image:
        """The image with these descriptors for layers."""
        changed = self.with_manifest(lambda manifest: manifest.set("layers", [*layers]))
        return replace(changed, new=MappingProxyType({**self.new, **new}))

    def append(self, layers: Sequence[Layer]) -> Image:
        """The image with these layers on top."""

        def describe(config: Draft) -> None:
            history = config.fields.has("history") or not self.manifest.layers
            rootfs = config.section("rootfs")
            rootfs.set("type", "layers")
            rootfs.set("diff_ids", [*rootfs.items("diff_ids"), *(str(layer.diff_id) for layer in layers)])
            if history:  # of some of the layers alone it would be wrong
                config.add("history", [layer.history for layer in layers])

        below = Draft(self.document.raw).items("layers")
        above = [_pointing_at(layer.descriptor) for layer in layers]
        contents = {layer.descriptor.digest: layer.content for layer in layers}
        return self.with_config(describe).with_layers([*_objects(below), *above], contents)

    def _with_config(self, raw: bytes) -> Image:
        digest = Digest.of(raw)

        def point(manifest: Draft) -> None:
            config = manifest.section("config")
            config.set("digest", str(digest))
            config.set("size", len(raw))
            config.set("data", None)

        changed = self.with_manifest(point)
        return replace(changed, config=raw, new=MappingProxyType({**self.new, digest: Held(raw)}))


def read_image(source: Source, document: Document) -> Image:
    """The image of that manifest; `UnexpectedAnswer` for what is no image."""
    parsed = parse_document(document)
    if not isinstance(parsed, Manifest):
        raise UnexpectedAnswer(f"{document.digest} is an index", why="it has no configuration of its own")
    if not is_config(parsed.config.media_type):
        why = f"its configuration is {parsed.config.media_type or 'of no type'}: that of an artifact"
        raise UnexpectedAnswer(f"{document.digest} is no image", why=why)
    if parsed.config.size > LONGEST_CONFIG:
        why = f"it is of {parsed.config.size} bytes, more than {LONGEST_CONFIG}"
        raise UnexpectedAnswer(f"the configuration of {document.digest} is too long", why=why)
    with source.open_blob(parsed.config) as pieces:
        config = b"".join(bytes(piece) for piece in pieces)
    try:
        Config.parse(config)
    except Malformed as error:
        raise UnexpectedAnswer(f"the configuration of {document.digest} is malformed", why=str(error)) from error
    return Image(document, config)


def is_config(kind: str) -> bool:
    """Whether what a manifest calls its configuration is that of an image."""
    return media_type.bare(kind) in _CONFIGS


def empty_image(*, oci: bool) -> Image:
    """An image of no layers, for Linux on no machine in particular."""
    platform: Mapping[str, Json] = {"architecture": "", "os": "linux"}
    config = written({**platform, "config": {}, "rootfs": {"type": "layers", "diff_ids": []}})
    kind = media_type.OCI_MANIFEST if oci else media_type.DOCKER_MANIFEST
    pointer: Mapping[str, Json] = {
        "mediaType": media_type.OCI_CONFIG if oci else media_type.DOCKER_CONFIG,
        "size": len(config),
        "digest": str(Digest.of(config)),
    }
    raw = written({"schemaVersion": 2, "mediaType": kind, "config": pointer, "layers": []})
    return Image(Document(raw, kind, Digest.of(raw)), config, MappingProxyType({Digest.of(config): Held(config)}))


def _pointing_at(descriptor: Descriptor) -> Mapping[str, Json]:
    return {"mediaType": descriptor.media_type, "size": descriptor.size, "digest": str(descriptor.digest)}


def _objects(items: Sequence[Json]) -> list[Mapping[str, Json]]:
    return [item for item in items if isinstance(item, Mapping)]
