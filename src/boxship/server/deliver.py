"""Sending answers: the headers that all of them have, and bodies from memory or from files."""

from __future__ import annotations

__all__ = ["deliver", "messages"]

import asyncio
import hashlib
from pathlib import Path
from typing import BinaryIO

from boxship.server.answer import Answer, Portion, Seal
from boxship.server.asgi import Message, Scope, Send
from boxship.server.soundness import identify_open
from boxship.server.storage import Hash

_BLOCK = 1024 * 1024
_PATHSEND = "http.response.pathsend"

_ALWAYS = (
    (b"docker-distribution-api-version", b"registry/2.0"),
    # Content is anybody's: no browser may guess its type, or run it.
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"vary", b"Authorization"),
)
_BODILESS = frozenset({204, 304})  # RFC 9110, 8.6: no Content-Length there


async def deliver(answer: Answer, scope: Scope, send: Send) -> None:
    """Send the answer; to HEAD, its headers only."""
    start, body = messages(answer, scope)
    if scope["method"] == "HEAD" or not answer.portion:
        await send(start)
        await send(body)
    elif answer.portion.whole and answer.portion.seal:
        await _send_sealed(answer.portion, answer.portion.seal, start, send)
    elif answer.portion.whole and _PATHSEND in (scope.get("extensions") or ()):
        await send(start)
        await send({"type": _PATHSEND, "path": str(answer.portion.path)})
    else:
        await _send_portion(answer.portion, start, send)


def messages(answer: Answer, scope: Scope) -> tuple[Message, Message]:
    """The start of the answer, and its body as far as that is in memory; none to HEAD."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers.extend(_ALWAYS)
    if answer.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % answer.length))
    body = b"" if scope["method"] == "HEAD" else answer.body
    return (
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


async def _send_portion(portion: Portion, start: Message, send: Send) -> None:
    # Opened first: a file that cannot be is still answered with an error.
    file = await asyncio.to_thread(_open, portion.path, portion.start)
    try:
        await send(start)
        rest = portion.stop - portion.start
        while rest:
            block = await asyncio.to_thread(file.read, min(rest, _BLOCK))
            if not block:
                # Shorter than it was a moment ago. The connection breaks off, so that nobody takes it for whole.
                raise EOFError(portion.path)
            rest -= len(block)
            await send({"type": "http.response.body", "body": block, "more_body": bool(rest)})
    finally:
        await asyncio.to_thread(file.close)


async def _send_sealed(portion: Portion, seal: Seal, start: Message, send: Send) -> None:
    """Send a file whole, but for its end where its bytes have another digest: nobody takes it for whole then."""
    file = await asyncio.to_thread(_open, portion.path, 0)
    try:
        await send(start)
        value = hashlib.new(seal.digest.algorithm)
        rest, more = portion.size, True
        while more:
            block = await asyncio.to_thread(_take_in, file, value)
            rest -= len(block)
            more = bool(block) and rest > 0
            if not more and (rest or value.hexdigest() != seal.digest.hex):
                await seal.broken(identify_open(file.fileno()))
                raise EOFError(portion.path)
            await send({"type": "http.response.body", "body": block, "more_body": more})
    finally:
        await asyncio.to_thread(file.close)


def _take_in(file: BinaryIO, value: Hash) -> bytes:
    block = file.read(_BLOCK)
    value.update(block)
    return block


def _open(path: Path, start: int) -> BinaryIO:
    file = path.open("rb", buffering=0)
    file.seek(start)
    return file
