"""An image on another base: its own layers above those of the new one."""

from __future__ import annotations

__all__ = ["BASE_DIGEST", "BASE_NAME", "rebased"]

from collections.abc import Mapping

from boxship.errors import UnexpectedAnswer
from boxship.image.image import Image
from boxship.spec.draft import Draft, Json

BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"


def rebased(image: Image, old: Image, new: Image) -> Image:
    """The image with the layers of `new` in the place of those of `old`, which must be its lowest.

    What it runs stays its own; system and architecture are the new base's, as go-containerregistry does it.
    """
    _check(image, old)
    above = len(old.manifest.layers)
    layers = [*_layers(new), *_layers(image)[above:]]

    def describe(config: Draft) -> None:
        base, before = Draft(new.config), Draft(old.config)
        for name in ("architecture", "os", "os.version", "variant"):
            config.set(name, base.fields.text(name) or None)
        rootfs = config.section("rootfs")
        rootfs.set("diff_ids", [*_diff_ids(base), *_diff_ids(config)[above:]])
        if config.fields.has("history"):
            own = config.items("history")[len(before.items("history")) :]
            config.set("history", [*base.items("history"), *own])

    return image.with_config(describe).with_layers(layers, {})


def _check(image: Image, old: Image) -> None:
    """`UnexpectedAnswer` where the old base is none of the image's: by the layers' digests, or by what is in them."""
    mine, theirs = image.manifest.layers, old.manifest.layers
    if len(theirs) > len(mine):
        why = f"that has {len(theirs)} layers, and the image {len(mine)}"
        raise UnexpectedAnswer(f"{image.document.digest} is not based on {old.document.digest}", why=why)
    plain = list(zip(image.described.diff_ids, old.described.diff_ids, strict=False))
    for number, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        alike = number < len(plain) and plain[number][0] == plain[number][1]
        if one.digest != other.digest and not alike:
            why = f"layer {number + 1} is {one.digest} and not {other.digest}"
            raise UnexpectedAnswer(f"{image.document.digest} is not based on {old.document.digest}", why=why)


def _layers(image: Image) -> list[Mapping[str, Json]]:
    return [layer for layer in Draft(image.document.raw).items("layers") if isinstance(layer, Mapping)]


def _diff_ids(config: Draft) -> list[Json]:
    return Draft.items(config.section("rootfs"), "diff_ids")
