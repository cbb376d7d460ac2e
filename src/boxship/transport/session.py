"""The one road that every request takes: credentials, redirects, retries, connections, from outside in."""

from __future__ import annotations

__all__ = ["Ask", "Session"]

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from boxship.auth.authorizer import Authorizer, Finds, Want
from boxship.auth.scope import Scope
from boxship.connect.address import Address
from boxship.connect.connector import Connector
from boxship.connect.deadline import Bounds, Work
from boxship.credential import Secret
from boxship.errors import Refused, UnexpectedAnswer
from boxship.settings.hosts import Site, other_site
from boxship.transport.connection import Connection, Response, Stale
from boxship.transport.pool import Pool
from boxship.transport.redirect import MOST_REDIRECTS, follow, is_redirect
from boxship.transport.retry import delay, retry_after, worth_retrying
from boxship.wire.challenge import Challenge, parse_challenges
from boxship.wire.message import Head, Request

_LONGEST_TOKEN = 1024 * 1024
_MOST_CHALLENGES = 3  # one for the credential, one where the verdict became TLS, one where a token had ended


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to a site, the scopes it needs, and whether the registry may have to search before it answers."""

    request: Request
    site: Site
    scopes: tuple[Scope, ...] = ()
    slow: bool = False

    def to(self, request: Request, site: Site) -> Ask:
        """The same on its way: after a redirect, or with a credential."""
        return Ask(request, site, self.scopes, self.slow)


class Session:
    """Sends requests. Safe to use from several threads."""

    def __init__(self, connector: Connector, bounds: Bounds, find: Finds) -> None:
        self._connector, self._bounds = connector, bounds
        self._pool = Pool(connector)
        self._authorizer = Authorizer(find, self._ask_token_server, connector)

    def send(self, ask: Ask, work: Work) -> Response:
        """The answer to a request, whatever its status but 401 without a way out, redirects and what was retried.

        The caller closes the response. Raises `Unreachable`, `Refused`, `RateLimited`, `CredentialFailed`.
        """
        want = Want(ask.site, ask.scopes, work)
        authorization = self._authorizer.remembered(want)
        for _ in range(_MOST_CHALLENGES):
            response = self._follow(ask, authorization, work)
            challenge = self._challenge(ask.site, response)
            if not challenge:
                return response
            with response:
                reply = self._authorizer.answer(challenge, want, response.verdict, stale=authorization is not None)
            if reply is None:
                raise self._refused(want, ask.request, "no credential for it was found")
            if reply.authorization and reply.authorization == authorization:
                break
            authorization = reply.authorization
        raise self._refused(want, ask.request, "it does not accept the credential")

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        self._connector.close()

    # Redirects.

    def _follow(self, ask: Ask, authorization: Secret | None, work: Work) -> Response:
        seen = set()
        for _ in range(MOST_REDIRECTS + 1):
            response = self._retry(ask, authorization, work)
            if not is_redirect(response.status):
                return response
            seen.add((response.verdict.origin, ask.request.path))
            with response:
                hop = follow(ask.request, response.head, response.verdict.origin)
            work.trace.say("Redirect", f"{response.status} from {response.verdict.origin}")
            site = ask.site
            if hop.registry:
                site, authorization = other_site(hop.registry, site.trust.verifying()), None
            if hop.tls_port:
                self._connector.pin_tls(site, hop.tls_port, work)
                authorization = None
            ask = ask.to(hop.request, site)
            verdict = self._connector.verdict(site)
            if verdict and (verdict.origin, hop.request.path) in seen:
                raise UnexpectedAnswer(f"{site} redirects in a loop", why=f"to {hop.request.path} for the second time")
        raise UnexpectedAnswer(f"{ask.site} redirects without end", why=f"more than {MOST_REDIRECTS} times")

    # Retries.

    def _retry(self, ask: Ask, authorization: Secret | None, work: Work) -> Response:
        for attempt in count(1):
            response = self._exchange(ask, authorization, work)
            if not worth_retrying(response.status) or not ask.request.safe:
                break
            asked = retry_after(response.head.get("retry-after"), time.time())
            pause = delay(attempt, asked, jitter=random.random())  # noqa: S311 -- spreads clients, hides nothing
            if pause is None:
                break
            response.close()
            work.trace.say("Retry", f"{response.status} from {ask.site}: again in {pause:.1f} s", level="W")
            work.sleep(pause)
        return response

    # One exchange.

    def _exchange(self, ask: Ask, authorization: Secret | None, work: Work) -> Response:
        connection = self._pool.take(ask.site, work)
        if not ask.request.safe and not self._private(ask.site):
            # A request that changes something is a secret too: it waits for certainty about TLS, and for consent.
            self._pool.give_back(ask.site, connection)
            self._connector.secure(ask.site, work, f"a {ask.request.method}")
            connection = self._pool.take(ask.site, work)
        try:
            return self._on(connection, ask, authorization, work)
        except Stale:
            if not ask.request.safe:
                raise
            work.trace.say("Stale", f"{connection.place} had been closed by the other side: a new connection")
            return self._on(self._pool.take(ask.site, work, fresh=True), ask, authorization, work)

    def _on(self, connection: Connection, ask: Ask, authorization: Secret | None, work: Work) -> Response:
        request, bounds = ask.request, self._bounds
        sent = request if authorization is None else request.with_headers(Authorization=authorization.reveal())
        began = time.monotonic()
        response = connection.exchange(sent, work, bounds, bounds.first_byte_slow if ask.slow else bounds.first_byte)
        response.on_release = lambda freed: self._pool.give_back(ask.site, freed)
        taken = (time.monotonic() - began) * 1000
        where = f"{connection.verdict.origin}{request.path.partition('?')[0]}"
        work.trace.say("Request", f"{request.method} {where} {response.status} in {taken:.1f} ms")
        return response

    def _private(self, site: Site) -> bool:
        verdict = self._connector.verdict(site)
        return verdict is not None and verdict.private

    # Tokens and refusals.

    def _ask_token_server(
        self, request: Request, site: Site, work: Work, *, judge: Callable[[Address], None]
    ) -> tuple[Head, bytes]:
        ask = Ask(request, site)
        connection = self._pool.take(site, work)
        try:
            judge(connection.verdict.address)
            response = self._on(connection, ask, None, work)
        except Stale:
            connection = self._pool.take(site, work, fresh=True)
            judge(connection.verdict.address)
            response = self._on(connection, ask, None, work)
        except BaseException:
            connection.close()
            raise
        with response:
            return response.head, response.read(_LONGEST_TOKEN)

    def _challenge(self, site: Site, response: Response) -> Challenge | None:
        """The challenge to answer, if it is the site's own: another host's gets no credential of this one."""
        verdict = self._connector.verdict(site)
        own = verdict is not None and verdict.origin == response.verdict.origin
        return _choose(response.head) if own and response.status == 401 else None

    def _refused(self, want: Want, request: Request, why: str) -> Refused:
        return Refused(
            f"{want.site} asks for a credential for {request.method} {request.path}",
            status=401,
            why=f"{why}: {self._authorizer.credential(want)}",
            remedy=f"log in with docker login {want.site}, or use --username and --password-stdin",
        )


def _choose(head: Head) -> Challenge | None:
    """The challenge to answer: Bearer before Basic, as it can ask for less."""
    challenges = parse_challenges(head.all("www-authenticate"))
    wanted = ("bearer", "basic")
    known = sorted((c for c in challenges if c.scheme in wanted), key=lambda c: wanted.index(c.scheme))
    return known[0] if known else None
