"""Blobs: reading and deleting them (distribution-spec, end-2 and end-10). How they come is `uploads`'s work."""

from __future__ import annotations

__all__ = ["answer", "delete", "find", "read", "serve"]

from collections.abc import Callable
from functools import partial

from boxship.digest import Digest
from boxship.server.answer import Answer, Portion, Refusal, Seal
from boxship.server.content import check_match, content_headers, unchanged
from boxship.server.doubt import is_sound
from boxship.server.names import Blob
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.server.upkeep.scrub import condemn_read
from boxship.wire.ranges import parse_byte_range

_PROMISED = 3600.0  # seconds that need no new note; a sweep's grace should be longer by as much
_LONGEST_RANGE = 200  # characters; a longer one is no single range, and is answered with the whole


async def read(registry: Registry, request: Request) -> Answer:
    """The blob, or a range of it."""
    digest = request.digest()
    blob = await find(registry, request.repository, digest)
    if not blob or not await _told(registry, request, blob):
        raise _unknown(digest)
    return await serve(registry, request, blob)


async def serve(registry: Registry, request: Request, blob: Blob) -> Answer:
    """What is asked for of a blob that was found."""
    digest = blob.digest
    seal = Seal(digest, partial(condemn_read, registry, digest)) if registry.settings.verify_on_read else None
    source = registry.storage.source(blob.content, blob.size)
    here = answer(request, digest, blob.size, lambda start, stop: Portion(source, start, stop, blob.size, seal))
    return await _elsewhere(registry, blob, here) if request.method == "GET" and here.portion else here


async def _elsewhere(registry: Registry, blob: Blob, here: Answer) -> Answer:
    """Where the storage sends whoever wants the content, if it does; else the answer from here."""
    url = await registry.storage.sign(blob.content)
    if not url:
        return here
    # Whoever asks for a range asks there for the same one (RFC 9110, 15.4.8).
    headers = {"location": url, "docker-content-digest": str(blob.digest), "cache-control": "no-store"}
    return Answer(307, headers, passing=True)


def answer(request: Request, digest: Digest, size: int, portion: Callable[[int, int], Portion]) -> Answer:
    """What is asked for of a blob of that size, which is there; `portion` is told from which byte to before which."""
    check_match(request.header(b"if-match"), digest)
    headers = content_headers("application/octet-stream", digest, forever=True) | {"accept-ranges": "bytes"}
    if unchanged(request.header(b"if-none-match"), digest):
        return Answer(304, headers)
    asked = _range(request, headers["etag"], size)
    start, stop = asked or (0, size)
    if not asked:
        return Answer(200, headers, portion=portion(start, stop))
    return Answer(206, headers | {"content-range": f"bytes {start}-{stop - 1}/{size}"}, portion=portion(start, stop))


async def delete(registry: Registry, request: Request) -> Answer:
    """Take the blob from the repository, unless one of its manifests would lack it."""
    digest = request.digest()
    parents = await registry.names.unlink_blob(request.repository, digest)
    if parents is None:
        raise _unknown(digest)
    if parents:
        raise Refusal(405, "UNSUPPORTED", "manifests refer to this blob", detail={"manifests": parents})
    return Answer(202)


async def _told(registry: Registry, request: Request, blob: Blob) -> bool:
    """Whether the blob is there, now that its client may take that as a word to rely on, and not push it."""
    now = registry.clock()
    if request.method != "HEAD" or registry.settings.read_only or now - blob.touched < _PROMISED:
        return True
    return await registry.names.touch_blob(request.repository, blob.digest, now=now)


async def find(registry: Registry, repository: str, digest: Digest) -> Blob | None:
    """The blob, if the repository has it and its bytes are what was committed."""
    blob = await registry.names.blob(repository, digest)
    return blob if blob and await is_sound(registry, blob) else None


def _range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    header = request.header(b"range")
    # RFC 9110, 13.1.5: who has the beginning of something else wants the whole.
    if request.header(b"if-range") not in ("", etag):
        return None
    # RFC 9110, 14.2: only GET has ranges.
    if request.method != "GET" or not header or len(header) > _LONGEST_RANGE:
        return None
    try:
        return parse_byte_range(header, size)
    except ValueError as error:
        unsatisfied = {"content-range": f"bytes */{size}"}
        raise Refusal(416, "SIZE_INVALID", "the blob has no such range", headers=unsatisfied) from error


def _unknown(digest: Digest) -> Refusal:
    return Refusal(404, "BLOB_UNKNOWN", "the repository has no such blob", detail={"digest": str(digest)})
