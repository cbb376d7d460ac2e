"""What refers to a manifest, and to that in turn, as a tree: by its subject, or by the names that cosign has for it.

What a registry lists is not believed to end: neither a circle nor a list without end keeps anybody busy.
"""

from __future__ import annotations

__all__ = ["Referrers", "read_referrers"]

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from boxship.companions import COSIGN, cosign_tag
from boxship.digest import Digest
from boxship.errors import NotFound, UnexpectedAnswer
from boxship.image.image import is_config
from boxship.registry.manifests import parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.manifest import Manifest
from boxship.store import Referred, Source
from boxship.value import dataclass, field, replace

_DEEPEST = 16  # what refers to what refers to ...: a signature of an attestation is two
_MOST = 10_000

Map = Callable[[Callable[["Referrers"], list["Referrers"]], Iterable["Referrers"]], Iterator[list["Referrers"]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrers:
    """A manifest, and what refers to it.

    Attributes:
        artifact_type: what it is: as it says, or else the type of its configuration, or of what cosign keeps in it.
        name: the tag that it is found by, as cosign's are; '' for what is found by its subject.
        referrers: what refers to it, each with what refers to that.
    """

    digest: Digest
    media_type: str
    size: int
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    referrers: tuple[Referrers, ...] = ()

    def document(self) -> dict[str, object]:
        """The same as JSON has it, with oras' words."""
        said = {"artifactType": self.artifact_type, "tag": self.name}
        return {
            "digest": str(self.digest),
            "mediaType": self.media_type,
            "size": self.size,
            **{name: text for name, text in said.items() if text},
            **({"annotations": dict(self.annotations)} if self.annotations else {}),
            "referrers": [one.document() for one in self.referrers],
        }

    def each(self) -> Iterator[Referrers]:
        """All that refers to it, each before what refers to that."""
        for one in self.referrers:
            yield one
            yield from one.each()

    def only(self, kinds: Collection[str]) -> Referrers:
        """The same with nothing but what is of these types, and what leads to it."""
        kept = (one.only(kinds) for one in self.referrers)
        return replace(self, referrers=tuple(one for one in kept if one.referrers or one.artifact_type in kinds))


def read_referrers(source: Source, subject: Descriptor, *, depth: int, apply: Map) -> Referrers:
    """The tree on this manifest, so deep; 0 is as deep as it goes."""
    root = Referrers(digest=subject.digest, media_type=subject.media_type, size=subject.size)
    found: dict[Digest, list[Referrers]] = {}
    upcoming = [root]
    for _ in range(min(depth or _DEEPEST, _DEEPEST)):
        asked = apply(lambda one: _referring(source, one.digest), upcoming)
        found |= {one.digest: listed for one, listed in zip(upcoming, asked, strict=True)}
        if sum(map(len, found.values())) > _MOST:
            raise UnexpectedAnswer(f"what refers to {subject.digest}", why=f"there is more than {_MOST}")
        there = {one.digest: one for listed in found.values() for one in listed}
        upcoming = [one for digest, one in there.items() if digest not in found]
        if not upcoming:
            break
    return _tree(root, found, frozenset())


def _tree(one: Referrers, found: Mapping[Digest, list[Referrers]], above: frozenset[Digest]) -> Referrers:
    """What is found to refer to itself, by whatever way, ends there."""
    here = above | {one.digest}
    below = (_tree(other, found, here) for other in found.get(one.digest, ()) if other.digest not in here)
    return replace(one, referrers=tuple(below))


def _referring(source: Source, subject: Digest) -> list[Referrers]:
    if not isinstance(source, Referred):
        return []
    listed = {one.digest: _listed(source, one) for one in source.referrers(subject)}
    signed = filter(None, (_named(source, cosign_tag(subject, kind)) for kind in COSIGN))
    return [*listed.values(), *(one for one in signed if one.digest not in listed)]


def _listed(source: Source, one: Descriptor) -> Referrers:
    """What is listed; some lists do not say of what type it is."""
    bare = Referrers(digest=one.digest, media_type=one.media_type, size=one.size, annotations=one.annotations)
    if one.artifact_type:
        return replace(bare, artifact_type=one.artifact_type)
    try:
        return _described(source, one, bare)
    except NotFound:  # which the list does not know
        return bare


def _named(source: Source, name: str) -> Referrers | None:
    try:
        one = source.resolve(name)
    except NotFound:
        return None
    bare = Referrers(digest=one.digest, media_type=one.media_type, size=one.size, name=name)
    return _described(source, one, bare)


def _described(source: Source, one: Descriptor, bare: Referrers) -> Referrers:
    parsed = parse_document(source.read(one))
    kind = parsed.artifact_type
    if not kind and isinstance(parsed, Manifest):
        of_image = is_config(parsed.config.media_type) and parsed.layers
        kind = parsed.layers[0].media_type if of_image else parsed.config.media_type
    return replace(bare, artifact_type=kind, annotations=bare.annotations or parsed.annotations)
