"""What an image consists of: its documents from the root down, and the blobs that each of them refers to."""

from __future__ import annotations

__all__ = ["Node", "blobs_of", "read_graph", "with_children"]

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from boxship.errors import UnexpectedAnswer
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.index import Index
from boxship.store import Source

Map = Callable[[Callable[[Descriptor], "Node"], Iterable[Descriptor]], Iterator["Node"]]
"""Applies a function to each, in their order, perhaps in parallel."""

# An index of indexes of ...: nobody's is deeper, and a circle is none, as digests go.
_DEEPEST = 8
_MOST = 10_000  # manifests in an index


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A manifest with its blobs, or an index with what is wanted of it."""

    document: Document
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Node, ...] = ()

    @property
    def descriptor(self) -> Descriptor:
        """What points at it."""
        return self.document.descriptor


def read_graph(
    source: Source, root: Descriptor, platforms: Iterable[Platform] = (), *, apply: Map = map, depth: int = 0
) -> Node:
    """Read everything from `root` down; of an index, with `platforms`, only the first manifest for each of them."""
    if depth > _DEEPEST:
        raise UnexpectedAnswer(f"{root.digest}", why=f"indexes stand in indexes, more than {_DEEPEST} deep")
    document = source.read(root)
    parsed = parse_document(document)
    if not isinstance(parsed, Index):
        return Node(document, tuple(_held(parsed.references)))
    wanted = tuple(_chosen(parsed, tuple(platforms)))
    if len(wanted) > _MOST:
        raise UnexpectedAnswer(f"{root.digest}", why=f"it has more than {_MOST} manifests")
    children = apply(lambda child: read_graph(source, child, platforms, depth=depth + 1), wanted)
    return Node(document, children=tuple(children))


def _chosen(index: Index, platforms: tuple[Platform, ...]) -> Iterator[Descriptor]:
    if not platforms:
        yield from {manifest.digest: manifest for manifest in index.manifests}.values()
        return
    for platform in platforms:
        found = index.choose(platform)
        if found is None:
            offered = ", ".join(map(str, index.platforms)) or "none"
            raise UnexpectedAnswer(f"there is no manifest for {platform}", why=f"the index's platforms are {offered}")
        yield found


def _held(references: Iterable[Descriptor]) -> Iterator[Descriptor]:
    """The content that registries hold: a layer that may not be distributed is where its `urls` say."""
    return (blob for blob in references if not (blob.urls and _is_foreign(blob.media_type)))


def _is_foreign(media_type: str) -> bool:
    return "nondistributable" in media_type or "foreign" in media_type


def with_children(root: Node) -> Iterator[Node]:
    """Every node, each after those that it refers to."""
    for child in root.children:
        yield from with_children(child)
    yield root


def blobs_of(nodes: Iterable[Node]) -> list[Descriptor]:
    """Each blob once, the largest first: the longest transfer begins at once."""
    unique = {blob.digest: blob for node in nodes for blob in node.blobs}
    return sorted(unique.values(), key=lambda blob: -blob.size)
