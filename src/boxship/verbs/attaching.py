"""Artifacts made of files, and put where they are to be."""

from __future__ import annotations

__all__ = ["Artifact", "attach", "push_artifact"]

import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Self

from boxship.artifact.given import Given
from boxship.artifact.manifest import EMPTY, artifact_manifest
from boxship.artifact.packing import Packed, pack, pack_config
from boxship.copy import Copied
from boxship.digest import Digest
from boxship.errors import InvalidInput
from boxship.formats.ends import SourceEnd, TargetEnd, Where, end_of, source_end, target_end
from boxship.formats.memory import Memory
from boxship.image.content import Content, Held
from boxship.image.opening import descriptor_at
from boxship.image.overlay import Overlay
from boxship.image.workshop import Workshop, workshop
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.operations import Operations
from boxship.spec.descriptor import Descriptor
from boxship.value import dataclass, field, replace
from boxship.verbs.copying import copying
from boxship.verbs.moment import moment, written_moment

File = Given | str | os.PathLike[str]

_CREATED = "org.opencontainers.image.created"
_NOW = "now"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)  # RFC 3339


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is to be put: `kind` is its artifact type, `created` as `Client.push_artifact` has it."""

    files: Sequence[Given]
    kind: str
    config: Given | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    config_annotations: Mapping[str, str] = field(default_factory=dict)
    created: str = ""

    @classmethod
    def of(
        cls,
        files: Sequence[File],
        kind: str,
        *,
        config: File | None,
        annotations: Mapping[str, str] | None,
        config_annotations: Mapping[str, str] | None,
        created: str,
    ) -> Self:
        """The artifact that the caller's words say."""
        return cls(
            [_given(file) for file in files],
            kind,
            None if config is None else _given(config),
            annotations or {},
            config_annotations or {},
            created,
        )


def push_artifact(
    operations: Operations, artifact: Artifact, target: Where, *, subject: Where | None, jobs: int
) -> Copied:
    """Put the artifact under the name that the target has for it."""
    if subject is not None and _home(subject) != _home(target):
        why = f"it refers to what is in {_home(subject)}"
        raise InvalidInput(f"{target} is no place for it", why=why, remedy="name one beside its subject")
    pointer = None if subject is None else _subject(operations, subject, None)
    with target_end(operations, target) as here:
        return _put(operations, artifact, here.for_another, pointer, jobs)


def attach(
    operations: Operations, artifact: Artifact, subject: Where, *, platform: Platform | None, jobs: int
) -> Copied:
    """Put the artifact beside what it refers to, under its digest alone."""
    if not (artifact.files or artifact.annotations):
        raise InvalidInput(f"nothing is attached to {subject}", why="there is neither a file nor an annotation")
    pointer = _subject(operations, subject, platform)
    with target_end(operations, subject) as here:
        return _put(operations, artifact, replace(here, names=()), pointer, jobs)


def _given(file: File) -> Given:
    """The file, or the one that a text writes."""
    return file if isinstance(file, Given) else Given.parse(file)


def _subject(operations: Operations, subject: Where, platform: Platform | None) -> Descriptor:
    with operations.work(), source_end(operations, subject) as there:
        return descriptor_at(there.store, there.name, platform)


def _home(where: Where) -> str:
    """The repository or the place, whatever it is called there."""
    end = end_of(where)
    if isinstance(end, Reference):
        return f"{end.registry}/{end.repository}"
    return str(replace(end, name=""))


def _put(operations: Operations, artifact: Artifact, here: TargetEnd, subject: Descriptor | None, jobs: int) -> Copied:
    with copying(operations, (), jobs) as way, workshop(way.crew) as shop:
        files, config = _packed(artifact, shop)
        document = artifact_manifest(
            [file.entry for file in files],
            config.entry if config else None,
            artifact_type=artifact.kind,
            subject=subject,
            annotations={**_created(artifact.created), **artifact.annotations},
            config_annotations=artifact.config_annotations,
        )
        contents: dict[Digest, Content] = {Digest.of(EMPTY): Held(EMPTY)}
        contents |= {one.digest: one.content for one in (*files, *([config] if config else []))}
        made = Overlay(Memory(), [document], contents, {})
        return way.run(SourceEnd(made, str(document.digest)), here)


def _packed(artifact: Artifact, shop: Workshop) -> tuple[list[Packed], Packed | None]:
    titles = [file.called for file in artifact.files if file.called]
    if twice := next((title for title in titles if titles.count(title) > 1), ""):
        raise InvalidInput(f"two files are called {twice}", why="taken out again they would be one")
    modified = moment() or 0
    files = [pack(file, shop, modified=modified) for file in artifact.files]
    config = artifact.config
    return files, pack_config(config, shop, artifact.config_annotations) if config else None


def _created(text: str) -> dict[str, str]:
    """When it was made, if anybody says so."""
    if text == _NOW:
        return {_CREATED: written_moment(int(time.time()))}
    if text and not _TIME.fullmatch(text):
        raise InvalidInput(f"the time {text!r}", why="it is not written as in 2026-01-31T12:00:00Z, nor is it now")
    at = moment()
    said = text or ("" if at is None else written_moment(at))
    return {_CREATED: said} if said else {}
