"""Which `Authorization` a request carries, decided from the challenge that its origin made.

The first request to a host carries none. What was learnt belongs to the origin whose challenge it answers: a
connection that becomes TLS begins anew. Sending is `transport`'s work, through the `Asks` it hands in.
"""

from __future__ import annotations

__all__ = ["Asks", "Authorizer", "Finds", "Reply", "Want"]

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from boxship.auth.realm import Realm, refuse_address, refuse_realm
from boxship.auth.scope import Scope
from boxship.auth.telling import tell_asked, tell_challenge, tell_found, tell_granted, tell_no_token
from boxship.auth.token import Token, basic, bearer, oauth_request, parse_token, token_request
from boxship.connect.address import Address
from boxship.connect.connector import Connector
from boxship.connect.deadline import Work
from boxship.connect.places import permission
from boxship.connect.verdict import Origin, Verdict
from boxship.credential import Credential, CredentialKind, Secret
from boxship.errors import BoxshipError, CredentialFailed, Unreachable
from boxship.reference import Registry
from boxship.settings.hosts import Site, other_site
from boxship.wire.challenge import Challenge
from boxship.wire.failure import middlebox_words, parse_failures
from boxship.wire.message import Head, Request

Finds = Callable[[Registry, Work], Credential]


class Want(Protocol):
    """Who wants to do what: the scopes of a request to a site, as part of an operation."""

    @property
    def site(self) -> Site:
        """Where."""

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What a token has to allow."""

    @property
    def work(self) -> Work:
        """The operation."""


class Asks(Protocol):
    """Sends one request to a site, without credentials of its own, and returns the answer with its body."""

    def __call__(
        self, request: Request, site: Site, work: Work, *, judge: Callable[[Verdict], None]
    ) -> tuple[Head, bytes]:
        """`judge` is given how the server was reached, before anything is sent, and raises to stop."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer a challenge with: a header's value; None where the verdict has changed and all begins anew."""

    authorization: Secret | None


_BEGIN_ANEW = Reply(None)
_PORTS = {"http": 80, "https": 443, None: 443}


_TURN = 0.05  # seconds between a waiting thread's looks at its own cancellation


@contextmanager
def _held(lock: threading.Lock, work: Work) -> Iterator[None]:
    """The lock, waited for as long as the operation may last: who has it may be waiting for a server."""
    while not lock.acquire(timeout=_TURN):
        work.check()
    try:
        yield
    finally:
        lock.release()


class _Found:
    """A site's credential, once it has been found."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # a helper is asked by one thread
        self.credential: Credential | None = None


class _Learnt:
    """What an origin has asked for, and the tokens it has been given."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # one token in flight for each origin and scope; scopes of one origin wait in line
        self.challenge: Challenge | None = None
        self.tokens: dict[tuple[Scope, ...], Token] = {}


