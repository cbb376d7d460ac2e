"""Tokens: how they are asked for, and what a token server answers (distribution's token and OAuth2 specifications).

When one is needed is `authorizer`'s decision; sending the request is `transport`'s work.
"""

from __future__ import annotations

__all__ = ["Token", "basic", "bearer", "oauth_request", "parse_token", "token_request"]

import base64
import re
from urllib.parse import urlencode

from boxship.auth.grant import Grant, read_grant
from boxship.auth.realm import Realm
from boxship.auth.scope import Scope
from boxship.credential import Credential, Secret
from boxship.errors import CredentialFailed
from boxship.spec.fields import Malformed, parse_object
from boxship.value import dataclass, field
from boxship.wire.message import Request

_SENDABLE = re.compile(r"[\x21-\x7e]+")
_CLIENT_ID = "boxship"
# Refresh before the end, so that no request travels with a token that ends on the way.
_EARLY_SHARE, _EARLY_MOST = 0.1, 30.0


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, when, on the monotonic clock, it should be replaced, and what it is good for.

    `refresh`: what gets further ones, where that was asked for and given.
    """

    value: Secret = field(repr=False)
    until: float
    grant: Grant
    refresh: Secret | None = field(default=None, repr=False)

    @property
    def authorization(self) -> Secret:
        """The value of `Authorization` that carries it."""
        return Secret(f"Bearer {self.value.reveal()}")


def token_request(
    realm: Realm, service: str, scopes: tuple[Scope, ...], credential: Credential | None, *, offline: bool = False
) -> Request:
    """The GET that asks for a token, with Basic where there is a credential; `offline`: for a refresh token, too."""
    asked = [("service", service)] if service else []
    asked += [("offline_token", "true"), ("client_id", _CLIENT_ID)] if offline else []
    asked += [("scope", str(scope)) for scope in scopes]
    query = "&".join(filter(None, (realm.query, urlencode(asked))))
    request = Request("GET", f"{realm.path}?{query}" if query else realm.path, {"Accept": "application/json"})
    return request if credential is None else request.with_headers(Authorization=basic(credential))


def oauth_request(realm: Realm, service: str, scopes: tuple[Scope, ...], refresh: Secret) -> Request:
    """The POST that turns an identity token into an access token."""
    form = {
        "grant_type": "refresh_token",
        "service": service,
        "client_id": _CLIENT_ID,
        "scope": " ".join(map(str, scopes)),
        "refresh_token": refresh.reveal(),
    }
    path = f"{realm.path}?{realm.query}" if realm.query else realm.path
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", path, headers, urlencode(form).encode())


def basic(credential: Credential) -> str:
    """The value of `Authorization` for Basic (RFC 7617)."""
    # The command line gives bytes that are no text as halves of surrogate pairs: they are sent as they were written.
    pair = f"{credential.username}:{credential.secret.reveal()}".encode("utf-8", "surrogateescape")
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def bearer(token: Secret, source: str) -> Secret:
    """The value of `Authorization` for a token that somebody has written down, or `CredentialFailed` for none."""
    if not _SENDABLE.fullmatch(token.reveal()):
        raise CredentialFailed(f"the registry token of {source} is not sent", why="it cannot stand in a header")
    return Secret(f"Bearer {token.reveal()}")


def parse_token(body: bytes, realm: Realm, now: float) -> Token:
    """The token in a token server's answer, or `CredentialFailed`; both of its names are read."""
    try:
        fields = parse_object(body)
        value = fields.text("token") or fields.text("access_token")
        refresh = fields.text("refresh_token")
    except Malformed as error:
        # Not chained: what the error holds may have the token in it.
        raise CredentialFailed(f"the token server {realm} answered with no token", why=_not_json(error, body)) from None
    if not value:
        raise CredentialFailed(f"the token server {realm} answered with no token", why="neither token nor access_token")
    if not _SENDABLE.fullmatch(value):
        raise CredentialFailed(f"the token server {realm} answered with no token", why="it cannot stand in a header")
    grant = read_grant(fields, value)
    until = now + grant.seconds - min(grant.seconds * _EARLY_SHARE, _EARLY_MOST)
    return Token(Secret(value), until, grant, Secret(refresh) if refresh else None)


def _not_json(error: Malformed, body: bytes) -> str:
    """Why it is none: a page is quoted, for whoever answers with one is not the token server."""
    from boxship.wire.failure import middlebox_words  # noqa: PLC0415 -- seldom needed

    return f"{error}: {middlebox_words('', body)}" if body.lstrip()[:1] == b"<" else str(error)
