"""Small valid OCI images, made on the spot; `pushing` brings them to a registry, `scripted` serves them."""

from __future__ import annotations

__all__ = ["Image", "random_image"]

import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterable, Mapping
from typing import Self

from boxship.digest import Digest
from boxship.media_type import OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP, OCI_MANIFEST
from boxship.value import dataclass, field

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image in the bytes that a registry holds: a manifest, a config and layers."""

    manifest: bytes = field(repr=False)
    config: bytes = field(repr=False)
    layers: tuple[bytes, ...] = field(repr=False)
    media_type: str = OCI_MANIFEST

    @classmethod
    def of(cls, layers: Iterable[bytes], *, platform: str = "linux/amd64") -> Self:
        """The image with `layers`, each a tar or a compressed tar (nothing checks that it is one)."""
        kept = tuple(layers)
        config = _config(kept, platform)
        return cls(manifest=_manifest(config, kept), config=config, layers=kept)

    @property
    def digest(self) -> Digest:
        """The digest of the manifest."""
        return Digest.of(self.manifest)

    @property
    def blobs(self) -> Mapping[Digest, bytes]:
        """The config and the layers, by digest."""
        return {Digest.of(content): content for content in (self.config, *self.layers)}


def random_image(*, layers: int = 2, layer_size: int = 1024, seed: int | None = None) -> Image:
    """An image of `layers` gzipped tars with `layer_size` random bytes in each; one `seed` always gives the same."""
    chance = random.Random(seed)  # noqa: S311 - content for tests, no secret
    return Image.of(_layer(f"file-{number}", chance.randbytes(layer_size)) for number in range(layers))


def _layer(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), compresslevel=1, mtime=0)


def _config(layers: tuple[bytes, ...], platform: str) -> bytes:
    system, _, architecture = platform.partition("/")
    unpacked = (gzip.decompress(layer) if layer.startswith(_GZIP) else layer for layer in layers)
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in unpacked]}
    return _json({"os": system, "architecture": architecture, "config": {}, "rootfs": rootfs})


def _manifest(config: bytes, layers: tuple[bytes, ...]) -> bytes:
    described = [_descriptor(OCI_LAYER_GZIP if layer.startswith(_GZIP) else OCI_LAYER, layer) for layer in layers]
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(OCI_CONFIG, config),
            "layers": described,
        }
    )


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content)}


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
