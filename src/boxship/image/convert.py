"""Images in other words: of OCI's media types or Docker's, their layers compressed otherwise, or without some files."""

from __future__ import annotations

__all__ = ["Conversion", "convert", "convert_index"]

from collections.abc import Mapping

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.content import Content
from boxship.image.image import Image, Layer
from boxship.image.strip import stripped
from boxship.image.workshop import Workshop
from boxship.spec.draft import Draft, Json
from boxship.store import Source
from boxship.value import dataclass

_TO_OCI = {
    media_type.DOCKER_MANIFEST: media_type.OCI_MANIFEST,
    media_type.DOCKER_LIST: media_type.OCI_INDEX,
    media_type.DOCKER_CONFIG: media_type.OCI_CONFIG,
    media_type.DOCKER_LAYER: media_type.OCI_LAYER,
    media_type.DOCKER_LAYER_GZIP: media_type.OCI_LAYER_GZIP,
    media_type.DOCKER_FOREIGN_GZIP: media_type.OCI_NONDISTRIBUTABLE_GZIP,
}
_TO_DOCKER = {other: one for one, other in _TO_OCI.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What becomes of an image.

    Attributes:
        types: `oci` or `docker`; '' leaves them.
        compression: of its layers: `gzip`, `zstd` or `none`; '' leaves them.
        strip: files and folders that no layer has any more, from the root on.
    """

    types: str = ""
    compression: str = ""
    strip: tuple[str, ...] = ()


def convert(source: Source, image: Image, shop: Workshop, conversion: Conversion) -> Image:
    """The image, converted; layers that need not change stay what they are."""
    if conversion.strip or conversion.compression:
        image = _with_other_layers(source, image, shop, conversion)
    return image.with_manifest(lambda manifest: _name(manifest, conversion.types))


def convert_index(index: Draft, conversion: Conversion) -> None:
    """The same for an index above it."""
    _name(index, conversion.types)


def _name(document: Draft, types: str) -> None:
    """Call it and what it points at by the media types that are wanted."""
    words = {"oci": _TO_OCI, "docker": _TO_DOCKER}.get(types)
    if not words:
        return
    pointers = [*document.sections("layers"), *document.sections("manifests")]
    pointers += [document.section("config")] if document.fields.has("config") else []
    for part in (document, *pointers):
        said = part.fields.text("mediaType")
        if said in words:
            part.set("mediaType", words[said])
        elif types == "docker" and said.startswith("application/vnd.oci.image."):
            raise UnexpectedAnswer(f"Docker has no media type for {said}", why="its layers are of gzip")


def _with_other_layers(source: Source, image: Image, shop: Workshop, conversion: Conversion) -> Image:
    draft, described = Draft(image.document.raw), Draft(image.config)
    diff_ids = described.section("rootfs").items("diff_ids")
    contents: dict[Digest, Content] = {}
    entries: list[Mapping[str, Json]] = []
    for number, (layer, entry) in enumerate(zip(image.manifest.layers, draft.sections("layers"), strict=True)):
        kind = conversion.compression or shop.compression_of(layer.media_type)
        made: Layer | None = None
        if layer.is_elsewhere:  # and stays what it is there
            entries.append(entry.copy())
            continue
        if conversion.strip:
            made = stripped(source, layer, shop, conversion.strip, compression=kind, oci=image.is_oci)
        elif kind != shop.compression_of(layer.media_type):
            made = shop.from_layer(source, layer, compression=kind, oci=image.is_oci)
        if made:
            pointer = made.descriptor
            entry.set("mediaType", pointer.media_type)
            entry.set("digest", str(pointer.digest))
            entry.set("size", pointer.size)
            contents[pointer.digest] = made.content
            if number < len(diff_ids):
                diff_ids[number] = str(made.diff_id)
        entries.append(entry.copy())
    changed = image.with_config(lambda config: config.section("rootfs").set("diff_ids", diff_ids))
    return changed.with_layers(entries, contents)
