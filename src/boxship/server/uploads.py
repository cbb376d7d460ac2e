"""Uploads: blobs that come at once, in chunks, or from another repository (distribution-spec, end-4 to end-6, 11, 13).

Every way ends in `_commit`: the bytes durable under their final name, and only then the row that lets them be read.
"""

from __future__ import annotations

__all__ = ["append", "begin", "cancel", "finish", "status"]

import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from boxship.digest import ALGORITHMS, Digest
from boxship.server.access.rights import Caller, Right
from boxship.server.answer import Answer, Refusal
from boxship.server.body import Ending
from boxship.server.database import Unavailable
from boxship.server.doubt import is_sound
from boxship.server.finishing import finished
from boxship.server.names import Blob, Vanished
from boxship.server.quota import QuotaExceeded
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.server.sessions import Busy, Session, TooMany, Unknown
from boxship.server.storage import Claim
from boxship.server.storage.claim import Incomplete, Taken
from boxship.value import replace
from boxship.wire import routes
from boxship.wire.grammar import is_repository
from boxship.wire.ranges import parse_content_range, write_upload_range

_log = logging.getLogger(__name__)

_MOST_HOLDERS = 1000  # repositories that are looked at for one to mount from: it is a favour, not a promise
_BATCH = 1024 * 1024  # bytes that one visit of a worker thread writes and hashes


async def begin(registry: Registry, request: Request) -> Answer:
    """Take the blob from another repository, or from the body, or open a session for it, as the query asks."""
    mount = request.digest_parameter("mount")
    if mount:
        if await _mount(registry, request, mount):
            return _created(request, mount)
        # "Mounting a blob from another repository": what cannot be mounted is uploaded as usual.
        return await _open(registry, request)
    digest = request.digest_parameter("digest")
    return await _take(registry, request, digest) if digest else await _open(registry, request)


async def append(registry: Registry, request: Request) -> Answer:
    """Add a chunk, or a stream of unknown length, to a session."""
    async with _claimed(registry, request) as (session, claim):
        return _accepted(await _receive(registry, request, session, claim))


async def finish(registry: Registry, request: Request) -> Answer:
    """Add what may still come, and make the upload a blob."""
    digest = request.digest_parameter("digest")
    if not digest:
        raise Refusal(400, "DIGEST_INVALID", "the digest is missing")
    async with _claimed(registry, request) as (session, claim):
        whole = await _receive(registry, request, session, claim)
        await finished(_commit(registry, whole, claim, digest))
    return _created(request, digest)


async def status(registry: Registry, request: Request) -> Answer:
    """How far an upload is."""
    try:
        session = await _session(registry, request)
    except Unknown as error:
        raise _unknown(request) from error
    return Answer(204, _session_headers(session))


async def _session(registry: Registry, request: Request) -> Session:
    owner = request.caller.name
    return await registry.sessions.find(request.repository, request.name, owner=owner, now=registry.clock())


async def cancel(registry: Registry, request: Request) -> Answer:
    """Forget an upload."""
    async with _claimed(registry, request) as (session, claim):
        await finished(_drop(registry, session, claim))
    return Answer(204)


async def _mount(registry: Registry, request: Request, digest: Digest) -> bool:
    source = request.parameter("from")
    if source and not is_repository(source):
        raise Refusal(400, "NAME_INVALID", "from should be the name of a repository")
    blob = await _elsewhere(registry, request.caller, source, digest)
    if not blob or not await is_sound(registry, blob):
        return False
    return await registry.names.link_blob(request.repository, digest, now=registry.clock())


async def _elsewhere(registry: Registry, caller: Caller, source: str | None, digest: Digest) -> Blob | None:
    """The blob in the repository `source`, or in any; only where the caller may pull it (CVE-2024-39897)."""
    if source:
        return await registry.names.blob(source, digest) if caller.may(Right.PULL, source) else None
    if caller.may_everywhere(Right.PULL):
        return await registry.names.blob_anywhere(digest)
    holders = await registry.names.holders(digest, _MOST_HOLDERS)
    name = next((name for name in holders if caller.may(Right.PULL, name)), None)
    return await registry.names.blob(name, digest) if name else None


