"""The one road that every request takes: credentials, redirects, retries, connections, from outside in."""

from __future__ import annotations

__all__ = ["Ask", "Session"]

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from boxship.auth.scope import Scope
from boxship.connect.connector import Connector
from boxship.connect.deadline import DOCUMENT_ALL, Bounds, Work
from boxship.errors import Cancelled, ConnectFailed, RateLimited, Refused, UnexpectedAnswer, Unreachable
from boxship.event import Fact
from boxship.settings.hosts import Site, other_site
from boxship.transport.kind import Kind, first_byte, whole
from boxship.transport.pool import Pool
from boxship.transport.retry import Stale, delay, is_rate_limit, retry_after, worth_retrying
from boxship.wire.message import Head, Request

if TYPE_CHECKING:
    from boxship.auth.authorizer import Authorizer, Finds
    from boxship.connect.verdict import Origin, Verdict
    from boxship.credential import Credential, Secret
    from boxship.settings.headers import Header
    from boxship.settings.proxies import Proxy
    from boxship.transport.connection import Connection
    from boxship.transport.response import Response
    from boxship.transport.story import Story
    from boxship.wire.challenge import Challenge

_LONGEST_TOKEN = 1024 * 1024
MOST_REDIRECTS = 10
# Any other is the user's, and may authenticate.
_HEADERS_OF_READS = frozenset({"Accept", "Accept-Encoding", "If-Range", "Range"})
_MOST_CHALLENGES = 3  # one for the credential, one where the verdict became TLS, one where a token had ended


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to a site as part of an operation, its scopes, and what kind of thing it asks for."""

    request: Request
    site: Site
    work: Work
    scopes: tuple[Scope, ...] = ()
    kind: Kind = Kind.DOCUMENT
    fresh: bool = False
    """Whether it needs a new connection: those at rest may have died with the one that it replaces."""

    def to(self, request: Request, site: Site) -> Ask:
        """The same on its way: after a redirect, or with a credential."""
        return replace(self, request=request, site=site)

    def within(self, seconds: float) -> Ask:
        """The same, to be done in so many seconds."""
        work = self.work.within(seconds, DOCUMENT_ALL)
        return Ask(self.request, self.site, work, self.scopes, self.kind, self.fresh)  # half of what `replace` takes


class Session:
    """Sends requests. Safe to use from several threads."""

    def __init__(self, connector: Connector, bounds: Bounds, find: Finds, headers: Iterable[Header] = ()) -> None:
        """`headers`: the caller's own, for the hosts that it names."""
        self._connector, self.bounds = connector, bounds
        self._headers = tuple(headers)
        self._pool = Pool(connector)
        self._find = find
        self._lock = threading.Lock()
        self._authorizer: Authorizer | None = None

    def send(self, ask: Ask) -> Response:
        """The answer to a request, whatever its status but 401 without a way out, redirects and what was retried.

        The caller closes the response. Raises `Unreachable`, `Refused`, `RateLimited`, `CredentialFailed`.
        """
        ask = _bounded(ask, self.bounds)
        authorization = self._authorizer.remembered(ask) if self._authorizer else None
        answered: Challenge | None = None
        for _ in range(_MOST_CHALLENGES):
            response = self._follow(ask, authorization)
            challenge = self._challenge(ask.site, response)
            if not challenge:
                return response
            authorizer = self._challenged()
            with response:
                if answered and answered.asks_the_same(challenge):
                    break  # what was just made for it is not accepted: asking for another one would change nothing
                reply = authorizer.answer(challenge, ask, response.verdict, refused=authorization)
            if reply is None:
                raise _refused(ask, authorizer.credential(ask), "no credential for it was found")
            if reply.authorization and reply.authorization == authorization:
                break
            authorization = reply.authorization
            answered = challenge if authorization else None
        raise _refused(ask, authorizer.credential(ask), "it does not accept the credential")

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        self._connector.close()

    # Redirects.

    def _follow(self, ask: Ask, authorization: Secret | None) -> Response:
        response = self._retry(ask, authorization)
        seen: set[tuple[Origin, str]] = set()
        for _ in range(MOST_REDIRECTS):
            if not _leads_on(response):
                return response
            from boxship.transport.redirect import follow  # noqa: PLC0415 -- seldom needed, as above

            verdict = response.verdict
            seen.add((verdict.origin, ask.request.path))
            with response:
                hop = follow(ask.request, response.head, verdict.origin, None if verdict.proxy else verdict.address)
            told: dict[str, Fact] = {"host": verdict.origin.host, "status": response.status}
            told |= {"from": str(verdict.origin), "to": hop.url}
            ask.work.trace.say("Redirect", f"{response.status} from {verdict.origin} to {hop.url}", facts=told)
            site = ask.site
            if hop.registry:
                site, authorization = other_site(hop.registry, site.trust.for_others()), None
            with _sent_by(f"{verdict.origin} sends to {hop.place}"):
                if hop.tls_port:
                    self._connector.pin_tls(site, hop.tls_port, ask.work)
                    authorization = None
                ask = ask.to(hop.request, site)
                known = self._connector.verdict(site)
                if known and (known.origin, hop.request.path) in seen:
                    raise UnexpectedAnswer(f"{site} redirects in a loop", why=f"{hop.request} for the second time")
                response = self._retry(ask, authorization)
        if not _leads_on(response):
            return response
        response.close()
        raise UnexpectedAnswer(f"{ask.site} redirects without end", why=f"more than {MOST_REDIRECTS} times")

    # Retries.

    def _retry(self, ask: Ask, authorization: Secret | None) -> Response:
        for attempt in count(1):
            response = self._exchange(ask, authorization)
            if not ask.request.safe or not self._wait(attempt, response, ask):
                break
        return response

    @staticmethod
    def _wait(attempt: int, response: Response, ask: Ask) -> bool:
        """Whether to ask again, now that what was asked for has been waited for."""
        if not worth_retrying(response.status):
            return False
        import random  # noqa: PLC0415 -- seldom needed, as above

        asked = retry_after(response.head.get("retry-after"), time.time())
        pause = delay(attempt, asked, jitter=random.random())  # noqa: S311 -- spreads clients, hides nothing
        if pause is None or ask.work.at_most(pause) < pause:
            return False  # where the operation ends before, its answer says more than that time is up
        response.close()
        why, host = f"{response.status} from {ask.site}", response.verdict.origin.host
        facts: dict[str, Fact] = {"host": host, "why": why, "status": response.status, "seconds": round(pause, 3)}
        ask.work.trace.say("Retry", f"{why}: again in {pause:.1f} s", level="W", facts=facts)
        ask.work.sleep(pause)
        return True

    # One exchange.

    def _exchange(self, ask: Ask, authorization: Secret | None) -> Response:
        if self._headers and ask.site.named:
            ask = ask.to(_with_own(ask.request, self._headers), ask.site)
        connection = self._pool.take(ask.site, ask.work, fresh=ask.fresh)
        secret = _secret(ask.request)
        if secret and not self._private(ask.site, connection):
            self._pool.give_back(ask.site, connection)
            self._connector.secure(ask.site, ask.work, secret)
            connection = self._pool.take(ask.site, ask.work, fresh=ask.fresh)
        try:
            return self._on(connection, ask, authorization)
        except Stale:
            if not ask.request.safe:
                raise
            ask.work.trace.say("Stale", f"{connection.place} had been closed by the other side: a new connection")
            return self._on(self._pool.take(ask.site, ask.work, fresh=True), ask, authorization)

    def _on(self, connection: Connection, ask: Ask, authorization: Secret | None) -> Response:
        request, bounds = ask.request, self.bounds
        sent = request if authorization is None else request.with_headers(Authorization=authorization.reveal())
        began = time.monotonic()
        story = _story(ask, connection, sent)
        where = f"{connection.verdict.origin}{request.path.partition('?')[0]}"
        try:
            bound = first_byte(ask.kind, bounds)
            response = connection.exchange(sent, ask.work, bounds, bound, story.wrote if story else None)
        except BaseException as error:
            if story:
                story.failed(error)
            else:
                words, facts = type(error).__name__, _facts(connection, request, where, began)
                text = f"{request.method} {where}: {words}"
                ask.work.trace.say("RequestFailed", text, level="W", facts={**facts, "error": words})
            raise
        text = f"{request.method} {where} {response.status} in {(time.monotonic() - began) * 1000:.1f} ms"
        if story:
            story.answered(response, text)
        else:
            facts = {**_facts(connection, request, where, began), "status": response.status}
            ask.work.trace.say("Request", text, facts=facts)
        forwarder = connection.verdict.forwarder
        if forwarder and (failure := _of_proxy(ask.site, forwarder, response)):
            raise failure
        response.on_release = lambda: self._pool.give_back(ask.site, connection)
        return response

    def _private(self, site: Site, connection: Connection) -> bool:
        """Whether a secret may go over the connection: it may be a plain one from before the verdict became TLS."""
        try:
            verdict = self._connector.verdict(site)
        except Cancelled:  # as below
            connection.close()
            raise
        return verdict is not None and verdict.private and verdict.origin == connection.verdict.origin

    # Tokens and refusals.

    def _ask_token_server(
        self, request: Request, site: Site, work: Work, *, judge: Callable[[Verdict], None]
    ) -> tuple[Head, bytes]:
        ask = _bounded(Ask(request, site, work), self.bounds)
        for attempt in count(1):
            response = self._of_token_server(ask, judge)
            if not self._wait(attempt, response, ask):
                break
        with response:
            body = response.excerpt(_LONGEST_TOKEN) if response.status != 200 else response.read(_LONGEST_TOKEN)
        seconds = retry_after(response.head.get("retry-after"), time.time()) or 0.0
        if is_rate_limit(response.status, seconds):
            raise RateLimited(f"the token server {site} gave no token", retry_after=seconds, status=response.status)
        return response.head, body

    def _of_token_server(self, ask: Ask, judge: Callable[[Verdict], None]) -> Response:
        for fresh in (False, True):
            connection = self._pool.take(ask.site, ask.work, fresh=fresh)
            try:
                judge(connection.verdict)
                return self._on(connection, ask, None)
            except Stale:
                if fresh:
                    raise
            except BaseException:
                connection.close()
                raise
        raise AssertionError("a fresh connection is never stale")

    def _challenge(self, site: Site, response: Response) -> Challenge | None:
        """The challenge to answer, if it is the site's own: another host's gets no credential of this one."""
        if response.status != 401:
            return None
        try:
            verdict = self._connector.verdict(site)
        except Cancelled:  # closed by another thread since the answer came
            response.close()
            raise
        own = verdict is not None and verdict.origin == response.verdict.origin
        return _choose(response.head) if own else None

    def _challenged(self) -> Authorizer:
        # Imported when the first registry challenges: most that are listed do not.
        from boxship.auth.authorizer import Authorizer  # noqa: PLC0415

        with self._lock:
            if not self._authorizer:
                self._authorizer = Authorizer(self._find, self._ask_token_server, self._connector)
            return self._authorizer


