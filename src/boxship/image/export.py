"""The file system of an image as one tar stream."""

from __future__ import annotations

__all__ = ["export"]

from boxship.image.bounds import UNBOUNDED, Bounds
from boxship.image.flattened import Write, flatten
from boxship.image.layers import Layers
from boxship.image.opening import image_at
from boxship.platform import Platform
from boxship.store import Source

_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")


def export(
    source: Source, name: str, write: Write, *, platform: Platform | None = None, bounds: Bounds = UNBOUNDED
) -> None:
    """Write what the image's layers make together; what is one file and no layer is written as it is, plain."""
    manifest = image_at(source, name, platform)
    layers = Layers(source, manifest.layers, bounds)
    if len(manifest.layers) == 1 and not manifest.layers[0].media_type.startswith(_LAYERS):
        for piece in layers.bytes_of(0):
            write(piece)
        return
    flatten(layers, write)
