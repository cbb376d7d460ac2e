"""An image of one layer, which has everything that can be seen of all of them."""

from __future__ import annotations

__all__ = ["flat"]

from boxship.image.bounds import UNBOUNDED, Bounds
from boxship.image.flattened import flatten
from boxship.image.image import Image
from boxship.image.layers import Layers
from boxship.image.workshop import Send, Workshop
from boxship.spec.draft import Draft, Json, written
from boxship.store import Source


def flat(
    source: Source, image: Image, shop: Workshop, *, bounds: Bounds = UNBOUNDED, send: Send | None = None
) -> Image:
    """The image with one layer instead of its own; its history says what there was before.

    `send` has the layer sent while it is being made.
    """
    config = Draft(image.config)
    history: dict[str, Json] = {
        "created": config.fields.text("created") or None,
        "created_by": f"boxship flatten {image.document.digest}",
        "comment": written(config.items("history")).decode("utf-8", "replace"),
    }
    layers = Layers(source, image.manifest.layers, bounds)
    said = {name: value for name, value in history.items() if value is not None}
    layer = shop.from_writing(lambda write: flatten(layers, write), oci=image.is_oci, history=said, send=send)

    def bare(config: Draft) -> None:
        config.section("rootfs").set("diff_ids", [])
        config.set("history", [])

    return image.with_config(bare).with_layers([], {}).append([layer])
