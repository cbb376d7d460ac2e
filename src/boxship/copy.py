"""Copying an image with all that it refers to, from any store to any store: children first, the name last."""

from __future__ import annotations

__all__ = ["PLAIN", "Copied", "Options", "copy"]

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from boxship.companions import Companion, read_companions
from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.digest import Digest, is_digest
from boxship.errors import DigestMismatch, NameTaken, NotFound, Refused, RegistryError
from boxship.event import Fact
from boxship.graph import Node, blobs_of, filtered, read_graph, with_children
from boxship.platform import Platform
from boxship.registry.uploads import How
from boxship.registry.watched import Watched
from boxship.spec.descriptor import Descriptor
from boxship.store import Expecting, Naming, Source, Target
from boxship.value import dataclass

_LACKING = frozenset({400, 404})  # to a manifest whose blobs are not all there (MANIFEST_BLOB_UNKNOWN)
_REFUSED_INDEX = frozenset({400, 404, 422})  # to an index whose manifests are not all there


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What else is asked of a copy.

    Attributes:
        referrers: bring along whatever refers to the manifests as its subject, and to that in turn.
        cosign: bring along what cosign keeps under the tags `sha256-….sig`, `.att` and `.sbom`.
        no_clobber: leave a name to what has it: `NameTaken` where that is something else.
        filtered: of several platforms, make an index that has nothing else in it, with a digest of its own.
        nondistributable: bring the layers, too, that may not be distributed and are to be had elsewhere.
    """

    referrers: bool = False
    cosign: bool = False
    no_clobber: bool = False
    filtered: bool = False
    nondistributable: bool = False


PLAIN = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy came to.

    Attributes:
        digest: of what is named now: an index, or a manifest.
        manifests: how many manifests and indexes were put.
        companions: how many of them go with the image and are no part of it: referrers, and cosign's.
        pushed: how many blobs were brought, `mounted` from another repository of the registry, or already `present`.
        size: bytes that were brought.
        seconds: how long it took.
    """

    digest: Digest
    media_type: str
    manifests: int
    companions: int
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
    options: Options = PLAIN,
    crew: Crew,
    work: Work,
) -> Copied:
    """Copy what `name` stands for, and give it `names` there; without any it has its digest alone.

    A name that is a digest is what it has to be. Of an index, `platforms` takes those alone: one becomes an image of
    its own, several leave the index as it is, with the others missing. Nothing is named before all that it needs, and
    all that goes with it, is there.
    """
    began = time.monotonic()
    root = _root(source, name, tuple(platforms), options, crew)
    tags = _tags(root, names)
    if options.no_clobber:
        _see_free(target, tags, root.document.digest)
    parts = _unique(with_children(root))
    companions = _companions(source, parts, options, crew, work)
    nodes = _unique([*parts, *(node for one in companions for node in with_children(one.node))])
    order = _Order(root, tags, nodes, companions, source, target, crew, work, began)
    leaves = [node for node in nodes if not node.children]
    missing = _missing(leaves, target, crew)
    with _sparse_refused(root):
        try:
            return order.bring(missing)
        except RegistryError as error:
            # What has a manifest has had its blobs; one that was damaged there since is only missed now.
            if len(missing) == len(leaves) or error.status not in _LACKING:
                raise
            return order.bring(leaves)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be at the target, and called how there."""

    root: Node
    tags: tuple[str, ...]
    nodes: list[Node]
    companions: list[Companion]
    source: Source
    target: Target
    crew: Crew
    work: Work
    began: float

    def bring(self, missing: list[Node]) -> Copied:
        """Bring the blobs of those manifests, put them and the indexes, and give the names."""
        blobs = blobs_of(missing)
        _tell_begin(self.root, blobs, self.source, self.target, self.work)
        last = {self.root.document.digest, *(one.node.document.digest for one in self.companions)}
        put = [node for node in self.nodes if node.document.digest not in last and (node.children or node in missing)]
        if isinstance(self.target, Expecting):
            ends = [*(one.node for one in self.companions), self.root]
            self.target.expect([*blobs, *(node.descriptor for node in (*put, *ends))])
        with Watched(self.source, self.work.trace) as watched:
            ways = list(self.crew.map(lambda blob: _take(blob, watched, self.target, self.work), blobs))
        _put(put, self.target, self.crew)
        for one in self.companions:
            self.target.name(one.node.document, (one.name,) if one.name else ())
        self.target.name(self.root.document, self.tags)
        copied = Copied(
            digest=self.root.document.digest,
            media_type=self.root.document.media_type,
            manifests=len(put) + len(last),
            companions=len(last) - 1,
            pushed=ways.count(How.PUSHED),
            mounted=ways.count(How.MOUNTED),
            present=ways.count(How.PRESENT),
            size=sum(blob.size for blob, how in zip(blobs, ways, strict=True) if how is How.PUSHED),
            seconds=time.monotonic() - self.began,
        )
        _tell_end(copied, self.work)
        return copied


def _root(source: Source, name: str, platforms: tuple[Platform, ...], options: Options, crew: Crew) -> Node:
    every = options.nondistributable
    root = read_graph(source, source.resolve(name), platforms, apply=crew.map, nondistributable=every)
    while len(platforms) == 1 and root.children:
        (root,) = root.children
    return filtered(root) if options.filtered else root


def _tags(root: Node, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names that are not its digest; `DigestMismatch` for another one."""
    digests = [name for name in names if is_digest(name)]
    for wrong in (name for name in digests if name != str(root.document.digest)):
        raise DigestMismatch("what is to be copied", expected=wrong, actual=str(root.document.digest))
    return tuple(name for name in names if name not in digests)


