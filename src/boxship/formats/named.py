"""What images are called in layouts and archives, as docker, containerd, podman and skopeo write it and look for it."""

from __future__ import annotations

__all__ = ["REF_NAME", "chosen", "entry_for_docker", "entry_of", "familiar_name", "names_of", "unclear", "whole_name"]

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from boxship.errors import InvalidReference, NotFound
from boxship.reference import DEFAULT_TAG, Reference
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor

REF_NAME = "org.opencontainers.image.ref.name"
"""A tag, or any name (image-spec annotations.md)."""
IMAGE_NAME = "io.containerd.image.name"
"""The whole reference: containerd's word, which docker and podman read before the other."""

Image = TypeVar("Image")
Names = Callable[[Image], tuple[str, ...]]
"""What an image of a list is called."""


def whole_name(text: str) -> str:
    """The reference with its registry and its tag: `docker.io/library/app:latest` for `app`."""
    reference = Reference.parse(text)
    return f"{reference.registry.name}/{reference.repository}:{reference.tag or DEFAULT_TAG}"


def familiar_name(whole: str) -> str:
    """What docker calls it in its lists: it says of Docker Hub nothing."""
    return whole.removeprefix("docker.io/").removeprefix("library/")


def entry_of(document: Document, name: str) -> dict[str, object]:
    """What `index.json` says of a manifest or index, under its name; '' for none."""
    return _entry(document, {REF_NAME: name} if name else {})


def entry_for_docker(document: Document, whole: str) -> dict[str, object]:
    """The same as `docker save` writes it, from a whole reference; '' for none."""
    return _entry(document, {IMAGE_NAME: whole, REF_NAME: whole.rpartition(":")[2]} if whole else {})


def _entry(document: Document, annotations: Mapping[str, str]) -> dict[str, object]:
    entry: dict[str, object] = {
        "mediaType": document.media_type,
        "digest": str(document.digest),
        "size": len(document.raw),
    }
    return {**entry, "annotations": dict(annotations)} if annotations else entry


def names_of(entry: Descriptor) -> tuple[str, ...]:
    """What an entry of `index.json` calls its image, the most exact first."""
    found = (entry.annotations.get(IMAGE_NAME, ""), entry.annotations.get(REF_NAME, ""))
    return tuple(dict.fromkeys(filter(None, found)))


def chosen(images: Sequence[Image], name: str, names: Names[Image], where: str) -> Image:
    """The image that is called so: exactly, else as people shorten it, else `@0`, `@1`, by its place in the list."""
    if name.startswith("@") and name[1:].isdecimal() and len(name) < 9:
        if int(name[1:]) < len(images):
            return images[int(name[1:])]
        raise NotFound(f"{where} has no image {name}", why=f"it has {len(images)}, counted from @0")
    for fits in (str.__eq__, _may_be):
        found = [image for image in images if any(fits(known, name) for known in names(image))]
        if len(set(map(names, found))) > 1:
            raise unclear(found, names, where)
        if found:
            return found[-1]  # a later writer may have left an earlier entry in its place
    raise NotFound(f"{where} has no image {name}", why=f"its names are {_said(images, names) or 'none'}")


def unclear(images: Sequence[Image], names: Names[Image], where: str) -> NotFound:
    """There are several images, and nothing says which is meant."""
    why = f"which is meant? {_said(images, names) or 'none has a name'}"
    return NotFound(f"{where} has {len(images)} images", why=why, remedy="name one of them, or @0, @1 by its place")


def _said(images: Iterable[Image], names: Names[Image]) -> str:
    return ", ".join(" or ".join(names(image)) for image in images if names(image))


def _may_be(known: str, name: str) -> bool:
    """Whether what is called `known` may be meant by `name`.

    podman and skopeo write `localhost/app:1` and `docker.io/library/app:1` for what a person calls `app:1`, `app` or
    `1`.
    """
    with contextlib.suppress(InvalidReference):
        if whole_name(known) == whole_name(name):
            return True
    latest = f"{name}:{DEFAULT_TAG}"
    return any(known == one or known.endswith(f"/{one}") for one in (name, latest)) or known.rpartition(":")[2] == name
