"""A layout as one image: what it lists is the index."""

from __future__ import annotations

__all__ = ["WholeLayout"]

from collections.abc import Iterator
from contextlib import AbstractContextManager

from boxship.formats.layout_source import LayoutSource
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor


class WholeLayout:
    """All images of a layout, under whatever name. A `Source` (`store`)."""

    def __init__(self, layout: LayoutSource) -> None:
        self._layout, self._document = layout, layout.listed()

    def __str__(self) -> str:
        return str(self._layout)

    def resolve(self, name: str) -> Descriptor:  # noqa: ARG002 -- all of it has one name
        """The index."""
        return self._document.descriptor

    def read(self, descriptor: Descriptor) -> Document:
        """The index, or what it lists."""
        return self._document if descriptor.digest == self._document.digest else self._layout.read(descriptor)

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on."""
        return self._layout.open_blob(blob, at)
