"""A whole client with a server that says anything, and a whole registry with clients that do."""

from __future__ import annotations

__all__ = ["TARGETS", "close"]

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import islice
from pathlib import Path
from unittest.mock import patch
from urllib.parse import unquote

from tests.server.content import push_image
from tests.server.driver import Driver, Reply

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.server.asgi import Message, Scope
from boxship.testing import Answer, Server, serving
from fuzz.target import Target, target

_OURS = range(500, 600)
_MOST_NAMES = 1000
_BOUND = 1.0  # seconds for each question: a server may ask for patience
_HEADS = (
    "HTTP/1.1_200_OK Content-Length: Transfer-Encoding: chunked Link: WWW-Authenticate: Docker-Content-Digest: tags"
)
_REQUESTS = (
    "GET PUT POST PATCH DELETE HEAD /v2/ /v2/app/ manifests/v1 blobs/uploads/ tags/list?n=1&last= referrers/ "
    "content-range: content-length: range: %2F sha256: .."
)


@target(BoxshipError, longest=4096, words=_HEADS)
def conversation(data: bytes) -> None:
    """A client that asks for names, a digest or what refers to one gets it from whatever a server says, or an error."""
    url = _scripted().url
    _SAID[:] = [data]
    with _PAUSES[0], _PAUSES[1], Client(memory=None, timeout=_BOUND) as client:
        questions: tuple[Callable[[], object], ...] = (
            lambda: _first(client.tags(f"{url}/app")),
            lambda: _first(client.catalog(url)),
            lambda: client.raw(f"{url}/app:v1"),
            lambda: client.referrers(f"{url}/app@{Digest.of(data)}"),
        )
        for question in questions:
            try:
                question()
            except BoxshipError as error:
                assert str(error)
        digest = client.digest(f"{url}/app:v1")
        assert Digest.parse(str(digest)) == digest


def _first(names: Iterable[str]) -> None:
    assert all(isinstance(name, str) for name in islice(names, _MOST_NAMES))


_SAID: list[bytes] = []
_PAUSES = tuple(
    patch(f"boxship.{name}", 0.0) for name in ("transport.retry._FIRST_WAIT", "registry.again._FIRST_PAUSE")
)
_OPEN = ExitStack()


def close() -> None:
    """End what was begun for the targets here; the next one that is tried begins it anew."""
    _OPEN.close()
    _scripted.cache_clear()
    _registry.cache_clear()


@cache
def _scripted() -> Server:
    """A server that says what is to be said, to whatever it is asked, and closes."""
    return _OPEN.enter_context(serving(lambda _: Answer(raw=_SAID[0], truncate_after=0)))


@target(
    longest=4096,
    words=_REQUESTS,
)
def request(data: bytes) -> None:
    """Any request is answered, and is no fault of ours; an error has a code, and the registry goes on."""
    head, _, body = data.partition(b"\n\n")
    line, *headers = head.split(b"\n")
    method, _, path = line.partition(b" ")
    given = [(name.strip().lower(), value.strip()) for name, _, value in (one.partition(b":") for one in headers)]
    reply = _asked(method.decode("latin-1"), path, given, body)
    assert reply.status == 501 or reply.status not in _OURS
    if reply.status >= 400 and reply.body:
        assert json.loads(reply.body)["errors"][0]["code"]
    assert _registry()("GET", "/v2/app/tags/list").status == 200


def _asked(method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> Reply:
    path, _, query = target.partition(b"?")
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "headers": headers if any(name == b"host" for name, _ in headers) else [(b"host", b"localhost"), *headers],
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
    }
    messages: Iterator[Message] = iter(
        [
            {"type": "http.request", "body": body, "more_body": True},
            {"type": "http.request", "body": b"", "more_body": False},
        ]
    )

    async def receive() -> Message:
        await asyncio.sleep(0)
        return next(messages, {"type": "http.disconnect"})

    return _registry().run(_registry().answer(scope, receive))


@target(longest=1024, words="P 0-3 abcd B abcd M G 4-7")
def upload(data: bytes) -> None:
    """A blob that is pushed in any pieces, in any order, some of them broken off, is what has been acknowledged.

    A line is a piece: its bytes, perhaps behind the range that is said of it, or behind `B` where it breaks off.
    """
    served, held = _registry(), b"it begins"  # of none and of one byte, a registry says the same
    location = served("POST", "/v2/app/blobs/uploads/").location
    assert served("PATCH", location, held).status == 202
    for line in data.split(b"\n")[:8]:
        kind, _, rest = line.partition(b" ")
        piece, said = (rest, kind.decode("latin-1")) if rest else (kind, "")
        headers = {"content-range": said} if said not in ("", "B") else {}
        reply = served("PATCH", location, [piece], headers, end="broken" if said == "B" else "whole")
        assert reply.status not in _OURS
        now = _acknowledged(served, location)
        assert len(held) <= now <= len(held) + len(piece)
        assert reply.status != 202 or now == len(held) + len(piece)
        held = (held + piece)[:now]
    digest = Digest.of(held)
    assert served("PUT", f"{location}?digest={digest}").status == 201
    assert served("GET", f"/v2/app/blobs/{digest}").body == held


def _acknowledged(served: Driver, location: str) -> int:
    """How many bytes the registry says that it has."""
    reply = served("GET", location)
    assert reply.status == 204
    return int(reply.headers["range"].partition("-")[2]) + 1


@cache
def _registry() -> Driver:
    folder = Path(_OPEN.enter_context(tempfile.TemporaryDirectory(prefix="boxship-fuzz-")))
    driver = _OPEN.enter_context(Driver(folder / "registry"))
    push_image(driver, "app", "v1")
    return driver


TARGETS: tuple[Target, ...] = (conversation, request, upload)
