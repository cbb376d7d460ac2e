"""A registry, or a repository in it, to which requests are sent; and which error an answer becomes."""

from __future__ import annotations

__all__ = ["Remote", "error_of_response"]

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from boxship.auth.scope import Scope
from boxship.connect.deadline import Work
from boxship.digest import Digest
from boxship.errors import InvalidReference, NotFound, RateLimited, Refused, RegistryError, UnexpectedAnswer
from boxship.reference import Registry
from boxship.settings.hosts import Site
from boxship.transport.ask import Ask
from boxship.transport.kind import Kind
from boxship.transport.retry import clock, is_rate_limit, retry_after
from boxship.transport.session import Session
from boxship.value import dataclass
from boxship.wire.message import Head, Request

if TYPE_CHECKING:
    from boxship.connect.verdict import Origin
    from boxship.registry.ways import Ways
    from boxship.settings.endpoint import Endpoint
    from boxship.transport.ahead import Ahead
    from boxship.transport.response import Response

Taken = TypeVar("Taken")

# An error body is read up to here; the specification's are a few hundred bytes.
_LONGEST_ERROR = 64 * 1024


@dataclass(frozen=True, slots=True)
class Remote:
    """Where an operation takes place. `work` is the operation that it is part of.

    `ways` leads to mirrors and elsewhere, where settings say so; None: all is asked at `site`.
    """

    session: Session
    site: Site
    work: Work
    ways: Ways | None = None

    def send(
        self, request: Request, *scopes: Scope, what: str, kind: Kind = Kind.DOCUMENT, fresh: bool = False
    ) -> Response:
        """The answer to a request, which is a success; else the error that it means for `what`."""
        ask = Ask(request, self.site, self.work, scopes, kind, fresh)
        if self.ways:
            return self.ways.send(ask, _Taking(what, lambda response: response))
        return _success(what, self.site.registry, self.session.send(ask))

    def take(self, request: Request, *scopes: Scope, what: str, read: Callable[[Response], Taken]) -> Taken:
        """What `read` makes of the answer, a success; what it raises leads on to the next mirror, if there is one."""
        ask = Ask(request, self.site, self.work, scopes)
        if self.ways:
            return self.ways.send(ask, _Taking(what, read))
        with _success(what, self.site.registry, self.session.send(ask)) as response:
            return read(response)

    def exchange(self, request: Request, scopes: tuple[Scope, ...], kind: Kind) -> Response:
        """The registry's own answer to a request, whatever its status."""
        repository = next((scope.name for scope in scopes if scope.kind == "repository"), "")
        session, site = self.ways.itself(repository) if self.ways else (self.session, self.site)
        return session.send(Ask(request, site, self.work, scopes, kind))

    def broke_off(self, origin: Origin) -> None:
        """An answer of that origin broke off."""
        if self.ways:
            self.ways.broke_off(origin)

    def for_lists(self, repository: str) -> Remote:
        """Where all names of the repository are: a mirror need not have them."""
        if not self.ways:
            return self
        session, site, ways = self.ways.lists(repository)
        return Remote(session, site, self.work, ways)

    def ahead(self, request: Request, *scopes: Scope, what: str) -> Ahead[Response] | None:
        """A safe request, sent where that asks for no wait; its answer is what `send` returns, or raises."""
        sent = None if self.ways else self.session.ahead(Ask(request, self.site, self.work, scopes))
        return sent.then(lambda answer: _success(what, self.site.registry, answer())) if sent else None

    def has(self, request: Request, scope: Scope, *, what: str) -> bool:
        """Whether there is what a HEAD asks for; some registries say with other statuses that they do not tell."""
        try:
            with self.send(request, scope, what=what):
                return True
        except RegistryError as error:
            if error.status in (400, 404, 405):
                return False
            raise


class _Taking(Generic[Taken]):
    """Reads a success, and makes an error of everything else."""

    def __init__(self, what: str, read: Callable[[Response], Taken]) -> None:
        self._what, self._read = what, read
        self.said = ""

    def __call__(self, endpoint: Endpoint, response: Response, /) -> Taken:
        success = _success(self._what, endpoint.site.registry, response)
        try:
            self.said = _said_digest(success.head)
            taken = self._read(success)
        except BaseException:
            success.close()
            raise
        if taken is not success:
            success.close()
        return taken


def _said_digest(head: Head) -> str:
    try:
        return str(Digest.parse(head.get("docker-content-digest")))
    except InvalidReference:
        return ""


def _success(what: str, registry: Registry, response: Response) -> Response:
    if 200 <= response.status < 300:
        return response
    raise error_of_response(what, registry, response)


def error_of_response(what: str, registry: Registry, response: Response) -> RegistryError:
    """The error that a response means for `what` at a registry, which may have sent to another host; closes it."""
    origin, where = response.verdict.origin, registry.name
    own = origin.host == registry.host.lower().rstrip(".") and registry.port in (None, origin.port)
    if not own:
        where += f", which sends to {origin}"
    with response:
        error = error_of(f"{what} at {where}", response.head, response.excerpt(_LONGEST_ERROR))
    if isinstance(error, Refused) and not own:
        # It was sent no credential: what permits a download there is in the address itself.
        error.remedy = "the address that the registry gave may have expired, or that host lets nobody in from here"
    return error


def error_of(what: str, head: Head, body: bytes) -> RegistryError:
    """The error that an answer means."""
    from boxship.wire.failure import middlebox_words, parse_failures  # noqa: PLC0415 -- seldom needed, see `client`

    failures = parse_failures(body)
    words = "; ".join(map(str, failures))
    page = "" if words else middlebox_words(head.get("content-type"), body)
    why = f"{head.status} {head.reason}".strip() + (f": {words or page}" if words or page else "")
    html = "html" in head.get("content-type")
    if head.status == 404 and not html:
        return NotFound(f"{what}: not found", status=404, why=why)
    if head.status in (401, 403) and not html:
        return Refused(f"{what}: refused", status=head.status, why=why, remedy="check the credential and its rights")
    seconds = retry_after(head.get("retry-after"), time.time()) or 0.0
    if is_rate_limit(head.status, seconds):
        from boxship.wire.limits import read_limits  # noqa: PLC0415 -- as above

        told = read_limits(head.get, time.time())
        seconds = seconds or (told.reset if told and told.reset else 0.0)
        return _rate_limited(what, head.status, seconds, f"{why}; {told}" if told else why)
    remedy = "something between you and the registry answers in its place" if html else ""
    if head.status == 400 and "HTTPS" in page:
        remedy = "it speaks TLS: write https://"
    return UnexpectedAnswer(f"{what}: failed", status=head.status, why=why, remedy=remedy)


def _rate_limited(what: str, status: int, seconds: float, why: str) -> RateLimited:
    when = f"not before {clock(seconds, time.time())}, in {seconds:.0f} s" if seconds else "a little later"
    return RateLimited(f"{what}: refused", retry_after=seconds, status=status, why=why, remedy=f"try again {when}")
