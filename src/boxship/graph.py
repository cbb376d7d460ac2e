"""What an image consists of: its documents from the root down, and the blobs that each of them refers to."""

from __future__ import annotations

__all__ = ["Node", "blobs_of", "filtered", "read_graph", "with_children"]

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import parse_object
from boxship.spec.index import Index
from boxship.store import Source
from boxship.value import dataclass, replace

Map = Callable[[Callable[[Descriptor], "Node"], Iterable[Descriptor]], Iterator["Node"]]
"""Applies a function to each, in their order, perhaps in parallel."""

# An index of indexes of ...: nobody's is deeper, and a circle is none, as digests go.
_DEEPEST = 8
_MOST = 10_000  # manifests in an index
_ATTESTED = "vnd.docker.reference.digest"  # buildkit's attestations say so which manifest they are about


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A manifest with its blobs, or an index with what is wanted of it; it is `sparse` where that is not all."""

    document: Document
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Node, ...] = ()
    sparse: bool = False

    @property
    def descriptor(self) -> Descriptor:
        """What points at it."""
        return self.document.descriptor


def read_graph(
    source: Source,
    root: Descriptor,
    platforms: Iterable[Platform] = (),
    *,
    apply: Map = map,
    depth: int = 0,
    nondistributable: bool = False,
) -> Node:
    """Read everything from `root` down; of an index, with `platforms`, only the first manifest for each of them."""
    if depth > _DEEPEST:
        raise UnexpectedAnswer(f"{root.digest}", why=f"indexes stand in indexes, more than {_DEEPEST} deep")
    document = source.read(root)
    parsed = parse_document(document)
    if not isinstance(parsed, Index):
        return Node(document, tuple(parsed.references if nondistributable else _held(parsed.references)))
    wanted = tuple(_chosen(parsed, tuple(platforms)))
    if len(wanted) > _MOST:
        raise UnexpectedAnswer(f"{root.digest}", why=f"it has more than {_MOST} manifests")
    below = partial(read_graph, source, platforms=platforms, depth=depth + 1, nondistributable=nondistributable)
    children = apply(below, wanted)
    sparse = len(wanted) < len({manifest.digest for manifest in parsed.manifests})
    return Node(document, children=tuple(children), sparse=sparse)


def filtered(node: Node) -> Node:
    """The index with nothing in it but what is wanted of it: another one, with a digest of its own."""
    if not node.children:
        return node
    children = tuple(map(filtered, node.children))
    now = {old.document.digest: new.document for old, new in zip(node.children, children, strict=True)}
    fields = parse_object(node.document.raw)
    entries = [
        {**entry.values, "digest": str(document.digest), "size": len(document.raw)}
        for entry in fields.objects("manifests")
        if (document := now.get(entry.digest("digest")))
    ]
    raw = json.dumps({**fields.values, "manifests": entries}, separators=(",", ":")).encode()
    if not node.sparse and all(old is new for old, new in zip(node.children, children, strict=True)):
        return node
    document = Document(raw, node.document.media_type, Digest.of(raw, node.document.digest.algorithm))
    return replace(node, document=document, children=children, sparse=False)


def _chosen(index: Index, platforms: tuple[Platform, ...]) -> Iterator[Descriptor]:
    if not platforms:
        yield from {manifest.digest: manifest for manifest in index.manifests}.values()
        return
    found = {chosen.digest: chosen for chosen in (_of_platform(index, platform) for platform in platforms)}
    yield from found.values()
    if len(platforms) > 1:  # the index stays one: what it says of them stays with them
        attested = {str(digest) for digest in found}
        yield from (one for one in index.manifests if one.annotations.get(_ATTESTED) in attested)


def _of_platform(index: Index, platform: Platform) -> Descriptor:
    found = index.choose(platform)
    if found is None:
        offered = ", ".join(map(str, index.platforms)) or "none"
        raise UnexpectedAnswer(f"there is no manifest for {platform}", why=f"the index's platforms are {offered}")
    return found


def _held(references: Iterable[Descriptor]) -> Iterator[Descriptor]:
    """The content that registries hold: a layer that may not be distributed is where its `urls` say."""
    return (blob for blob in references if not blob.is_elsewhere)


def with_children(root: Node) -> Iterator[Node]:
    """Every node, each after those that it refers to."""
    for child in root.children:
        yield from with_children(child)
    yield root


def blobs_of(nodes: Iterable[Node]) -> list[Descriptor]:
    """Each blob once, the largest first: the longest transfer begins at once."""
    unique = {blob.digest: blob for node in nodes for blob in node.blobs}
    return sorted(unique.values(), key=lambda blob: -blob.size)
