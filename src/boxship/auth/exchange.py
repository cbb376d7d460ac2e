"""One exchange with a token server: who may be asked, with what, and what its answer means.

When a token is needed is `authorizer`'s decision; sending is `transport`'s work, through the `Asks` it hands in.
"""

from __future__ import annotations

__all__ = ["Asks", "Exchange", "NotLetIn"]

import time
from collections.abc import Callable
from typing import Protocol

from boxship.auth.candidates import Want
from boxship.auth.realm import Realm, refuse_address, refuse_realm
from boxship.auth.scope import Scope
from boxship.auth.telling import tell_asked, tell_granted, tell_no_token
from boxship.auth.token import Token, oauth_request, parse_token, token_request
from boxship.connect.address import Address
from boxship.connect.deadline import Work
from boxship.connect.places import permission
from boxship.connect.verdict import Verdict
from boxship.credential import Credential, CredentialKind
from boxship.errors import BoxshipError, CredentialFailed, Unreachable
from boxship.settings.hosts import Site, other_site
from boxship.value import replace
from boxship.wire.challenge import Challenge
from boxship.wire.failure import middlebox_words, parse_failures
from boxship.wire.message import Head, Request

_NOT_LET_IN = (400, 401, 403)  # 400 for an identity token that has ended (RFC 6749, 5.2)
_PORTS = {"http": 80, "https": 443, None: 443}


class Asks(Protocol):
    """Sends one request to a site, without credentials of its own, and returns the answer with its body."""

    def __call__(
        self, request: Request, site: Site, work: Work, *, judge: Callable[[Verdict], None]
    ) -> tuple[Head, bytes]:
        """`judge` is given how the server was reached, before anything is sent, and raises to stop."""


class NotLetIn(CredentialFailed):
    """The token server gives no token to this credential; to another one, it may."""


class Exchange:
    """Asks token servers."""

    def __init__(self, asks: Asks, *, offline: bool = False) -> None:
        self._asks, self._offline = asks, offline

    def token(
        self, want: Want, verdict: Verdict, challenge: Challenge, credential: Credential, scopes: tuple[Scope, ...]
    ) -> Token:
        """A token for these scopes, `NotLetIn`, or another `BoxshipError`."""
        realm = Realm.parse(challenge.realm)
        refusal = refuse_realm(realm, verdict.origin)
        if refusal:
            raise _refused(want.site, realm, refusal)
        service = challenge.parameters.get("service", "")
        request = _token_request(realm, service, scopes, credential, offline=self._offline)
        trace, began = want.work.trace, time.monotonic()
        tell_asked(trace, realm, scopes, credential)
        try:
            head, body = self._sent(realm, request, want, verdict)
            if head.status != 200:
                raise _denied(realm, head, body, credential)
            token = parse_token(body, realm, time.monotonic())
        except BoxshipError as error:
            tell_no_token(trace, realm, began, error)
            raise
        tell_granted(trace, realm, began, scopes, token.grant)
        return token

    def _sent(self, realm: Realm, request: Request, want: Want, verdict: Verdict) -> tuple[Head, bytes]:
        def judge(reached: Verdict) -> None:
            # What a proxy dials, it alone knows; a registry behind one is taken to be outside.
            if reached.proxy:
                return
            reason = refuse_address(realm, reached.address, _own_address(verdict))
            if not (reason or reached.tls or permission(want.site, reached.address) >= verdict.permission):
                reason = f"nothing permits plain HTTP at {reached.address}"
            if reason:
                raise _refused(want.site, realm, reason)

        try:
            return self._asks(request, _realm_site(realm, want.site, verdict), want.work, judge=judge)
        except Unreachable as error:
            error.what = f"the token server {realm}: {error.what}"
            raise


def _token_request(
    realm: Realm, service: str, scopes: tuple[Scope, ...], credential: Credential, *, offline: bool
) -> Request:
    if credential.kind is CredentialKind.IDENTITY_TOKEN:
        return oauth_request(realm, service, scopes, credential.secret)
    return token_request(realm, service, scopes, None if credential.is_anonymous else credential, offline=offline)


def _realm_site(realm: Realm, site: Site, verdict: Verdict) -> Site:
    """Where the realm is asked: the registry's own site where it is the same place, else a site of its own."""
    host = realm.registry.host.lower().rstrip(".")
    if host != verdict.origin.host:
        return other_site(realm.registry, site.trust.for_others())
    port = realm.registry.port or _PORTS[realm.registry.scheme]
    if port == verdict.origin.port or {port, verdict.origin.port} <= set(_PORTS.values()):
        return site  # the same place keeps its present connection, whatever scheme the URL has
    return replace(other_site(realm.registry, site.trust), named=site.named)


def _own_address(verdict: Verdict) -> Address | None:
    return None if verdict.proxy else verdict.address


def _refused(site: Site, realm: Realm, reason: str) -> CredentialFailed:
    return CredentialFailed(
        f"{site} sends to the token server {realm}, which is not asked",
        why=reason,
        remedy="if that is right, its address must be configured by name or the registry told to use another realm",
    )


def _denied(realm: Realm, head: Head, body: bytes, credential: Credential) -> BoxshipError:
    reasons = "; ".join(map(str, parse_failures(body))) or middlebox_words(head.get("content-type"), body)
    kind = NotLetIn if head.status in _NOT_LET_IN else CredentialFailed
    return kind(
        f"the token server {realm} gave no token to {credential}",
        why=f"{head.status}{': ' + reasons if reasons else ''}",
        remedy="check the user name and password" if head.status in (401, 403) else "",
    )
