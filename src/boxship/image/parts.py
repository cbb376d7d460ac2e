"""The layers of a manifest, with the digests that its configuration says they have unpacked."""

from __future__ import annotations

__all__ = ["Parts", "parts_of"]

from collections.abc import Iterator

from boxship import media_type as types
from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.image.finding import WRONG, Finding, words_of
from boxship.image.part import Part
from boxship.spec.config import LONGEST_CONFIG
from boxship.spec.fields import Malformed, parse_object
from boxship.spec.manifest import Manifest
from boxship.store import Source
from boxship.value import dataclass

_CONFIGS = frozenset({types.OCI_CONFIG, types.DOCKER_CONFIG})  # of images; an artifact's may be anything
_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")


@dataclass(frozen=True, slots=True)
class Parts:
    """The layers, and what is wrong with the configuration."""

    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]


def parts_of(source: Source, manifest: Manifest) -> Parts:
    """Read the configuration, and compare; layers that are nobody's to distribute are left out."""
    try:
        diff_ids, wrong = _configured(source, manifest)
    except WRONG as error:
        diff_ids, wrong = (), (words_of(error),)
    except (Malformed, InvalidReference) as error:
        diff_ids, wrong = (), (str(error),)
    known = diff_ids if len(diff_ids) == len(manifest.layers) else (None,) * len(manifest.layers)
    parts = (
        Part(layer, f"{manifest.digest} layer {number}", diff_id if layer.media_type.startswith(_LAYERS) else None)
        for number, (layer, diff_id) in enumerate(zip(manifest.layers, known, strict=True))
        if not layer.is_elsewhere
    )
    return Parts(tuple(parts), tuple(Finding(f"{manifest.digest} config", what) for what in wrong))


def _configured(source: Source, manifest: Manifest) -> tuple[tuple[Digest, ...], tuple[str, ...]]:
    """The digests that the configuration gives for the layers, and what is wrong with it."""
    config = manifest.config
    if config.size > LONGEST_CONFIG:
        return (), (f"it has {config.size} bytes",)
    with source.open_blob(config) as pieces:
        raw = b"".join(bytes(piece) for piece in pieces)
    if config.media_type not in _CONFIGS:
        return (), ()
    rootfs = parse_object(raw).object("rootfs")
    diff_ids = tuple(map(Digest.parse, rootfs.texts("diff_ids")))
    return diff_ids, tuple(_unlike(manifest, rootfs.text("type"), len(diff_ids)))


def _unlike(manifest: Manifest, kind: str, count: int) -> Iterator[str]:
    if kind != "layers":
        yield f"the type of its rootfs is {kind!r}, and not 'layers'"
    if count != len(manifest.layers):
        yield f"it has {count} diff_ids for {len(manifest.layers)} layers"
