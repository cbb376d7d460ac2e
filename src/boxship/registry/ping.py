"""Whether a registry answers, and raw requests to it (the specification's end-1, and whatever curl was used for)."""

from __future__ import annotations

__all__ = ["Pong", "ask", "ping"]

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from boxship.auth.scope import CATALOG, Scope, pull, pull_and_push
from boxship.errors import InvalidInput, UnexpectedAnswer
from boxship.registry.remote import Remote
from boxship.transport.kind import Kind
from boxship.transport.response import Response
from boxship.value import dataclass
from boxship.wire import routes
from boxship.wire.message import FRAMING_HEADERS, Request
from boxship.wire.printable import printable
from boxship.wire.recognition import not_a_registry

_REPOSITORY = re.compile(r"/v2/(.+?)/(?:manifests|blobs|tags|referrers)/")
_LONGEST_BASE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pong:
    """How a registry answered `GET /v2/`: from which origin and address, in how many seconds, as which version."""

    status: int
    origin: str
    address: str
    seconds: float
    api_version: str
    encrypted: bool
    """Whether it answered over TLS."""


def ping(remote: Remote) -> Pong:
    """Ask `GET /v2/`."""
    began = time.monotonic()
    with remote.send(Request("GET", routes.BASE), what="the base of the registry") as response:
        why = not_a_registry(response.head, response.read(_LONGEST_BASE))
        if why:
            raise UnexpectedAnswer(f"{remote.site} answers, but not as a registry", status=response.status, why=why)
        return Pong(
            status=response.status,
            origin=str(response.verdict.origin),
            address=str(response.verdict.address),
            seconds=time.monotonic() - began,
            api_version=response.head.get("docker-distribution-api-version"),
            encrypted=response.verdict.tls,
        )


@contextmanager
def ask(remote: Remote, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Iterator[Response]:
    """The answer to any request, whatever its status; `InvalidInput` for one that cannot be written."""
    request = Request(method.upper(), path, dict(headers), body)
    _check(request)
    with remote.exchange(request, _scopes(request), _kind(request)) as response:
        yield response


def _check(request: Request) -> None:
    ours = [name for name in request.headers if name.lower() in FRAMING_HEADERS]
    if ours:
        raise InvalidInput(f"the header {ours[0]} is written by boxship", why="it says how the request is framed")
    try:
        request.encode("host")
    except ValueError as error:
        # Not the error's own words: they may have a header's value in them.
        raise InvalidInput(
            f"the request {printable(str(request))} cannot be sent",
            why="a method, a path or a header has a space, a line break or a letter that may not stand there",
            remedy="write it with % in a path",
        ) from error


def _kind(request: Request) -> Kind:
    """Any content may be what is asked for, of any length; what may move bytes has the time for that."""
    return Kind.MOVE if request.method == "PUT" or "mount=" in request.path else Kind.BLOB


def _scopes(request: Request) -> tuple[Scope, ...]:
    """What a token has to allow for this path."""
    if request.path.startswith(routes.CATALOG):
        return (CATALOG,)
    named = _REPOSITORY.match(request.path)
    if not named:
        return ()
    return (pull(named.group(1)) if request.safe else pull_and_push(named.group(1)),)
