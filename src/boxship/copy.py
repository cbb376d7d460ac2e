"""Copying an image with all that it refers to, from any store to any store: children first, the name last."""

from __future__ import annotations

__all__ = ["Copied", "copy"]

import time
from collections.abc import Iterable
from dataclasses import dataclass

from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.digest import Digest
from boxship.event import Fact
from boxship.graph import Node, blobs_of, read_graph, with_children
from boxship.platform import Platform
from boxship.registry.uploads import How
from boxship.spec.descriptor import Descriptor
from boxship.store import Source, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy came to.

    Attributes:
        digest: of what is named now: an index, or a manifest.
        manifests: how many manifests and indexes were put.
        pushed: how many blobs were brought, `mounted` from another repository of the registry, or already `present`.
        size: bytes that were brought.
        seconds: how long it took.
    """

    digest: Digest
    media_type: str
    manifests: int
    pushed: int
    mounted: int
    present: int
    size: int
    seconds: float


def copy(
    source: Source,
    name: str,
    target: Target,
    names: tuple[str, ...],
    *,
    platforms: Iterable[Platform] = (),
    crew: Crew,
    work: Work,
) -> Copied:
    """Copy what `name` stands for, and give it `names` there; without any it has its digest alone.

    Of an index, `platforms` takes those alone: one becomes an image of its own, several leave the index as it is, with
    the others missing. Nothing is named before all that it needs is there.
    """
    began = time.monotonic()
    chosen = tuple(platforms)
    root = read_graph(source, source.resolve(name), chosen, apply=crew.map)
    while len(chosen) == 1 and root.children:
        (root,) = root.children
    nodes = list({node.document.digest: node for node in with_children(root)}.values())
    missing = _missing([node for node in nodes if not node.children], target, crew)
    blobs = blobs_of(missing)
    ways = list(crew.map(lambda blob: _take(blob, source, target, work), blobs))
    put = [node for node in nodes if node is not root and (node.children or node in missing)]
    _put(put, target, crew)
    target.name(root.document, names)
    return Copied(
        digest=root.document.digest,
        media_type=root.document.media_type,
        manifests=len(put) + 1,
        pushed=ways.count(How.PUSHED),
        mounted=ways.count(How.MOUNTED),
        present=ways.count(How.PRESENT),
        size=sum(blob.size for blob, how in zip(blobs, ways, strict=True) if how is How.PUSHED),
        seconds=time.monotonic() - began,
    )


def _take(blob: Descriptor, source: Source, target: Target, work: Work) -> How:
    began = time.monotonic()
    how = target.take_blob(blob, source)
    seconds = time.monotonic() - began
    text = f"{blob.digest} {how.value}, {blob.size} bytes in {seconds:.1f} s"
    facts: dict[str, Fact] = {"digest": str(blob.digest), "size": blob.size, "how": how.value}
    work.trace.say("Blob", text, facts={**facts, "seconds": round(seconds, 3)})
    return how


def _missing(leaves: list[Node], target: Target, crew: Crew) -> list[Node]:
    there = crew.map(lambda node: target.has(node.descriptor), leaves)
    return [node for node, present in zip(leaves, there, strict=True) if not present]


def _put(nodes: list[Node], target: Target, crew: Crew) -> None:
    """Put manifests, several at a time, and then indexes: each after those that it refers to."""
    for _ in crew.map(lambda node: target.put(node.document), [node for node in nodes if not node.children]):
        pass
    for node in nodes:
        if node.children:
            target.put(node.document)
