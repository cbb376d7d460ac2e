"""Sweeps: taking away what nobody needs any more, while the registry serves.

What that is, is `garbage`'s; how it goes, `removal`'s. Here is the order: uploads whose time is over, tags and
manifests (where the policy says so), links, repositories with nothing left, blobs in two steps, files that no row
knows, and last what earlier sweeps put in the trash. One sweep runs at a time, whichever process began it. What one
would do is `preview`'s to tell.
"""

from __future__ import annotations

__all__ = ["Report", "Told", "keep_sweeping", "sweep", "unheard"]

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from boxship.errors import BoxshipError
from boxship.server.database.lease import Leased, Renew, leased
from boxship.server.database.shared_clock import SharedClock
from boxship.server.finishing import in_thread
from boxship.server.registry import Registry
from boxship.server.upkeep.garbage import Found, Policy, find_garbage
from boxship.server.upkeep.removal import Removal
from boxship.server.upkeep.retention import Retention, Tag
from boxship.server.watched import Watched
from boxship.value import dataclass, fields, replace

_log = logging.getLogger(__name__)

_LEASE = "sweep"

Item = TypeVar("Item")
Told = Callable[[Sequence[Tag]], Awaitable[None]]


async def unheard(tags: Sequence[Tag]) -> None:
    """Tell nobody."""
    del tags


@dataclass(slots=True)
class Report:
    """What a sweep did.

    Attributes:
        sessions: uploads that nobody went on with.
        tags: deleted ones, where the policy takes any.
        manifests: deleted ones, where the policy takes any.
        links: blobs that a repository lost, for none of its manifests refers to them.
        repositories: those that had nothing left.
        candidates: blobs that nobody has: those whose wait is over, and those found now.
        revived: those of them that somebody wanted after all.
        waiting: those that go later.
        deleted: those that are gone, whose files are in the trash.
        damaged: those of the deleted whose files went to quarantine, for their bytes were wrong.
        orphans: files that the database knew nothing of, which are in the trash, too.
        bytes: of the deleted and the orphans.
        emptied: bytes of what was in the trash for long enough.
    """

    sessions: int = 0
    tags: int = 0
    manifests: int = 0
    links: int = 0
    repositories: int = 0
    candidates: int = 0
    revived: int = 0
    waiting: int = 0
    deleted: int = 0
    damaged: int = 0
    orphans: int = 0
    bytes: int = 0
    emptied: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{each.name} {getattr(self, each.name)}" for each in fields(self))


async def sweep(registry: Registry, policy: Policy, *, told: Told = unheard) -> Report:
    """Take away what the policy calls garbage; `Leased` while another sweep runs. `told` hears of tags that went.

    Raises `BoxshipError` where nobody knows what time it is.
    What is pushed, mounted or asked for meanwhile is not garbage any more.
    """
    if isinstance(registry.clock, SharedClock):
        await registry.clock.check()
    async with leased(registry.database, _LEASE, clock=registry.clock) as renew:
        return await _Sweep(registry, policy, renew, told).run()


async def keep_sweeping(
    registry: Registry,
    policy: Policy,
    *,
    interval: float,
    retention: Watched[Retention] | None = None,
    told: Told = unheard,
) -> None:
    """Sweep every `interval` seconds until cancelled; a sweep that fails is logged, and is not the last.

    Nothing is taken while the registry is read-only. `retention` says which tags go.
    """
    while True:
        await asyncio.sleep(interval)
        if registry.settings.read_only:
            continue
        if retention:
            policy = replace(policy, retention=replace(await retention.value(), spared=registry.immutable))
        try:
            _log.info("swept: %s", await sweep(registry, policy, told=told))
        except Leased:
            _log.debug("another process sweeps")
        except BoxshipError as error:
            _log.error("%s", error)
        except (OSError, sqlite3.Error) as error:
            _log.error("a sweep failed", exc_info=error)


class _Sweep:
    """One sweep, as of one moment."""

    def __init__(self, registry: Registry, policy: Policy, renew: Renew, told: Told) -> None:
        self._registry = registry
        self._policy = policy
        self._renew, self._told = renew, told
        self._now = registry.clock()
        self._removal = Removal(registry.database, policy, now=self._now)
        self._remains = registry.storage.remains(registry.database, policy, now=self._now)
        self._report = Report()

    async def run(self) -> Report:
        await self._remains.prepare()
        await self._end_sessions()
        async with self._found() as found:
            await self._delete_tags(found)
            await self._delete_manifests(found)
            await self._unlink(found)
            await self._forget(found)
            self._report.candidates += await self._claim(found)
            await self._doom(found)
            if self._policy.wait <= 0:
                await self._claim(found)
            await self._remove(found)
            await self._remove_orphans(found)
        before = self._now - self._policy.wait
        self._report.emptied = await self._remains.empty(before=before)
        return self._report

    async def _end_sessions(self) -> None:
        while ended := await self._registry.sessions.expire(now=self._now):
            self._report.sessions += ended

    async def _delete_tags(self, found: Found) -> None:
        async for tags in self._batches(found.tags()):
            deleted = await self._removal.delete_tags(tags)
            self._report.tags += len(deleted)
            await self._told(deleted)

    async def _delete_manifests(self, found: Found) -> None:
        async for manifests in self._batches(found.manifests()):
            self._report.manifests += await self._removal.delete_manifests(manifests)

    async def _unlink(self, found: Found) -> None:
        async for links in self._batches(found.links()):
            self._report.links += await self._removal.unlink(links)

    async def _forget(self, found: Found) -> None:
        async for repositories in self._batches(found.repositories()):
            self._report.repositories += await self._removal.forget(repositories)

    async def _doom(self, found: Found) -> None:
        async for blobs in self._batches(found.blobs()):
            doomed = await self._removal.doom(blobs)
            self._report.candidates += len(blobs)
            self._report.revived += len(blobs) - doomed
            self._report.waiting += doomed if self._policy.wait > 0 else 0

    async def _claim(self, found: Found) -> int:
        """Claim the blobs whose wait is over; how many these are."""
        due = 0
        async for blobs in self._batches(found.due()):
            due += len(blobs)
            self._report.revived += len(blobs) - await self._removal.claim(blobs)
        return due

    async def _remove(self, found: Found) -> None:
        async for blobs in self._batches(found.claimed()):
            damaged = await self._remains.damaged(blobs) if self._policy.verify else ()
            sound = [each for each in blobs if each not in damaged]
            for some in (sound, damaged):
                freed = await self._remains.remove(some, damaged=some is damaged)
                self._report.deleted += freed.files
                self._report.bytes += freed.bytes
            self._report.damaged += len(damaged)

    async def _remove_orphans(self, found: Found) -> None:
        async for orphans in self._remains.orphans(found):
            freed = await self._remains.remove_orphans(orphans)
            self._report.orphans += freed.files
            self._report.bytes += freed.bytes
            await self._renew()

    @asynccontextmanager
    async def _found(self) -> AsyncIterator[Found]:
        finding = find_garbage(self._registry.database, self._policy, now=self._now)
        found = await in_thread(finding.__enter__)
        try:
            yield found
        finally:
            await in_thread(finding.__exit__, None, None, None)

    async def _batches(self, batches: Iterator[Sequence[Item]]) -> AsyncIterator[Sequence[Item]]:
        """The batches, each found in a thread, while the lease lasts."""
        nothing: Sequence[Item] = ()
        while batch := await in_thread(next, batches, nothing):
            yield batch
            await self._renew()
