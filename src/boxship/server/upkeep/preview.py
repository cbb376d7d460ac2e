"""What a sweep would take away now: the same finds, in the same order, and nothing is changed."""

from __future__ import annotations

__all__ = ["preview"]

import asyncio
from collections.abc import Iterator
from itertools import chain

from boxship.server.registry import Registry
from boxship.server.storage.remains import Orphan, Remains
from boxship.server.upkeep.garbage import Found, Policy, find_garbage
from boxship.value import dataclass


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
    remains = registry.storage.remains(registry.database, policy, now=now)
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
        for orphan in asyncio.run(_orphans(remains, found)):
            yield Find("orphan", orphan.name, orphan.size)


async def _orphans(remains: Remains, found: Found) -> list[Orphan]:
    return [each async for orphans in remains.orphans(found) for each in orphans]
