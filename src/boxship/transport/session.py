"""The one road that every request takes: credentials, redirects, retries, connections, from outside in."""

from __future__ import annotations

__all__ = ["Session"]

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.connect.connector import Connector
from boxship.connect.deadline import Bounds, Work
from boxship.errors import Cancelled, ConnectFailed, RateLimited, UnexpectedAnswer, Unreachable
from boxship.event import Fact
from boxship.settings.hosts import Site, other_site
from boxship.transport.ahead import Ahead
from boxship.transport.ask import Ask
from boxship.transport.exchange import Exchange
from boxship.transport.kind import whole
from boxship.transport.pace import Pacer
from boxship.transport.pool import Pool
from boxship.transport.retry import Stale, delay, is_rate_limit, retry_after, worth_retrying
from boxship.value import replace
from boxship.wire.message import READING_HEADERS, Head, Request

if TYPE_CHECKING:
    from boxship.auth.authorizer import Authorizer
    from boxship.auth.candidates import Finds
    from boxship.connect.verdict import Origin, Verdict
    from boxship.credential import Secret
    from boxship.settings.headers import Header
    from boxship.settings.proxies import Proxy
    from boxship.transport.connection import Connection
    from boxship.transport.response import Response
    from boxship.wire.challenge import Challenge

_LONGEST_TOKEN = 1024 * 1024
MOST_REDIRECTS = 10
_MOST_CHALLENGES = 3  # one for the credential, one where the verdict became TLS, one where a token had ended