def _leads_on(response: Response) -> bool:
    """Whether it is a redirect."""
    return 300 <= response.status < 400 and bool(response.head.get("location"))


@contextmanager
def _sent_by(sender: str) -> Iterator[None]:
    """Where one is sent may be a host that nobody named: an error there says who did."""
    try:
        yield
    except Unreachable as error:
        error.what = f"{sender}: {error.what}"
        raise


def _bounded(ask: Ask, bounds: Bounds) -> Ask:
    """The same, ended where the kind of it has a bound for all that it takes; its content is read within that, too."""
    seconds = whole(ask.kind, bounds)
    return ask if seconds is None else ask.within(seconds)


def _facts(connection: Connection, request: Request, where: str, began: float) -> dict[str, Fact]:
    """What an error's timeline tells of an exchange that nobody listens to."""
    ms = (time.monotonic() - began) * 1000
    return {"connection": connection.number, "method": request.method, "url": where, "ms": ms}


def _story(ask: Ask, connection: Connection, sent: Request) -> Story | None:
    """Who tells of the exchange, where somebody listens."""
    if not ask.work.trace.heard:
        return None
    from boxship.transport.story import Story  # noqa: PLC0415 -- seldom needed, as above

    return Story(ask.work.trace, connection, sent)


def _with_own(request: Request, headers: Iterable[Header]) -> Request:
    """The request with the caller's own headers; what the request itself says of one stands."""
    said = {name.lower() for name in request.headers}
    own = {header.name: header.value.reveal() for header in headers if header.name.lower() not in said}
    return replace(request, headers={**own, **request.headers})


