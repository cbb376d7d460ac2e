"""An image of a store: its manifest, chosen by platform where an index stands before it, and its layers."""

from __future__ import annotations

__all__ = ["descriptor_at", "document_at", "image_at"]

from boxship.errors import UnexpectedAnswer
from boxship.graph import read_graph
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.manifest import Manifest
from boxship.store import Source


def document_at(source: Source, name: str, platform: Platform | None = None) -> Document:
    """The manifest that the name stands for; of an index, the one for the platform, by default this machine's."""
    node = read_graph(source, source.resolve(name), (platform or Platform.here(),))
    while node.children:
        (node,) = node.children
    return node.document


def descriptor_at(source: Source, name: str, platform: Platform | None) -> Descriptor:
    """What the name stands for, whatever that is; with a platform, its manifest, chosen in the same way."""
    return document_at(source, name, platform).descriptor if platform else source.resolve(name)


def image_at(source: Source, name: str, platform: Platform | None = None) -> Manifest:
    """The image that the name stands for, chosen in the same way."""
    document = document_at(source, name, platform)
    parsed = parse_document(document)
    if not isinstance(parsed, Manifest):
        raise UnexpectedAnswer(f"{document.digest} is an index of nothing", why="it has no manifests")
    return parsed
