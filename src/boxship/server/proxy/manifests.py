"""Manifests of a cache: by digest for ever, by tag for as long as the upstream's was looked at a moment ago.

A tag is looked up in the way that costs least, and a manifest fetched only where it is not here: registries that count
pulls count those. Where the upstream cannot be asked, what the tag named last is served, and said to be that.
"""

from __future__ import annotations

__all__ = ["read"]

import asyncio
from collections.abc import Mapping
from functools import partial

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import BoxshipError, NotFound
from boxship.server import manifests
from boxship.server.answer import Answer, Refusal
from boxship.server.document import Rejected, judge
from boxship.server.proxy.cache import HIT, MISS, Cache, stale, told
from boxship.server.proxy.places import Place
from boxship.server.proxy.refusals import passing, refusal, schema_1
from boxship.server.push import SizeDiffers
from boxship.server.request import Request
from boxship.server.tagging import Terms
from boxship.wire.grammar import is_tag

_UNKNOWN = "MANIFEST_UNKNOWN"
_PATIENCE = 5.0  # seconds until what is here is served, where there is something
_ANY = Terms(expected=lambda _: True, stays=lambda _: False)  # the upstream decides what its tags name


async def read(cache: Cache, request: Request) -> Answer:
    """The manifest, which is here when it is read."""
    place, how = cache.place(request.repository), HIT
    try:
        if ":" in request.name:
            how = await _have(cache, place, request.digest())
        elif is_tag(request.name):
            how = await _look(cache, place, request.name)
    except BoxshipError as error:
        raise refusal(error, str(place.source.registry), _UNKNOWN) from error
    answer = await manifests.read(cache.registry, request)
    await _note(cache, place, answer)
    return told(answer, how)


async def _note(cache: Cache, place: Place, answer: Answer) -> None:
    """Note that somebody wants the manifest."""
    digest = Digest.parse(answer.headers["docker-content-digest"])
    if not cache.wanted.fresh((place.here, digest)):
        cache.wanted.note((place.here, digest), True)
        await cache.registry.names.refresh_manifest(place.here, digest, now=cache.registry.clock())


async def _look(cache: Cache, place: Place, tag: str) -> Mapping[str, str]:
    """See that the tag names here what it names there; how that was seen."""
    key = place.here, tag
    find = partial(cache.registry.names.manifest_by_tag, place.here, tag)
    # What was seen a moment ago may have been let go since, here or by another process.
    if cache.tags.fresh(key) and await find():
        return HIT
    async with cache.turns.about(key):
        held = await find()
        if cache.tags.fresh(key) and held:  # somebody else has just seen it
            return HIT
        if held and cache.spared.fresh(key):
            return stale(place)
        try:
            # What is here need not wait for one that is slow.
            async with asyncio.timeout(_PATIENCE if held else None):
                digest = await cache.asking.ask(place, lambda upstream: upstream.digest(place.there, tag))
                if not held or held.digest != digest:
                    await _store(cache, place, digest, (tag,))
        except NotFound:
            await cache.registry.names.delete_tag(place.here, tag, _ANY, now=cache.registry.clock())
            raise
        except (BoxshipError, TimeoutError) as error:
            if held and (isinstance(error, TimeoutError) or passing(error)):
                cache.spared.note(key, True)
                return stale(place)
            raise
        cache.tags.note(key, digest)
    return MISS


async def _have(cache: Cache, place: Place, digest: Digest) -> Mapping[str, str]:
    """See that the manifest is here; whether it was."""
    names = cache.registry.names
    if await names.manifest_by_digest(place.here, digest):
        return HIT
    async with cache.turns.about((place.here, digest)):
        if await names.manifest_by_digest(place.here, digest):
            return HIT
        await _store(cache, place, digest, ())
    return MISS


async def _store(cache: Cache, place: Place, digest: Digest, tags: tuple[str, ...]) -> None:
    """Keep a manifest, whose content may come later or never, and let tags name it."""
    held = await cache.registry.names.manifest_by_digest(place.here, digest)
    raw, kind = (held.body, held.media_type) if held else await _fetch(cache, place, digest)
    try:
        document = await asyncio.to_thread(judge, raw, kind)
        now = cache.registry.clock()
        await cache.registry.names.put_manifest(place.here, digest, document, tags, _ANY, now=now, sparse=True)
    except (Rejected, SizeDiffers) as error:
        raise Refusal(502, _UNKNOWN, f"{place.source.registry} has a manifest that is not kept: {error}") from error


async def _fetch(cache: Cache, place: Place, digest: Digest) -> tuple[bytes, str]:
    found = await cache.asking.ask(place, lambda upstream: upstream.document(place.there, digest))
    if found.media_type.startswith(media_type.DOCKER_SCHEMA_1):
        raise schema_1(str(place.source.registry))
    if Digest.of(found.raw, digest.algorithm) != digest:
        raise Refusal(502, _UNKNOWN, f"{place.source.registry} sent another manifest than {digest}")
    return found.raw, found.media_type
