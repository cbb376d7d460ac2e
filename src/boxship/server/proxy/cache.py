"""A cache: a registry that stands in for upstreams, the blobs on their way to it, and what these said a moment ago."""

from __future__ import annotations

__all__ = ["HIT", "MISS", "Cache", "stale", "told"]

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

from boxship.digest import Digest
from boxship.server.access.rights import Pattern
from boxship.server.answer import Answer, Refusal
from boxship.server.proxy.arrivals import Arrivals
from boxship.server.proxy.asking import Asking
from boxship.server.proxy.known import Known
from boxship.server.proxy.places import Place, Places
from boxship.server.registry import Registry
from boxship.server.request import check_repository
from boxship.server.turns import Turns
from boxship.value import dataclass, replace

_NAMESPACE = "ns"  # which registry is meant: containerd, docs/hosts.md, "Registry Host Namespace"
_MOST_TAGS = 100_000
_NOTED = 3600.0  # seconds that somebody's asking for something needs no new note, at most
_MOST_LISTS = 100  # each may have as many tags
_SPARED = 10.0  # seconds that an upstream which did not answer is not asked the same again, where something is here


@dataclass(frozen=True, slots=True)
class Cache:
    """An open cache.

    Attributes:
        tags: what the tags of repositories name, by `(repository, tag)`.
        lists: all tags of repositories.
        sizes: those of blobs that somebody asked about and nobody for, by `(repository, digest)`.
        wanted: manifests that were asked for in the last hour, by `(repository, digest)`: their rows say so.
        spared: tags and lists that an upstream failed to tell a moment ago: what is here is served, and it is spared.
        turns: who asks an upstream the same as another waits for that one's answer.
        noted: seconds that somebody's asking for something needs no new note: a part of what makes it old.
    """

    registry: Registry
    asking: Asking
    arrivals: Arrivals
    tags: Known[Digest]
    lists: Known[tuple[str, ...]]
    sizes: Known[int]
    wanted: Known[bool]
    spared: Known[bool]
    turns: Turns
    noted: float
    _places: Places
    _allowed: tuple[Pattern, ...]

    @classmethod
    def open(cls, registry: Registry) -> Self:
        """The cache that the registry's settings describe, or `InvalidSettings`. Nobody is asked yet."""
        settings, clock = registry.settings, registry.clock
        noted = min(_NOTED, settings.proxy_age / 4) if settings.proxy_age else _NOTED
        places = Places.of(settings.proxy)
        allowed = tuple(map(Pattern.parse, settings.proxy_allow))
        asking = Asking(places.sources)
        return cls(
            registry,
            asking,
            Arrivals(registry, asking),
            Known(clock, settings.proxy_fresh, _MOST_TAGS),
            Known(clock, settings.proxy_fresh, _MOST_LISTS),
            Known(clock, settings.proxy_fresh, _MOST_TAGS),
            Known(clock, noted, _MOST_TAGS),
            Known(clock, _SPARED, _MOST_TAGS),
            Turns(),
            noted,
            places,
            allowed,
        )

    async def close(self) -> None:
        """End all questions; what is on its way is given up."""
        await asyncio.to_thread(self.asking.close)
        await self.arrivals.settled()

    def named(self, repository: str, query: Mapping[str, Sequence[str]]) -> str:
        """What the repository that a request means is called here; refuses one that is not to be had through here."""
        namespace = query.get(_NAMESPACE, ("",))[0]
        here = self._places.place(repository, namespace).here
        check_repository(here)
        if self._allowed and not any(pattern.matches(here) for pattern in self._allowed):
            raise Refusal(403, "DENIED", f"this cache does not bring {here}")
        return here

    def place(self, here: str) -> Place:
        """Where the repository that is called so here is."""
        return self._places.place(here)

    async def version(self) -> object:
        """What changes with the database, and every second: what tags name is looked up again then, if it is time."""
        return await self.registry.database.version(), int(self.registry.clock())


# How an answer came about, in the word that other caches have for it: by what is here, or by asking the upstream.
HIT: Mapping[str, str] = {"x-cache": "HIT"}
MISS: Mapping[str, str] = {"x-cache": "MISS"}


def stale(place: Place) -> Mapping[str, str]:
    """The headers of an answer that may be out of date, since the upstream could not be asked (RFC 7234, 5.5.1)."""
    said = f'110 boxship "{place.source.registry} cannot be asked: this may be out of date"'
    return {"x-cache": "STALE", "warning": said}


def told(answer: Answer, how: Mapping[str, str]) -> Answer:
    """The answer with the headers that say how it came about."""
    return replace(answer, headers={**answer.headers, **how}, passing=how is not HIT)
