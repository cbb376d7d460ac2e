"""Lists of a cache: tags and referrers are the upstream's; where it cannot be asked, what was seen of them."""

from __future__ import annotations

__all__ = ["read_referrers", "read_tags"]

import json
from bisect import bisect_right
from collections.abc import Mapping
from itertools import islice

from boxship.errors import BoxshipError
from boxship.server import referrers, tags
from boxship.server.answer import Answer
from boxship.server.names import Referrer
from boxship.server.paging import Page
from boxship.server.proxy.cache import HIT, MISS, Cache, stale, told
from boxship.server.proxy.places import Place
from boxship.server.proxy.refusals import passing, refusal
from boxship.server.proxy.upstream import Upstream
from boxship.server.request import Request
from boxship.spec.descriptor import Descriptor

_MOST = 1_000_000  # tags of a repository


async def read_tags(cache: Cache, request: Request) -> Answer:
    """A page of the tags that the upstream's repository has."""
    place = cache.place(request.repository)
    try:
        names, how = await _tags(cache, place)
    except BoxshipError as error:
        if not passing(error) or not await cache.registry.names.has_repository(place.here):
            raise refusal(error, str(place.source.registry), "NAME_UNKNOWN") from error
        return told(await tags.read(cache.registry, request), stale(place))
    page = Page.asked(request, cache.registry.settings.page_size)
    first = bisect_right(names, page.last)
    return told(tags.listed(request, page, names[first : first + page.reach]), how)


async def _tags(cache: Cache, place: Place) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """All tags in the order of their bytes, and how they were found."""
    async with cache.turns.about(place.here):
        known = cache.lists.fresh(place.here)
        if known is not None:
            return known, HIT
        last = cache.lists.last(place.here)
        if last is not None and cache.spared.fresh(place.here):
            return last, stale(place)
        try:
            listed = await cache.asking.ask(place, lambda upstream: _list(upstream, place.there))
        except BoxshipError as error:
            if last is None or not passing(error):
                raise
            cache.spared.note(place.here, True)
            return last, stale(place)
        cache.lists.note(place.here, listed)
        return listed, MISS


def _list(upstream: Upstream, repository: str) -> tuple[str, ...]:
    # By their code points, which sorts as their bytes do; upstreams have orders of their own.
    return tuple(sorted(set(islice(upstream.tags(repository), _MOST))))


async def read_referrers(cache: Cache, request: Request) -> Answer:
    """A page of what refers to a manifest upstream."""
    place, subject = cache.place(request.repository), request.digest()
    try:
        found = await cache.asking.ask(place, lambda upstream: upstream.referrers(place.there, subject))
    except BoxshipError as error:
        if not passing(error):
            raise refusal(error, str(place.source.registry), "NAME_UNKNOWN") from error
        return told(await referrers.read(cache.registry, request), stale(place))
    page, kind = Page.asked(request, cache.registry.settings.page_size), request.parameter("artifactType")
    asked = sorted(map(_referrer, found), key=lambda each: each.digest)
    wanted = (each for each in asked if each.digest > page.last and kind in (None, "", each.artifact_type))
    return told(referrers.listed(request, page, wanted), MISS)


def _referrer(found: Descriptor) -> Referrer:
    annotations = json.dumps(dict(found.annotations), ensure_ascii=False) if found.annotations else ""
    return Referrer(str(found.digest), found.media_type, found.size, found.artifact_type, annotations)
