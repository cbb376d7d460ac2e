"""Sending answers: the headers that all of them have, and bodies from memory or from where blobs are kept."""

from __future__ import annotations

__all__ = ["deliver", "messages", "send_all"]

import asyncio
import hashlib

from boxship.server.answer import Answer, Portion, Refusal, Seal
from boxship.server.asgi import Message, Receive, Scope, Send
from boxship.server.storage import Hash, Opened, StorageUnavailable

_SLICE = 64 * 1024  # of what is in memory
_BODY = "http.response.body"

_ALWAYS = (
    (b"docker-distribution-api-version", b"registry/2.0"),
    # Content is anybody's: no browser may guess its type, or run it.
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"vary", b"Authorization"),
)
_BODILESS = frozenset({204, 304})  # RFC 9110, 8.6: no Content-Length there


async def deliver(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer; to HEAD, its headers only. Returns when the server has taken all of it, or the client is gone.

    Files are sent from here, although some servers would (ASGI, "Path Send"): they take the path and return, and who
    has many answers unread is not known.
    """
    start, body = messages(answer, scope)
    if scope["method"] == "HEAD" or not answer.portion:
        await send_all((start, body), send)
        return
    portion = answer.portion
    # Opened first: what cannot be is still answered with an error.
    try:
        opened = await portion.source.open(portion.start, portion.stop)
    except (FileNotFoundError, EOFError, StorageUnavailable):
        await send_all(messages(_gone(), scope), send)
    else:
        await _send_portion(portion, opened, start, receive, send)


def _gone() -> Answer:
    """The answer where a blob was there when it was looked for, and cannot be read any more."""
    return Refusal(503, "UNKNOWN", "the blob cannot be read just now: ask again", headers={"retry-after": "1"}).answer


async def send_all(answer: tuple[Message, Message], send: Send) -> None:
    """Send the start of an answer, and its body from memory; of much, one slice after the other.

    So who takes none of it is waited for here, too.
    """
    start, body = answer
    await send(start)
    content: bytes = body["body"]
    last = max(0, len(content) - 1) // _SLICE * _SLICE
    for place in range(0, last, _SLICE):
        await send({"type": _BODY, "body": content[place : place + _SLICE], "more_body": True})
    await send({"type": _BODY, "body": content[last:]})


def messages(answer: Answer, scope: Scope) -> tuple[Message, Message]:
    """The start of the answer, and its body as far as that is in memory; none to HEAD."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers.extend(_ALWAYS)
    if answer.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % answer.length))
    body = b"" if scope["method"] == "HEAD" else answer.body
    return (
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": _BODY, "body": body},
    )


async def _send_portion(portion: Portion, opened: Opened, start: Message, receive: Receive, send: Send) -> None:
    """Send a portion of a blob while somebody is there; of one that breaks its seal, not the end."""
    gone = _leaving(portion, receive)
    seal = portion.seal if portion.whole else None
    value = hashlib.new(seal.digest.algorithm) if seal else None
    rest = portion.stop - portion.start
    try:
        await send(start)
        more = True
        while more and not gone.done():
            ready = await _ready(portion, portion.stop - rest, gone)
            if not ready and rest:  # the client has gone while nothing came
                return
            blocks = await opened.take(min(rest, ready), value)
            rest -= sum(map(len, blocks))
            more = bool(blocks) and rest > 0
            if not more:
                await _check_end(opened, rest, seal, value)
            *most, last = blocks or [b""]
            for block in most:
                await send({"type": _BODY, "body": block, "more_body": True})
            await send({"type": _BODY, "body": last, "more_body": more})
    finally:
        gone.cancel()
        await opened.close()


def _leaving(portion: Portion, receive: Receive) -> asyncio.Future[None]:
    """What is done when the client is gone, if that matters: what fits one message is sent before anybody looks."""
    if portion.growing or portion.stop - portion.start > _SLICE:
        return asyncio.create_task(_disconnected(receive))
    return asyncio.get_running_loop().create_future()


async def _ready(portion: Portion, place: int, gone: asyncio.Future[None]) -> int:
    """How many bytes after `place` can be read: some, but for where the client has gone."""
    if not portion.growing or place == portion.stop:
        return portion.stop - place
    coming = asyncio.ensure_future(portion.growing.beyond(place))
    await asyncio.wait((coming, gone), return_when=asyncio.FIRST_COMPLETED)
    if not coming.done():
        coming.cancel()
        return 0
    return await coming - place


async def _check_end(opened: Opened, rest: int, seal: Seal | None, value: Hash | None) -> None:
    """Raise where it is shorter than it was a moment ago, or broke its seal.

    The connection breaks off then, so that nobody takes it for whole.
    """
    broken = seal and value and (rest or value.hexdigest() != seal.digest.hex)
    if seal and broken:
        await seal.broken(await opened.identify())
    if rest or broken:
        raise EOFError("less was there than a moment ago, or it was damaged")


async def _disconnected(receive: Receive) -> None:
    """Return when the client is gone, which no server says to who only sends (ASGI, "Disconnected Client")."""
    while (await receive())["type"] != "http.disconnect":
        pass
