"""What a sweep would take away now: the same finds, in the same order, and nothing is changed."""

from __future__ import annotations

__all__ = ["preview"]

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from boxship.server.garbage import Policy, find_garbage
from boxship.server.leftovers import find_orphans
from boxship.server.registry import Registry
from boxship.server.removal import Removal


@dataclass(frozen=True, slots=True)
class Find:
    """Something that would go: what it is, its name (with its repository), and how many bytes that frees."""

    kind: str
    name: str
    bytes: int = 0

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def preview(registry: Registry, policy: Policy) -> Iterator[Find]:
    """What `sweep` would find now: what would go, at once or after the policy's wait.

    Blocks: not for an event loop.
    """
    now = registry.clock()
    removal = Removal(registry.database, registry.layout, policy, now=now)
    with find_garbage(registry.database, policy, now=now) as found:
        for tag in chain.from_iterable(found.tags()):
            yield Find("tag", f"{tag.repository}:{tag.name}")
        for manifest in chain.from_iterable(found.manifests()):
            yield Find("manifest", f"{manifest.repository}@{manifest.digest}")
        for link in chain.from_iterable(found.links()):
            yield Find("link", f"{link.repository}@{link.digest}")
        for repository in chain.from_iterable(found.repositories()):
            yield Find("repository", repository.name)
        for blob in chain.from_iterable((*found.due(), *found.claimed(), *found.blobs())):
            yield Find("blob", blob.digest, blob.size)
        for digest in chain.from_iterable(find_orphans(registry.layout, found, removal.is_old)):
            yield Find("orphan", str(digest), registry.layout.blob(digest).lstat().st_size)
