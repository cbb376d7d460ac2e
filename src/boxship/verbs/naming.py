"""Names: tags that are given to what is there."""

from __future__ import annotations

__all__ = ["tag"]

from collections.abc import Iterable

from boxship.digest import Digest
from boxship.reference import Reference
from boxship.registry.manifests import read_manifest
from boxship.registry.operations import Operations
from boxship.registry.repository import Repository


def tag(operations: Operations, reference: Reference, tags: Iterable[str]) -> Digest:
    """Give the tags to what the reference stands for; each is checked before any is given."""
    names = tuple(_tag(reference, name) for name in tags)
    with operations.at(reference.registry) as remote:
        document = read_manifest(remote, reference)
        Repository(remote, reference).name(document, names)
    return document.digest


def _tag(reference: Reference, name: str) -> str:
    parsed = Reference.parse(f"{reference.registry}/{reference.repository}:{name}")
    return parsed.name