async def _take(registry: Registry, request: Request, digest: Digest) -> Answer:
    """The blob that is the whole body: no session, so nothing to go on with if it breaks off."""
    most = await _most(registry, request.repository, digest, request.body.length or 0)
    async with _unnamed(registry, request, digest.algorithm) as (session, claim):
        try:
            batches = request.body.batches(most, _BATCH)
            size = await claim.append(0, batches, session.hashes)
            await _check_whole(registry, request, most)
        except BaseException:
            await finished(_drop(registry, session, claim))
            raise
        await finished(_commit(registry, session.at(size), claim, digest))
    return _created(request, digest)


@asynccontextmanager
async def _unnamed(registry: Registry, request: Request, algorithm: str) -> AsyncIterator[tuple[Session, Claim]]:
    """An upload that ends with its request, and has a row only where the storage needs one."""
    try:
        async with registry.sessions.unnamed(request.repository, algorithm, now=registry.clock()) as begun:
            yield begun
    except TooMany as error:
        raise _too_many(error) from error


async def _open(registry: Registry, request: Request) -> Answer:
    algorithm = request.parameter("digest-algorithm") or "sha256"
    if algorithm not in ALGORITHMS:
        raise Refusal(400, "DIGEST_INVALID", f"digests of {algorithm!r} are not known here")
    await registry.sessions.expire(now=registry.clock())
    try:
        session = await registry.sessions.begin(
            request.repository, algorithm, owner=request.caller.name, holder=request.client, now=registry.clock()
        )
    except TooMany as error:
        raise _too_many(error) from error
    answer = _accepted(session)
    if not registry.storage.least:
        return answer
    return replace(answer, headers={**answer.headers, "oci-chunk-min-length": str(registry.storage.least)})


def _too_many(error: TooMany) -> Refusal:
    return Refusal(429, "TOOMANYREQUESTS", f"too many uploads of {error}", headers={"retry-after": "60"})


@asynccontextmanager
async def _claimed(registry: Registry, request: Request) -> AsyncIterator[tuple[Session, Claim]]:
    """The session that the path names, and its file, while this request is the only one that writes to it."""
    try:
        writing = registry.sessions.writing(
            request.repository, request.name, owner=request.caller.name, now=registry.clock()
        )
        async with writing as claimed:
            yield claimed
    except Unknown as error:
        raise _unknown(request) from error
    except Busy as error:
        raise _out_of_order("another request is writing to this upload", error.session) from error


async def _receive(registry: Registry, request: Request, session: Session, claim: Claim) -> Session:
    """The session with the body added to it; what came of a body that broke off is kept, and acknowledged later."""
    expected = _check_range(request, session)
    await registry.names.check_room(session.repository, session.size + (request.body.length or 0))
    most = await registry.names.room(session.repository, registry.settings.largest_blob)
    batches = request.body.batches(most - session.size, _BATCH)
    try:
        size = await claim.append(session.size, batches, session.hashes)
    except Taken as error:
        raise Busy(await _session(registry, request)) from error
    except Incomplete as error:
        await finished(_drop(registry, session, claim))
        raise _unknown(request) from error
    if expected is not None and request.body.ending is Ending.WHOLE and request.body.received != expected:
        raise _wrong_length()
    session = await registry.sessions.advance(session, size, claim, now=registry.clock())
    await _check_whole(registry, request, most)
    return session


async def _check_whole(registry: Registry, request: Request, most: int) -> None:
    """Refuse a body that did not end whole; one that passed `most`, with the quota that says so, if any does."""
    if request.body.ending is Ending.TOO_LARGE:
        await registry.names.check_room(request.repository, most + 1)
    request.body.check("SIZE_INVALID")


