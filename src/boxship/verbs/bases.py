"""Bases of images: those that images are put on, and those that their annotations name."""

from __future__ import annotations

__all__ = ["annotated", "rebasing"]

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from boxship.errors import InvalidInput
from boxship.formats.ends import Where, end_of, names_of, source_end
from boxship.graph import read_graph
from boxship.image.image import Image, read_image
from boxship.image.rebase import BASE_DIGEST, BASE_NAME, rebased
from boxship.image.tree import Edit
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.operations import Operations
from boxship.spec.descriptor import Descriptor
from boxship.store import Source
from boxship.verbs.editing import Making


@contextmanager
def rebasing(operations: Operations, old: Where | None, new: Where | None) -> Iterator[_Rebasing]:
    """What puts images on another base; those that are not told are what the image's annotations say."""
    with ExitStack() as stack:
        yield _Rebasing(operations, stack, old, new)


class _Rebasing:
    """Bases are opened when an image wants them, and stay open until it has been copied."""

    def __init__(self, operations: Operations, stack: ExitStack, old: Where | None, new: Where | None) -> None:
        self._operations, self._stack = operations, stack
        self._old, self._new = old, new

    def __call__(self, making: Making) -> Edit:
        """How each image is changed."""
        return lambda image: self._rebased(making, image)

    def _rebased(self, making: Making, image: Image) -> Image:
        said = image.manifest.annotations
        new = self._new or said.get(BASE_NAME)
        if not new:
            raise _unsaid(image, BASE_NAME, "--new_base")
        old = self._old or _by_digest(new, said.get(BASE_DIGEST, ""))
        if not old:
            raise _unsaid(image, BASE_DIGEST, "--old_base")
        platform = image.described.platform
        _, _, before = self._base(old, platform)
        source, root, after = self._base(new, platform)
        making.beside.update({layer.digest: source for layer in after.manifest.layers})
        return annotated(rebased(image, before, after), new, root)

    def _base(self, where: Where, platform: Platform) -> tuple[Source, Descriptor, Image]:
        """Where a base is, what its name stands for, and of that the image for the platform."""
        end = self._stack.enter_context(source_end(self._operations, where))
        root = end.store.resolve(end.name)
        node = read_graph(end.store, root, (platform,))
        while node.children:
            (node,) = node.children
        return end.store, root, read_image(end.store, node.document)


def annotated(image: Image, base: Where, root: Descriptor) -> Image:
    """The image with what says which base it is on (image-spec annotations.md)."""
    end = end_of(base)
    names = names_of(end) if isinstance(end, Reference) else ()
    said = {BASE_DIGEST: str(root.digest)} | ({BASE_NAME: names[0]} if names else {})
    return image.with_manifest(lambda manifest: manifest.update("annotations", said))


def _by_digest(base: Where, digest: str) -> Where | None:
    end = end_of(base)
    if not digest or not isinstance(end, Reference):
        return None
    return Reference.parse(f"{end.registry}/{end.repository}@{digest}")


def _unsaid(image: Image, annotation: str, flag: str) -> InvalidInput:
    why = f"it has no annotation {annotation}"
    return InvalidInput(f"the base of {image.document.digest} is not known", why=why, remedy=f"say it with {flag}")
