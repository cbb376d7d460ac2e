"""Who may read from a scripted registry: a function that lets a request go on, or challenges it.

The tokens that `bearer` accepts are issued in `tokens`.
"""

from __future__ import annotations

__all__ = ["Access", "basic", "bearer", "wanted_scope"]

import base64
import re
from collections.abc import Callable
from typing import Protocol, TypeAlias

from boxship.testing.exchange import Answer, Request
from boxship.testing.replies import failure
from boxship.wire.challenge import write_challenge

# Says whether a request may go on (None), or what it is answered instead.
Access: TypeAlias = Callable[[Request], Answer | None]

_REPOSITORY = re.compile(r"/v2/(.+)/(?:tags|manifests|blobs|referrers)/.*")
_ACTIONS = {"GET": ("pull",), "HEAD": ("pull",), "DELETE": ("delete",)}
_PUSH = ("pull", "push")


class Accepts(Protocol):
    """Knows which tokens cover a scope."""

    def accepts(self, token: str, scope: str) -> bool:
        """Whether `token` was issued, is not too old, and covers `scope`."""


def basic(user: str, password: str) -> Access:
    """Only requests with this user and password, by Basic authentication."""
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def access(request: Request) -> Answer | None:
        if request.headers.get("authorization") == expected:
            return None
        return _unauthorized(write_challenge("Basic", realm="registry"))

    return access


def bearer(realm: str, tokens: Accepts, *, service: str = "registry.test") -> Access:
    """Only requests with a token that `tokens` has issued for what they ask; others are sent to `realm`.

    A realm that begins with `/` is on the host and port that was asked.
    """

    def access(request: Request) -> Answer | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        scope = wanted_scope(request)
        if scheme.lower() == "bearer" and tokens.accepts(token, scope):
            return None
        where = f"{_origin(request)}{realm}" if realm.startswith("/") else realm
        error = {"error": "insufficient_scope"} if token else {}
        wanted = {"scope": scope} if scope else {}
        return _unauthorized(write_challenge("Bearer", realm=where, service=service, **wanted, **error))

    return access


def wanted_scope(request: Request) -> str:
    """The scope that a request needs, such as `repository:app:pull`; empty for `/v2/`."""
    if request.path == "/v2/_catalog":
        return "registry:catalog:*"
    found = _REPOSITORY.fullmatch(request.path)
    actions = _ACTIONS.get(request.method, _PUSH)
    return f"repository:{found[1]}:{','.join(actions)}" if found else ""


def _origin(request: Request) -> str:
    return f"{'https' if request.secure else 'http'}://{request.headers.get('host', '')}"


def _unauthorized(challenge: str) -> Answer:
    return failure(401, "UNAUTHORIZED", "authentication required", headers={"WWW-Authenticate": challenge})
