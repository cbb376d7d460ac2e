"""Whether an image is what it says it is: its documents, its sizes, its digests, and its layers unpacked."""

from __future__ import annotations

__all__ = ["Validated", "validate"]

import time
from collections.abc import Iterator, Mapping
from functools import partial

from boxship import media_type as types
from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.digest import Digest
from boxship.event import Fact
from boxship.image.finding import WRONG, Finding
from boxship.image.part import Part, wrong_with
from boxship.image.parts import parts_of
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.registry.watched import Watched
from boxship.spec.descriptor import Descriptor
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.store import Source
from boxship.value import dataclass

_DEEPEST = 8  # indexes in indexes
_MOST = 10_000  # manifests in an index


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What was looked at, and what is wrong with it; nothing, where there are no findings.

    Attributes:
        digest: of the image, or of the index.
        manifests: how many manifests and indexes were read.
        blobs: how many configurations and layers there are, of `size` bytes.
    """

    digest: Digest
    manifests: int
    blobs: int
    size: int
    findings: tuple[Finding, ...]
    seconds: float

    def document(self) -> Mapping[str, object]:
        """All of it as JSON has it."""
        return {
            "valid": not self.findings,
            "digest": str(self.digest),
            "manifests": self.manifests,
            "blobs": self.blobs,
            "size": self.size,
            "seconds": round(self.seconds, 3),
            "findings": [{"where": finding.where, "what": finding.what} for finding in self.findings],
        }


def validate(
    source: Source, name: str, *, platforms: tuple[Platform, ...] = (), fast: bool = False, crew: Crew, work: Work
) -> Validated:
    """Look at all that `name` stands for, of an index at these `platforms`; `fast`: whether layers are there only."""
    began = time.monotonic()
    root = source.resolve(name)
    read = list(_read_all(source, root, platforms, crew))
    looked = list(crew.map(partial(parts_of, source), (one.manifest for one in read if one.manifest)))
    parts = list({part.key: part for one in looked for part in one.parts}.values())
    _tell_begin(root, parts, work)
    with Watched(source, work.trace) as watched:
        said = list(crew.map(lambda part: _looked_at(watched, part, fast, work), parts))
    findings = [*(finding for one in read for finding in one.findings)]
    findings += (finding for one in looked for finding in one.findings)
    findings += (Finding(part.where, what) for part, what in zip(parts, said, strict=True) if what)
    return Validated(
        digest=root.digest,
        manifests=len(read),
        blobs=len(parts) + len(looked),
        size=sum(part.blob.size for part in parts) + sum(one.manifest.config.size for one in read if one.manifest),
        findings=tuple(dict.fromkeys(findings)),
        seconds=time.monotonic() - began,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """A manifest, or what an index lists, and what is wrong with it."""

    manifest: Manifest | None
    below: tuple[Descriptor, ...]
    findings: tuple[Finding, ...]


def _read_all(source: Source, root: Descriptor, platforms: tuple[Platform, ...], crew: Crew) -> Iterator[_Read]:
    """Everything from `root` down, each once."""
    level = {root.digest: root}
    seen: set[Digest] = set()
    for _ in range(_DEEPEST):
        seen |= set(level)
        read = list(crew.map(partial(_read, source, platforms), level.values()))
        yield from read
        level = {below.digest: below for one in read for below in one.below if below.digest not in seen}
        if not level:
            return
    yield _Read(None, (), (Finding(str(root.digest), f"indexes stand in indexes, more than {_DEEPEST} deep"),))


def _read(source: Source, platforms: tuple[Platform, ...], descriptor: Descriptor) -> _Read:
    where = str(descriptor.digest)
    try:
        document = source.read(descriptor)
        parsed = parse_document(document)
    except WRONG as error:
        return _Read(None, (), (Finding.of(where, error),))
    wrong = [Finding(where, what) for what in _unlike(descriptor, document, parsed)]
    if isinstance(parsed, Manifest):
        return _Read(parsed, (), tuple(wrong))
    below = parsed.manifests
    if platforms:
        found = {platform: parsed.choose(platform) for platform in platforms}
        wrong += [Finding(where, f"it has no manifest for {platform}") for platform, one in found.items() if not one]
        below = tuple(filter(None, found.values()))
    if len(below) > _MOST:
        wrong.append(Finding(where, f"it has more than {_MOST} manifests"))
        below = ()
    return _Read(None, below, tuple(wrong))


def _unlike(descriptor: Descriptor, document: Document, parsed: Manifest | Index) -> Iterator[str]:
    """How what is there differs from what points at it."""
    if len(document.raw) != descriptor.size:
        yield f"it has {len(document.raw)} bytes, and {descriptor.size} are said"
    kinds = dict.fromkeys(map(types.bare, filter(None, (descriptor.media_type, parsed.media_type))))
    if len(kinds) > 1:
        yield f"it is said to be {' and '.join(kinds)}"


def _looked_at(source: Watched, part: Part, fast: bool, work: Work) -> str:  # noqa: FBT001 -- as `validate` has it
    began = time.monotonic()
    what = wrong_with(source, part, fast=fast)
    took = time.monotonic() - began
    facts: dict[str, Fact] = {"digest": str(part.blob.digest), "size": part.blob.size}
    text = f"{part.blob.digest} {what or 'is right'}, {part.blob.size} bytes in {took:.1f} s"
    work.trace.say("Blob", text, facts={**facts, "how": "wrong" if what else "right", "seconds": round(took, 3)})
    return what


def _tell_begin(root: Descriptor, parts: list[Part], work: Work) -> None:
    size = sum(part.blob.size for part in parts)
    facts: dict[str, Fact] = {"digest": str(root.digest), "blobs": len(parts), "size": size}
    work.trace.say("Validation", f"{root.digest}: {len(parts)} blobs, {size} bytes", facts=facts)