class Authorizer:
    """Answers challenges. Safe to use from several threads."""

    def __init__(self, find: Finds, asks: Asks, connector: Connector) -> None:
        self._find, self._asks, self._connector = find, asks, connector
        self._lock = threading.Lock()
        self._learnt: defaultdict[tuple[Site, Origin], _Learnt] = defaultdict(_Learnt)
        self._credentials: defaultdict[Site, _Found] = defaultdict(_Found)

    def remembered(self, want: Want) -> Secret | None:
        """The `Authorization` that the site is known to want for these scopes, or None."""
        verdict = self._connector.verdict(want.site)
        if verdict is None:
            return None
        with self._lock:
            learnt = self._learnt.get((want.site, verdict.origin))
        return self._authorization(want, verdict, learnt) if learnt else None

    def answer(
        self, challenge: Challenge, want: Want, verdict: Verdict, *, refused: Secret | None = None
    ) -> Reply | None:
        """What to answer the challenge with; None where there is nothing to answer it with.

        `refused`: what the request carried. Another thread may have replaced that by now.
        """
        tell_challenge(want.work.trace, want.site, challenge)
        credential = self.credential(want)
        if not credential.is_anonymous:
            # A private literal without anybody's word ends here, too: what would be sent is named in the error.
            secured = self._connector.secure(want.site, want.work, f"the {credential.kind}{_of(credential)}")
            if secured.origin != verdict.origin:
                return _BEGIN_ANEW
            verdict = secured
        with self._lock:
            learnt = self._learnt[(want.site, verdict.origin)]
        with _held(learnt.lock, want.work):
            learnt.challenge = challenge
            known = learnt.tokens.get(want.scopes)
            if known and known.authorization == refused:
                del learnt.tokens[want.scopes]
        authorization = self._authorization(want, verdict, learnt, Scope.parse(challenge.parameters.get("scope", "")))
        return Reply(authorization) if authorization else None

    def credential(self, want: Want) -> Credential:
        """The site's credential, perhaps an anonymous one; found once."""
        with self._lock:
            found = self._credentials[want.site]
        with _held(found.lock, want.work):
            if found.credential is None:
                found.credential = self._find(want.site.registry, want.work)
                tell_found(want.work.trace, want.site, found.credential)
            return found.credential

    # What goes out.

    def _authorization(
        self, want: Want, verdict: Verdict, learnt: _Learnt, asked: tuple[Scope, ...] = ()
    ) -> Secret | None:
        """`asked`: the scopes in the challenge that is answered; those of an earlier one are another request's."""
        credential, challenge = self.credential(want), learnt.challenge
        if not challenge:
            return None
        if credential.kind is CredentialKind.REGISTRY_TOKEN:
            return bearer(credential.secret, credential.source)
        if challenge.scheme == "basic":
            return Secret(basic(credential)) if credential.kind is CredentialKind.PASSWORD else None
        with _held(learnt.lock, want.work):
            token = learnt.tokens.get(want.scopes)
            if not token or token.until <= time.monotonic():
                scopes = tuple(dict.fromkeys((*want.scopes, *asked)))
                token = learnt.tokens[want.scopes] = self._token(want, verdict, challenge, credential, scopes)
        return token.authorization

    def _token(
        self, want: Want, verdict: Verdict, challenge: Challenge, credential: Credential, scopes: tuple[Scope, ...]
    ) -> Token:
        realm = Realm.parse(challenge.realm)
        refusal = refuse_realm(realm, verdict.origin)
        if refusal:
            raise _refused(want.site, realm, refusal)
        request = _token_request(realm, challenge.parameters.get("service", ""), scopes, credential)
        trace, began = want.work.trace, time.monotonic()
        tell_asked(trace, realm, scopes, credential)
        try:
            head, body = self._exchange(realm, request, want, verdict)
            if head.status != 200:
                raise _denied(realm, head, body, credential)
            token = parse_token(body, realm, time.monotonic())
        except BoxshipError as error:
            tell_no_token(trace, realm, began, error)
            raise
        tell_granted(trace, realm, began, scopes, token.grant)
        return token

    def _exchange(self, realm: Realm, request: Request, want: Want, verdict: Verdict) -> tuple[Head, bytes]:
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


def _token_request(realm: Realm, service: str, scopes: tuple[Scope, ...], credential: Credential) -> Request:
    if credential.kind is CredentialKind.IDENTITY_TOKEN:
        return oauth_request(realm, service, scopes, credential.secret)
    return token_request(realm, service, scopes, None if credential.is_anonymous else credential)


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


def _of(credential: Credential) -> str:
    return f" of {credential.username!r}" if credential.username else ""


def _refused(site: Site, realm: Realm, reason: str) -> CredentialFailed:
    return CredentialFailed(
        f"{site} sends to the token server {realm}, which is not asked",
        why=reason,
        remedy="if that is right, its address must be configured by name or the registry told to use another realm",
    )


def _denied(realm: Realm, head: Head, body: bytes, credential: Credential) -> BoxshipError:
    reasons = "; ".join(map(str, parse_failures(body))) or middlebox_words(head.get("content-type"), body)
    return CredentialFailed(
        f"the token server {realm} gave no token to {credential}",
        why=f"{head.status}{': ' + reasons if reasons else ''}",
        remedy="check the user name and password" if head.status in (401, 403) else "",
    )
