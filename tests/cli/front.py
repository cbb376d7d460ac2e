"""A server in front of a registry, which passes on what it has no answer of its own for, but no credential."""

from __future__ import annotations

__all__ = ["front"]

import http.client
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

from boxship.testing import Answer, Request, Server, serving, tls

_HOP = frozenset({"authorization", "connection", "content-length", "transfer-encoding", "date", "server", "host"})


def front(
    address: str, own: Callable[[Request], Answer | None], context: ssl.SSLContext | None = None
) -> AbstractContextManager[Server]:
    """Answer by `own`, or else by the registry at `address`; over TLS with a `context`."""

    def answer(request: Request) -> Answer:
        return own(request) or _passed_on(address, request)

    return tls(answer, context) if context else serving(answer)


def _passed_on(address: str, request: Request) -> Answer:
    headers = {name: value for name, value in request.headers.items() if name not in _HOP}
    with closing(http.client.HTTPConnection(address, timeout=20)) as connection:
        connection.request(request.method, request.target, request.body, headers)
        response = connection.getresponse()
        body = response.read()
    kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP]
    length = response.headers.get("content-length", str(len(body)))  # a HEAD's is that of the body it stands for
    return Answer(response.status, body, headers=[*kept, ("Content-Length", length)])
