"""What refers to an image, wherever that is."""

from __future__ import annotations

__all__ = ["referrers_of"]

from collections.abc import Collection

from boxship.artifact.referrers import Referrers, read_referrers
from boxship.formats.ends import Where, source_end
from boxship.image.opening import descriptor_at
from boxship.platform import Platform
from boxship.registry.operations import Operations
from boxship.verbs.copying import copying


def referrers_of(
    operations: Operations,
    source: Where,
    *,
    artifact_types: Collection[str],
    depth: int,
    platform: Platform | None,
    jobs: int,
) -> Referrers:
    """The tree of what refers to it; several manifests are asked about at a time."""
    with copying(operations, (), jobs) as way, source_end(operations, source) as end:
        subject = descriptor_at(end.store, end.name, platform)
        tree = read_referrers(end.store, subject, depth=depth, apply=way.crew.map)
        return tree.only(artifact_types) if artifact_types else tree