def _check_range(request: Request, session: Session) -> int | None:
    """How many bytes the request says it adds, at the place where they belong; None where it does not say."""
    header = request.header(b"content-range")
    if not header:
        return None
    chunk = parse_content_range(header)
    if not chunk:
        closing = {"connection": "close"}
        raise Refusal(400, "BLOB_UPLOAD_INVALID", "Content-Range should be <start>-<end>", headers=closing)
    if request.body.length not in (None, chunk.stop - chunk.start):
        raise _wrong_length()
    if chunk.start != session.size:
        raise _out_of_order("the chunk does not follow what is there", session)
    return chunk.stop - chunk.start


async def _commit(registry: Registry, session: Session, claim: Claim, digest: Digest) -> None:
    """Make the upload a blob of its repository, if it has that digest; otherwise it is dropped.

    Not to be cancelled: a file that is on its way to be a blob must not be another writer's.
    """
    try:
        await _check_digest(registry, session, claim, digest)
        # Before it gets its name, under which it would be in the way for a day if it got no row.
        await _check_room(registry, session.repository, digest, session.size)
        look = await claim.publish(digest, session.size)
        await registry.names.put_blob(session.repository, digest, look, session.id, now=registry.clock())
    except Vanished as error:
        await _drop(registry, session, claim)
        raise Refusal(503, "UNKNOWN", "the blob was being cleared away", headers={"retry-after": "1"}) from error
    except (OSError, Incomplete, QuotaExceeded, Refusal) as error:
        # Of a file that has its last name nothing is left to go on with; what else was away for a moment is there yet.
        if not (registry.storage.keeps_rows and isinstance(error, Unavailable)):
            await _drop(registry, session, claim)
        raise
    registry.sessions.ended(session.id)
    await _tidy(session, claim.settle())


async def _most(registry: Registry, repository: str, digest: Digest, size: int) -> int:
    """How many bytes of a blob are taken, of which `size` are announced: what is there already passes no quota."""
    largest = registry.settings.largest_blob
    if await registry.names.blob(repository, digest):
        return largest
    await registry.names.check_room(repository, size)
    return await registry.names.room(repository, largest)


async def _check_room(registry: Registry, repository: str, digest: Digest, size: int) -> None:
    if not await registry.names.blob(repository, digest):
        await registry.names.check_room(repository, size)


async def _check_digest(registry: Registry, session: Session, claim: Claim, digest: Digest) -> None:
    found = session.digest(digest.algorithm) or await _read_back(registry, session, claim, digest.algorithm)
    if found != digest:
        detail = {"expected": str(digest), "actual": str(found)}
        raise Refusal(400, "DIGEST_INVALID", "the content has another digest", detail=detail)


async def _read_back(registry: Registry, session: Session, claim: Claim, algorithm: str) -> Digest:
    # Few at a time: whoever names another algorithm in the end than at first has everything hashed once more.
    async with registry.doubts.about(session.id):
        return await claim.digest(algorithm)


async def _drop(registry: Registry, session: Session, claim: Claim) -> None:
    await registry.sessions.end(session.id)
    await _tidy(session, claim.discard())


async def _tidy(session: Session, work: Awaitable[None]) -> None:
    """Delete what nobody needs: where that fails, the answer is what it would have been, and the rest a sweep's."""
    try:
        await work
    except (OSError, sqlite3.DatabaseError) as error:
        _log.warning("what the upload %s has left is there until a sweep: %s", session.id, error)


def _session_headers(session: Session) -> dict[str, str]:
    return {
        "location": routes.upload(session.repository, session.id),
        "range": write_upload_range(session.size),
        "docker-upload-uuid": session.id,
    }


def _accepted(session: Session) -> Answer:
    return Answer(202, _session_headers(session))


def _created(request: Request, digest: Digest) -> Answer:
    location = routes.blob(request.repository, digest)
    return Answer(201, {"location": location, "docker-content-digest": str(digest)})


def _unknown(request: Request) -> Refusal:
    return Refusal(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload", detail={"upload": request.name})


def _out_of_order(why: str, session: Session) -> Refusal:
    return Refusal(416, "BLOB_UPLOAD_INVALID", why, headers=_session_headers(session))


def _wrong_length() -> Refusal:
    return Refusal(
        400, "SIZE_INVALID", "Content-Range and the length of the body differ", headers={"connection": "close"}
    )
