"""Blobs of a cache: read from here, or while they come.

Who asks by HEAD is told what the upstream says of it, by HEAD, and nothing is brought for that.

Who asks for all of a blob, or for its end, gets it as it comes; of one that turns out to be wrong, nobody gets the last
bytes. A part from the middle cannot be held back so: it waits until all is right.
"""

from __future__ import annotations

__all__ = ["read"]

import sys

from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.server import blobs
from boxship.server.answer import Answer, Portion
from boxship.server.names import Blob
from boxship.server.proxy.cache import HIT, MISS, Cache, told
from boxship.server.proxy.places import Place
from boxship.server.proxy.refusals import refusal
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.server.storage.file_source import FileSource

_FOLLOWED = sys.platform != "win32"  # there, a file that somebody reads gets no other name


async def read(cache: Cache, request: Request) -> Answer:
    """The blob, or a range of it."""
    registry, digest = cache.registry, request.digest()
    blob = await blobs.find(registry, request.repository, digest)
    if blob and await _note(cache, request.repository, blob):
        return told(await blobs.serve(registry, request, blob), HIT)
    place = cache.place(request.repository)
    try:
        if request.method == "HEAD" and (said := await _stated_size(cache, place, digest)) is not None:
            return told(_described(registry, request, said), MISS)
        arrival = cache.arrivals.of(place, digest)
        if await arrival.begun() and (size := arrival.size) is not None and _FOLLOWED:
            source = FileSource(registry.files.path(digest), arrival.open)
            answer = blobs.answer(
                request, digest, size, lambda start, stop: Portion(source, start, stop, size, growing=arrival)
            )
            if not answer.portion or answer.portion.stop == size:
                return told(answer, MISS)
        await arrival.whole()
    except BoxshipError as error:
        raise refusal(error, str(place.source.registry), "BLOB_UNKNOWN") from error
    return told(await blobs.read(registry, request), MISS)


async def _stated_size(cache: Cache, place: Place, digest: Digest) -> int | None:
    """How large the upstream says that it is; None where it is on its way, too large, refused, or that is not said."""
    key = place.here, digest
    async with cache.turns.about(key):
        if cache.arrivals.has(place, digest):
            return None
        size = cache.sizes.fresh(key)
        if size is None:
            size = await cache.asking.ask(place, lambda upstream: upstream.blob_size(place.there, digest))
            if size is not None:
                cache.sizes.note(key, size)
    return size if size is not None and size <= cache.registry.settings.largest_blob else None


def _described(registry: Registry, request: Request, size: int) -> Answer:
    """The answer to HEAD: of what is not here, nobody reads the portion."""
    source = FileSource(registry.files.path(request.digest()))
    return blobs.answer(request, request.digest(), size, lambda start, stop: Portion(source, start, stop, size))


async def _note(cache: Cache, repository: str, blob: Blob) -> bool:
    """Note that somebody wants it; False where it has just been let go."""
    now = cache.registry.clock()
    if cache.registry.settings.read_only or now - blob.touched < cache.noted:
        return True
    return await cache.registry.names.touch_blob(repository, blob.digest, now=now)