def _see_free(target: Target, names: tuple[str, ...], digest: Digest) -> None:
    """See that nothing else has any of the names: `NameTaken`."""
    if not isinstance(target, Naming):
        return
    for name in names:
        try:
            has = target.resolve(name).digest
        except (NotFound, Refused):  # some registries let nobody look into a repository before it is there
            continue
        if has != digest:
            raise NameTaken(f"{name} in {target} is there already", why=f"it is {has}, and {digest} is to be copied")


def _companions(source: Source, nodes: list[Node], options: Options, crew: Crew, work: Work) -> list[Companion]:
    if not (options.referrers or options.cosign):
        return []
    return read_companions(source, nodes, referrers=options.referrers, cosign=options.cosign, apply=crew.map, work=work)


def _unique(nodes: Iterable[Node]) -> list[Node]:
    return list({node.document.digest: node for node in nodes}.values())


@contextmanager
def _sparse_refused(root: Node) -> Iterator[None]:
    """A registry may take no index without all that it lists: said with what can be done about it."""
    try:
        yield
    except RegistryError as error:
        if error.status in _REFUSED_INDEX and any(node.sparse for node in with_children(root)):
            error.why += "; the index lists platforms that were not copied, and the registry wants them all"
            error.remedy = (
                "copy all platforms, a single one, or an index of those alone, with another digest (--filter)"
            )
        raise


def _tell_begin(root: Node, blobs: list[Descriptor], source: Source, target: Target, work: Work) -> None:
    size = sum(blob.size for blob in blobs)
    facts: dict[str, Fact] = {"digest": str(root.document.digest), "blobs": len(blobs), "size": size}
    text = f"{root.document.digest} from {source} to {target}: {len(blobs)} blobs, {size} bytes"
    work.trace.say("Copy", text, facts={**facts, "source": str(source), "target": str(target)})


def _tell_end(copied: Copied, work: Work) -> None:
    facts: dict[str, Fact] = {"digest": str(copied.digest), "pushed": copied.pushed, "mounted": copied.mounted}
    facts |= {"present": copied.present, "manifests": copied.manifests, "size": copied.size}
    text = f"{copied.digest}: {copied.pushed} blobs pushed, {copied.mounted} mounted, {copied.present} present"
    work.trace.say("Copied", text, facts={**facts, "seconds": round(copied.seconds, 3)})


def _take(blob: Descriptor, source: Watched, target: Target, work: Work) -> How:
    began = time.monotonic()
    how = target.take_blob(blob, source)
    seconds = time.monotonic() - began
    text = f"{blob.digest} {how.value}, {blob.size} bytes in {seconds:.1f} s"
    facts: dict[str, Fact] = {"digest": str(blob.digest), "size": blob.size, "how": how.value}
    work.trace.say("Blob", text, facts={**facts, "seconds": round(seconds, 3)})
    return how


def _missing(leaves: list[Node], target: Target, crew: Crew) -> list[Node]:
    """Those that are not there, or may be without a layer that is wanted: stores take them without what has `urls`."""
    there = crew.map(lambda node: not any(blob.urls for blob in node.blobs) and target.has(node.descriptor), leaves)
    return [node for node, present in zip(leaves, there, strict=True) if not present]


def _put(nodes: list[Node], target: Target, crew: Crew) -> None:
    """Put manifests, several at a time, and then indexes: each after those that it refers to."""
    for _ in crew.map(lambda node: target.put(node.document), [node for node in nodes if not node.children]):
        pass
    for node in nodes:
        if node.children:
            target.put(node.document)
