"""Asking a scripted server with the standard library, one connection a request."""

from __future__ import annotations

__all__ = ["Reply", "ask", "basic_header"]

import base64
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from boxship.spec.fields import Fields, parse_object
from boxship.testing import Listener
from boxship.wire.challenge import Challenge, parse_challenges


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def fields(self) -> Fields:
        """The JSON document in the body."""
        return parse_object(self.body)

    @property
    def challenge(self) -> Challenge:
        """The first challenge."""
        return parse_challenges(self.headers.get_all("WWW-Authenticate", []))[0]


def ask(
    server: Listener,
    target: str,
    method: str = "GET",
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    timeout: float = 5,
) -> Reply:
    """What `server` answers."""
    client = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    try:
        client.request(method, target, body, dict(headers))
        response = client.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        client.close()


def basic_header(user: str, password: str) -> dict[str, str]:
    """The header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
