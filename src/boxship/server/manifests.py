"""Manifests: reading, pushing and deleting them by tag or digest (distribution-spec, end-3, end-7 and end-9)."""

from __future__ import annotations

__all__ = ["delete", "put", "read"]

import asyncio
from functools import lru_cache, partial

from boxship import media_type
from boxship.digest import Digest
from boxship.server.access.rights import Right
from boxship.server.answer import Answer, Refusal
from boxship.server.content import check_match, content_headers, permits, unchanged
from boxship.server.document import Document, Rejected, judge
from boxship.server.names import StoredManifest
from boxship.server.push import ContentMissing, SizeDiffers, TagMoved
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.server.storage.soundness import is_damaged
from boxship.server.tagging import Expected, TagKept, Terms
from boxship.wire import routes
from boxship.wire.grammar import is_tag

_LARGEST = 4 * 1024 * 1024 + 64 * 1024  # the specification wants 4 MiB taken ("Pushing Manifests"); peers stop there
_MOST_TAGS = 32  # of one push


async def read(registry: Registry, request: Request) -> Answer:
    """The manifest as it was pushed, byte for byte; to HEAD, whether it is there with all that is in it."""
    manifest = await _find(registry, request)
    if not manifest or not accepts(request.header(b"accept"), manifest.media_type):
        raise _unknown(request)
    if request.method == "HEAD" and await _lacks_content(registry, request, manifest):
        raise _unknown(request)
    check_match(request.header(b"if-match"), manifest.digest)
    headers = content_headers(manifest.media_type, manifest.digest, forever=_is_digest(request.name))
    if unchanged(request.header(b"if-none-match"), manifest.digest):
        return Answer(304, headers)
    return Answer(200, headers, manifest.body)


async def put(registry: Registry, request: Request) -> Answer:
    """Store a manifest whose content is all there, and let its tags name it."""
    tags = _tags(request)
    body = await _receive(request)
    document = await asyncio.to_thread(_judge, body, request.header(b"content-type"))
    digest = _digest(request, body)
    try:
        await registry.names.put_manifest(
            request.repository,
            digest,
            document,
            tags,
            Terms(_expected(request), partial(_stays, registry, request)),
            now=registry.clock(),
            sparse=registry.settings.allow_sparse,
        )
    except ContentMissing as error:
        detail = [str(missing) for missing in error.digests]
        raise Refusal(400, "MANIFEST_BLOB_UNKNOWN", "content of the manifest is missing", detail=detail) from error
    except SizeDiffers as error:
        raise Refusal(400, "MANIFEST_INVALID", str(error)) from error
    except (TagMoved, TagKept) as error:
        raise _refused(registry, error) from error
    return Answer(201, _pushed(request, digest, document))


async def delete(registry: Registry, request: Request) -> Answer:
    """Delete a tag and only that, or the manifest with a digest and all tags that name it."""
    names, terms = registry.names, Terms(_expected(request), registry.immutable.covers)
    try:
        if _is_digest(request.name):
            deleted = await names.delete_manifest(request.repository, request.digest(), terms, now=registry.clock())
        else:
            deleted = await names.delete_tag(request.repository, request.name, terms, now=registry.clock())
    except (TagMoved, TagKept) as error:
        raise _refused(registry, error) from error
    if not deleted:
        raise _unknown(request)
    return Answer(202)


@lru_cache(maxsize=64)
def accepts(accept: str, kind: str) -> bool:
    """Whether a client that sent this `Accept` header takes a manifest of that kind; without one it takes any."""
    if not accept:
        return True
    ranges = {media_type.bare(part) for part in accept.split(",")}
    return not ranges.isdisjoint((kind, "*/*", "application/*"))


def _expected(request: Request) -> Expected:
    return partial(permits, request.header(b"if-match"), request.header(b"if-none-match"))


def _stays(registry: Registry, request: Request, tag: str) -> bool:
    """Whether this request may not make a tag that is there name something else."""
    return registry.immutable.covers(tag) or not request.caller.may(Right.PUSH, request.repository)


def _refused(registry: Registry, error: TagMoved | TagKept) -> Refusal:
    if isinstance(error, TagMoved):
        return Refusal(412, "DENIED", f"{error} names something else than expected")
    immutable = registry.immutable.covers(error.tag)
    why = "it is immutable" if immutable else "who asks may push what is new and move no tags"
    return Refusal(403, "DENIED", f"{error} and stays so: {why}")


async def _find(registry: Registry, request: Request) -> StoredManifest | None:
    if _is_digest(request.name):
        return await registry.names.manifest_by_digest(request.repository, request.digest())
    return await registry.names.manifest_by_tag(request.repository, request.name)


async def _lacks_content(registry: Registry, request: Request, manifest: StoredManifest) -> bool:
    """Whether it lacks something that a push would bring: who pushes or mirrors asks by HEAD, and skips what is there.

    A cache brings what it lacks by itself.
    """
    if not manifest.suspect or registry.settings.proxy:
        return False
    return await is_damaged(registry.database, request.repository, manifest.digest)


def _tags(request: Request) -> tuple[str, ...]:
    """The tags that a push names: in its path, or beside a digest as parameters (distribution-spec, end-7b)."""
    more = tuple(request.query.get("tag", ()))
    tags = more if _is_digest(request.name) else (request.name, *more)
    if len(more) > _MOST_TAGS:
        raise Refusal(414, "MANIFEST_INVALID", f"more than {_MOST_TAGS} tags at once")
    for tag in tags:
        if not is_tag(tag):
            raise Refusal(400, "MANIFEST_INVALID", f"{tag!r} is no tag")
    return tags


async def _receive(request: Request) -> bytes:
    body = b"".join([piece async for piece in request.body.pieces(_LARGEST)])
    request.body.check("MANIFEST_INVALID")
    return body


def _judge(body: bytes, content_type: str) -> Document:
    try:
        return judge(body, content_type)
    except Rejected as error:
        raise Refusal(400, "MANIFEST_INVALID", str(error)) from error


def _digest(request: Request, body: bytes) -> Digest:
    """The digest that the manifest is stored by: what the path says, if that is true."""
    if not _is_digest(request.name):
        return Digest.of(body)
    asked = request.digest()
    if Digest.of(body, asked.algorithm) != asked:
        raise Refusal(400, "DIGEST_INVALID", "the manifest has another digest", detail={"digest": str(asked)})
    return asked


def _pushed(request: Request, digest: Digest, document: Document) -> dict[str, str]:
    headers = {"location": routes.manifest(request.repository, str(digest)), "docker-content-digest": str(digest)}
    if document.subject:
        # It promises that `referrers` tells of this manifest ("Pushing Manifests with Subject").
        headers["oci-subject"] = str(document.subject.digest)
    more = request.query.get("tag")
    return headers | {"oci-tag": ", ".join(more)} if more else headers


def _is_digest(name: str) -> bool:
    # No tag has a colon.
    return ":" in name


def _unknown(request: Request) -> Refusal:
    detail = {"reference": request.name}
    return Refusal(404, "MANIFEST_UNKNOWN", "the repository has no such manifest", detail=detail)
