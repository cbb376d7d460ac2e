"""What a registry does beside its requests, and the files that say how."""

from __future__ import annotations

__all__ = ["chores", "open_limits", "open_retention"]

from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path

from boxship.server.database.shared_clock import SharedClock, keep_time
from boxship.server.limits import parse_limits
from boxship.server.proxy.eviction import keep_evicting
from boxship.server.registry import Registry, Settings
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.retention import Retention, parse_retention
from boxship.server.upkeep.sweep import Told, keep_sweeping
from boxship.server.watched import Watched


def open_limits(settings: Settings) -> Watched[Settings] | None:
    """The settings with the limits of the file, if there is one; `InvalidSettings`. Blocks."""
    return Watched(Path(settings.limits), partial(parse_limits, settings=settings)) if settings.limits else None


def open_retention(settings: Settings) -> Watched[Retention] | None:
    """What the file says is kept, if there is one; `InvalidSettings`. Blocks."""
    return Watched(Path(settings.retention), parse_retention) if settings.retention else None


def chores(
    registry: Registry, retention: Watched[Retention] | None, told: Told
) -> Iterator[Coroutine[None, None, None]]:
    """What is done beside the requests, until cancelled; `told` hears of tags that go."""
    settings = registry.settings
    if isinstance(registry.clock, SharedClock):
        yield keep_time(registry.clock)
    if settings.gc_interval > 0:
        policy = Policy(grace=settings.gc_grace, untagged=settings.gc_untagged)
        yield keep_sweeping(registry, policy, interval=settings.gc_interval, retention=retention, told=told)
    if settings.proxy_size or settings.proxy_age:
        yield keep_evicting(registry)