def _secret(request: Request) -> str:
    """What of a request waits for certainty about TLS and for consent, credentials aside; or ''."""
    if not request.safe:
        return f"a {request.method}"
    own = [name for name in request.headers if name not in _HEADERS_OF_READS]
    return f"the header {own[0]}" if own else ""


def _of_proxy(site: Site, proxy: Proxy, response: Response) -> ConnectFailed | None:
    """The error of what the proxy in between answers itself: it is no answer of the registry's."""
    from boxship.connect.tunnel_failure import is_of_proxy, not_passed_on  # noqa: PLC0415 -- as above

    said = not_passed_on(proxy, str(site), response.head) if is_of_proxy(response.head) else None
    if not said:
        return None
    response.close()
    what = f"cannot connect to {site} through the proxy {proxy} ({proxy.rule})"
    return ConnectFailed(what, why=said.words, remedy=said.remedy)


def _refused(ask: Ask, credential: Credential, why: str) -> Refused:
    return Refused(
        f"{ask.site} asks for a credential for {ask.request}",
        status=401,
        why=f"{why}: {credential}",
        remedy=f"log in with docker login {ask.site}, or use --username and --password-stdin",
    )


def _choose(head: Head) -> Challenge | None:
    """The challenge to answer: Bearer before Basic, as it can ask for less."""
    from boxship.wire.challenge import parse_challenges  # noqa: PLC0415 -- as above

    challenges = parse_challenges(head.all("www-authenticate"))
    wanted = ("bearer", "basic")
    known = sorted((c for c in challenges if c.scheme in wanted), key=lambda c: wanted.index(c.scheme))
    return known[0] if known else None
