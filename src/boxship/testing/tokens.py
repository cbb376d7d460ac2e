"""A token server (distribution's "Token Authentication Specification" and "OAuth2 Token Authentication").

It is a function to be served, at any path, and it knows the tokens it has issued: give it to `access.bearer`.
"""

from __future__ import annotations

__all__ = ["Issued", "TokenServer"]

import base64
import re
import secrets
import time
from typing import Literal, TypeAlias

from boxship.testing.exchange import Answer, Request
from boxship.testing.replies import failure, json_answer
from boxship.value import dataclass

_SCOPE = re.compile(r"(repository):([a-z0-9._/:-]+):([a-z*]+(?:,[a-z*]+)*)|(registry):(catalog):(\*)")
_ACTIONS = frozenset({"pull", "push", "delete", "*"})
_NO_LONGER = 60.0  # seconds that a token lives where the answer does not say: the specification's default

Parameters: TypeAlias = dict[str, list[str]]
Named: TypeAlias = Literal["token", "access_token", "both"]


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was given out: to whom (an empty string for nobody in particular), for what, until when."""

    user: str
    scopes: tuple[str, ...]
    until: float


class TokenServer:
    """Issues opaque tokens to `user` with `password`, or with `refresh_token`: `serving(TokenServer("ana", "pw"))`.

    GET takes Basic authentication, POST an OAuth2 form with a password or the refresh token. Everybody may have a
    token to pull with `anonymous`. A scope that is not well-formed, or a `service` that is not this one, is a 400.

    `named` is what the answer calls the token, `expires_in` how long it lives (None: the answer does not say), and
    `instead` is answered instead of every token: `Answer(500)`, `Answer(200, b"<html>")`.
    """

    def __init__(
        self,
        user: str = "user",
        password: str = "password",  # noqa: S107 - for tests
        *,
        refresh_token: str = "",
        anonymous: bool = False,
        service: str = "registry.test",
        named: Named = "both",
        expires_in: float | None = 300,
        instead: Answer | None = None,
    ) -> None:
        self._user = user
        self._password = password
        self._refresh_token = refresh_token
        self._anonymous = anonymous
        self._service = service
        self._names = ("token", "access_token") if named == "both" else (named,)
        self._expires_in = expires_in
        self._instead = instead
        self._issued: dict[str, Issued] = {}

    @property
    def issued(self) -> tuple[Issued, ...]:
        """Every token so far, in order."""
        return tuple(self._issued.values())

    def accepts(self, token: str, scope: str) -> bool:
        """Whether `token` was issued here, is not too old, and covers `scope`; no scope is covered by any token."""
        known = self._issued.get(token)
        if not known or known.until < time.monotonic():
            return False
        return not scope or any(_covers(granted, scope) for granted in known.scopes)

    def revoke(self) -> None:
        """Accept no token any more that was issued until now."""
        self._issued = {name: Issued(known.user, known.scopes, 0.0) for name, known in self._issued.items()}

    def __call__(self, request: Request) -> Answer:
        """The token, or why there is none."""
        parameters = _parameters(request)
        if wrong := self._wrong(request, parameters):
            return failure(400, "UNSUPPORTED", wrong)
        user = self._user_of(request, parameters)
        if user is None:
            return failure(401, "UNAUTHORIZED", "no such user, password or refresh token")
        return self._instead or self._answer(user, _granted(parameters, pull_only=not user), parameters)

    def _wrong(self, request: Request, parameters: Parameters) -> str:
        if request.method not in ("GET", "POST"):
            return f"{request.method} is neither GET nor POST"
        if parameters.get("service") != [self._service]:
            return f"service should be {self._service}, is {parameters.get('service')}"
        if request.method == "POST" and not any(parameters.get("client_id", ())):
            return "client_id is missing"
        wrong = [scope for scope in _scopes(parameters) if not _is_scope(scope)]
        return f"not a scope: {wrong[0]!r}" if wrong else ""

    def _user_of(self, request: Request, parameters: Parameters) -> str | None:
        if request.method == "POST":
            return self._user if self._may_exchange(parameters) else None
        given = request.headers.get("authorization")
        if given is None:
            return "" if self._anonymous else None
        expected = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return self._user if given == f"Basic {expected}" else None

    def _may_exchange(self, form: Parameters) -> bool:
        if form.get("grant_type") == ["refresh_token"]:
            return bool(self._refresh_token) and form.get("refresh_token") == [self._refresh_token]
        right = (["password"], [self._user], [self._password])
        return (form.get("grant_type"), form.get("username"), form.get("password")) == right

    def _answer(self, user: str, scopes: tuple[str, ...], parameters: Parameters) -> Answer:
        token = secrets.token_urlsafe(24)
        lifetime = _NO_LONGER if self._expires_in is None else self._expires_in
        self._issued[token] = Issued(user, scopes, time.monotonic() + lifetime)
        document: dict[str, object] = dict.fromkeys(self._names, token)
        if self._expires_in is not None:
            document["expires_in"] = self._expires_in
        if self._refresh_token and _asks_to_stay(parameters):
            document["refresh_token"] = self._refresh_token
        return json_answer(document)


def _parameters(request: Request) -> Parameters:
    parameters: Parameters = {}
    for name, value in request.form if request.method == "POST" else request.query:
        parameters.setdefault(name, []).append(value)
    return parameters


def _scopes(parameters: Parameters) -> list[str]:
    # GET repeats the parameter, POST puts spaces between; both are seen in both.
    return [scope for value in parameters.get("scope", []) for scope in value.split(" ") if scope]


def _is_scope(scope: str) -> bool:
    found = _SCOPE.fullmatch(scope)
    return bool(found) and set(scope.rpartition(":")[2].split(",")) <= _ACTIONS


def _granted(parameters: Parameters, *, pull_only: bool) -> tuple[str, ...]:
    scopes = _scopes(parameters)
    return tuple(f"{scope.rpartition(':')[0]}:pull" for scope in scopes) if pull_only else tuple(scopes)


def _covers(granted: str, wanted: str) -> bool:
    has, _, actions = granted.rpartition(":")
    needs, _, needed = wanted.rpartition(":")
    return has == needs and ("*" in actions or set(needed.split(",")) <= set(actions.split(",")))


def _asks_to_stay(parameters: Parameters) -> bool:
    return parameters.get("offline_token") == ["true"] or parameters.get("access_type") == ["offline"]
