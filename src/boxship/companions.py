"""What goes with an image without being a part of it: what refers to its manifests, and what cosign keeps under tags.

A referrer has its subject's digest in it; what cosign signs has it in the names of tags (cosign, SIGNATURE_SPEC.md).
"""

from __future__ import annotations

__all__ = ["COSIGN", "Companion", "about", "cosign_tag", "read_companions"]

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from boxship.connect.deadline import Work
from boxship.digest import Digest
from boxship.errors import NotFound, UnexpectedAnswer
from boxship.graph import Node, read_graph, with_children
from boxship.store import Referred, Source
from boxship.value import dataclass

COSIGN = ("sig", "att", "sbom")
"""What cosign keeps of an image."""
# The specification's tags of referrers, cosign's, and whatever others have made of them since: `sha256-….1a2b.meta`.
_TAG = r"(sha(?:256|512)-[0-9a-f]{64})(?:[.-][\w.-]*)?"
_DEEPEST = 16  # what refers to what refers to ...: a signature of an attestation is two

Map = Callable[[Callable[[Node], list["Companion"]], Iterable[Node]], Iterator[list["Companion"]]]


@dataclass(frozen=True, slots=True, eq=False)
class Companion:
    """A manifest that goes with another one; `name` is the tag that it is found by, '' where its subject does."""

    node: Node
    name: str = ""


def cosign_tag(digest: Digest, kind: str) -> str:
    """The tag under which cosign keeps it."""
    return f"{digest.algorithm}-{digest.hex}.{kind}"


def about(tag: str) -> str:
    """The algorithm and the first 64 digits of what a tag's image goes with, `sha256-…`; '' for any other tag."""
    found = re.fullmatch(_TAG, tag, re.ASCII)
    return found[1] if found else ""


def read_companions(
    source: Source, nodes: Iterable[Node], *, referrers: bool, cosign: bool, apply: Map, work: Work
) -> list[Companion]:
    """The companions of these manifests, and theirs in turn: each after what it goes with."""
    found: dict[tuple[Digest, str], Companion] = {}
    asked: set[Digest] = set()
    upcoming = list(nodes)
    for _ in range(_DEEPEST):
        asked |= {node.document.digest for node in upcoming}
        there = apply(lambda node: [*_companions(source, node, referrers, cosign, work)], upcoming)
        new = [one for some in there for one in some if one.name or one.node.document.digest not in asked]
        for one in new:
            found.setdefault((one.node.document.digest, one.name), one)
        below = {node.document.digest: node for one in new for node in with_children(one.node)}
        upcoming = [node for digest, node in below.items() if digest not in asked]
        if not upcoming:
            return list(found.values())
    raise UnexpectedAnswer(f"what goes with an image of {source}", why=f"it goes on {_DEEPEST} deep")


def _companions(source: Source, node: Node, referrers: bool, cosign: bool, work: Work) -> Iterator[Companion]:  # noqa: FBT001 -- as above
    digest = node.document.digest
    if referrers and isinstance(source, Referred):
        for referrer in source.referrers(digest):
            found = _found(partial(read_graph, source, referrer))
            if found:
                yield Companion(found)
            else:
                text = f"{referrer.digest} is said to refer to {digest}, and is not there"
                work.trace.say("Referrer", text, level="W")
    for kind in COSIGN if cosign else ():
        name = cosign_tag(digest, kind)
        found = _found(partial(_read_named, source, name))
        if found:
            yield Companion(found, name)


def _read_named(source: Source, name: str) -> Node:
    return read_graph(source, source.resolve(name))


def _found(read: Callable[[], Node]) -> Node | None:
    try:
        return read()
    except NotFound:
        return None