class Session:
    """Sends requests. Safe to use from several threads."""

    def __init__(self, connector: Connector, bounds: Bounds, find: Finds, headers: Iterable[Header] = ()) -> None:
        """`headers`: the caller's own, for the hosts that it names."""
        self._connector, self.bounds = connector, bounds
        self.uploads: Path | None = None  # where those are kept that are not finished
        self._headers = tuple(headers)
        self._pool, self._pacer = Pool(connector), Pacer()
        self._find = find
        self._lock = threading.Lock()
        self._authorizer: Authorizer | None = None

    def send(self, ask: Ask) -> Response:
        """The answer to a request, whatever its status but 401 without a way out, redirects and what was retried.

        The caller closes the response. Raises `Unreachable`, `Refused`, `RateLimited`, `CredentialFailed`.
        """
        ask = _bounded(ask, self.bounds)
        return self._answer(ask, self._remembered(ask))

    def _answer(self, ask: Ask, authorization: Secret | None, answer: Response | None = None) -> Response:
        """The same, where it has been asked and answered once: the steps take that answer instead of asking."""
        authorizer, first = self._authorizer, ask
        answered: Challenge | None = None
        if authorizer and not authorization and self._is_unasked(ask):
            authorization = authorizer.guess(ask)
            first = _carrying(ask, authorization)
        for turn in count(1):
            response = self._follow(first, authorization, answer)
            first, answer = ask, None
            if authorizer and authorization and response.status == 403:
                if not authorizer.pass_over(ask, response.verdict, authorization):
                    return response
                response.close()
                authorization, answered = authorizer.remembered(ask), None
                continue
            challenge = self._challenge(ask.site, response)
            if not challenge:
                return response
            authorizer, again = self._challenged(), answered is not None and answered.asks_the_same(challenge)
            with response:
                reply = authorizer.answer(challenge, ask, response.verdict, refused=authorization, again=again)
            if reply is None or turn >= _MOST_CHALLENGES * len(authorizer.tried(ask)):
                raise authorizer.refusal(ask, ask.request)
            authorization = reply.authorization
            answered = challenge if authorization else None
        raise AssertionError("counting ends")

    def approach(self, site: Site, work: Work) -> None:
        """Have a connection to the site at rest."""
        self._pool.give_back(site, self._pool.take(site, work))

    def is_ready(self, site: Site) -> bool:
        """Whether there is one."""
        return self._pool.has(site)

    def origin(self, site: Site) -> Origin | None:
        """How the site is spoken to, where that is known already."""
        verdict = self._connector.verdict(site)
        return verdict.origin if verdict else None

    def authorization(self, ask: Ask) -> Secret | None:
        """What the site is known to want for such a request."""
        return self._authorizer.remembered(ask) if self._authorizer else None

    def refresh_token(self, ask: Ask) -> Secret | None:
        """What a token server has given for such a request to get further tokens with."""
        return self._authorizer.refresh_token(ask) if self._authorizer else None

    def forget_credentials(self) -> None:
        """Look for credentials anew, where a registry asks for one."""
        with self._lock:
            self._authorizer = None

    def ahead(self, ask: Ask) -> Ahead[Response] | None:
        """Send a safe request now, to be answered later, where that asks for no wait: on a connection at rest.

        Its answer is what `send` returns. None where it cannot be sent without waiting.
        """
        if self._headers or self._pacer.has(ask.site) or _secret(ask.request):
            return None
        ask = _bounded(ask, self.bounds)
        authorization = self._remembered(ask)
        connection = self._pool.at_rest(ask.site, ask.work)
        if connection is None or (not authorization and self._is_unasked(ask)):
            return None
        try:
            exchange = Exchange(connection, ask, authorization, self.bounds)
        except Stale:
            return None
        self._pool.park(connection)

        def answer() -> Response:
            if not self._pool.claim(connection):
                raise Cancelled("the client is closed")
            try:
                first = self._taken(exchange, ask)
            except Stale:
                first = None
            return self._answer(ask, authorization, first)

        def drop() -> None:
            if self._pool.claim(connection):
                connection.close()

        return Ahead(answer, drop)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        self._connector.close()

    # Redirects.

    def _follow(self, ask: Ask, authorization: Secret | None, first: Response | None) -> Response:
        response = self._retry(ask, authorization, first)
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

    def _retry(self, ask: Ask, authorization: Secret | None, first: Response | None = None) -> Response:
        for attempt in count(1):
            response = first or self._paced(ask, authorization)
            first = None
            if not (ask.request.safe and ask.patient and self._wait(attempt, response, ask)):
                break
        return response

    def _paced(self, ask: Ask, authorization: Secret | None) -> Response:
        """The answer, asked for when the host may be asked."""
        if not self._pacer.has(ask.site):
            return self._exchange(ask, authorization)
        leave = self._pacer.enter(ask.site, ask.work, fresh=ask.fresh)
        try:
            response = self._exchange(ask, authorization)
        except BaseException:
            leave()
            raise
        response.when_over(leave)
        return response

    def _wait(self, attempt: int, response: Response, ask: Ask) -> bool:
        """Whether to ask again, now that what was asked for has been waited for."""
        if not worth_retrying(response.status):
            return False
        import random  # noqa: PLC0415 -- seldom needed, as above

        asked = retry_after(response.head.get("retry-after"), time.time())
        pause = delay(attempt, asked, jitter=random.random())  # noqa: S311 -- spreads clients, hides nothing
        if pause is None or ask.work.at_most(pause) < pause:
            return False  # where the operation ends before, its answer says more than that time is up
        if asked:
            self._pacer.hold_back(ask.site, pause)  # before others have the place of this one
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
        return self._taken(Exchange(connection, ask, authorization, self.bounds), ask)

    def _taken(self, exchange: Exchange, ask: Ask) -> Response:
        connection, response = exchange.connection, exchange.answer()
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

    def _is_unasked(self, ask: Ask) -> bool:
        """Whether a credential is sent before it is asked for."""
        return self._find.preemptive or ask.site.preemptive

    def _remembered(self, ask: Ask) -> Secret | None:
        authorizer = self._challenged() if self._is_unasked(ask) else self._authorizer
        return authorizer.remembered(ask) if authorizer else None

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
        from boxship.wire.challenge import preferred_challenge  # noqa: PLC0415 -- seldom needed, as above

        return preferred_challenge(response.head.all("www-authenticate")) if own else None

    def _challenged(self) -> Authorizer:
        # Imported when the first registry challenges: most that are listed do not.
        from boxship.auth.authorizer import Authorizer  # noqa: PLC0415

        with self._lock:
            if not self._authorizer:
                self._authorizer = Authorizer(self._find, self._ask_token_server, self._connector)
            return self._authorizer


def _carrying(ask: Ask, authorization: Secret | None) -> Ask:
    """The same with what nobody has asked for yet: as a header of the caller's, it waits for certainty about TLS."""
    if authorization is None:
        return ask
    return ask.to(ask.request.with_headers(Authorization=authorization.reveal()), ask.site)


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


def _with_own(request: Request, headers: Iterable[Header]) -> Request:
    """The request with the caller's own headers; what the request itself says of one stands."""
    said = {name.lower() for name in request.headers}
    own = {header.name: header.value.reveal() for header in headers if header.name.lower() not in said}
    return replace(request, headers={**own, **request.headers})


def _secret(request: Request) -> str:
    """What of a request waits for certainty about TLS and for consent, credentials aside; or ''."""
    if not request.safe:
        return f"a {request.method}"
    own = [name for name in request.headers if name not in READING_HEADERS]
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
