"""Which host a request goes to: mirrors in their order, then the registry (docs/connecting.md, "Mirrors").

A mirror that cannot be reached is passed over for a minute; an answer that does not let in, has not, is limited or in
trouble leads on to the next. What writes, and what looks whether there is something to write, asks no mirror.
"""

from __future__ import annotations

__all__ = ["CONNECTING", "PASSED_OVER", "Shunned", "Take", "Ways"]

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from boxship.auth.scope import Scope
from boxship.connect.verdict import Origin
from boxship.errors import (
    BoxshipError,
    ContentMismatch,
    CredentialFailed,
    InvalidSettings,
    RegistryError,
    Unreachable,
)
from boxship.event import Fact
from boxship.settings.endpoint import Endpoint, Endpoints, Need
from boxship.settings.hosts import Site
from boxship.transport.ask import Ask
from boxship.transport.session import Session
from boxship.value import dataclass, replace

if TYPE_CHECKING:
    from boxship.transport.response import Response

Taken_co = TypeVar("Taken_co", covariant=True)

PASSED_OVER = 60.0  # seconds
CONNECTING = 1.0  # seconds until the next one's connect starts
_LEADS_ON = (401, 403, 404, 429)
_PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|referrers|tags)/(?P<what>[^/?]+)(?:\?.*)?")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is read, apart from where: `rest` comes after the repository in its path."""

    need: Need
    repository: str
    rest: str

    def rest_of(self, pinned: str) -> str:
        """The rest of its path, where `pinned` is the digest that its tag is known to have."""
        return f"/manifests/{pinned}" if pinned and self.need == "tag" else self.rest


class Take(Protocol[Taken_co]):
    """What is made of an answer; it raises what leads on to the next mirror, and closes the answer then."""

    @property
    def said(self) -> str:
        """The digest that an answer had in its head, or ''."""

    def __call__(self, endpoint: Endpoint, response: Response, /) -> Taken_co:
        """What is made of the endpoint's answer."""


class Ways:
    """Where a client's requests go. Safe to use from several threads."""

    def __init__(
        self, find: Callable[[str], Endpoints], session: Callable[[Endpoint], Session], shunned: Shunned
    ) -> None:
        """`find`: who is asked for a repository of the registry; `session`: what sends with an endpoint's bounds."""
        self._find, self._session, self._shunned = find, session, shunned

    def send(self, ask: Ask, take: Take[Taken_co]) -> Taken_co:
        """What `take` makes of the first answer that it takes; else the error of the registry itself."""
        repository = next((scope.name for scope in ask.scopes if scope.kind == "repository"), "")
        endpoints = self._find(repository)
        wanted = _wanted(ask, repository)
        if not wanted:
            there = endpoints.writes
            return take(there, self._session(there).send(_at(there, ask, repository, ask.request.path)))
        chosen = [endpoint for endpoint in endpoints.reads if wanted.need in endpoint.serves]
        if not chosen:
            last = endpoints.reads[-1]
            raise InvalidSettings(last.source, why=f"nothing there may be asked for a {wanted.need} of {repository}")
        return self._several(chosen, ask, wanted, take)

    def itself(self, repository: str) -> tuple[Session, Site]:
        """The registry itself; `InvalidSettings` where the repository is blocked."""
        there = self._find(repository).writes
        return self._session(there), there.site

    def broke_off(self, origin: Origin) -> None:
        """An answer of that origin broke off: if it is a mirror, the rest is asked of others."""
        self._shunned.add_origin(origin)

    def lists(self, repository: str) -> tuple[Session, Site, Ways]:
        """Where all names of the repository are: a mirror need not have them, and their pages are of one host."""
        last = self._find(repository).reads[-1]
        alone = Endpoints((last,), last)
        return self._session(last), last.site, Ways(lambda _: alone, self._session, self._shunned)

    # One after the other.

    def _several(self, chosen: Sequence[Endpoint], ask: Ask, wanted: _Wanted, take: Take[Taken_co]) -> Taken_co:
        *mirrors, last = chosen
        left = [*(mirror for mirror in mirrors if not self._shunned.has(mirror)), last]
        failures: list[str] = []
        pinned = ""  # what the tag is, in the words of the first who said: all others are asked for that
        while len(left) > 1:
            endpoint = self._connected(left, ask, failures)
            if endpoint is last:
                break
            left = left[left.index(endpoint) + 1 :]
            there = _at(endpoint, ask, wanted.repository, endpoint.path(wanted.rest_of(pinned)))
            try:
                return take(endpoint, self._session(endpoint).send(replace(there, patient=False)))
            except BoxshipError as error:
                ask.work.check()
                if not _leads_on(error):
                    raise
                if not isinstance(
                    error, ContentMismatch
                ):  # what it said is not what it sent: its word is worth nothing
                    pinned = pinned or take.said
                self._pass_on(endpoint, error, ask, failures)
        with _after(failures):
            there = _at(last, ask, wanted.repository, last.path(wanted.rest_of(pinned)))
            return take(last, self._session(last).send(there))

    def _connected(self, left: Sequence[Endpoint], ask: Ask, failures: list[str]) -> Endpoint:
        """The first one that is connected to, where each has a second's start over the next."""
        if self._session(left[0]).is_ready(left[0].site):
            return left[0]
        from boxship.registry.approach import Approach  # noqa: PLC0415 -- few have mirrors

        with Approach([(endpoint, self._session(endpoint)) for endpoint in left], ask.work) as approach:
            found, missed = approach.first(CONNECTING)
        for endpoint, error in missed:
            if endpoint is left[-1]:
                with _after(failures):
                    raise error
            self._pass_on(endpoint, error, ask, failures)
        return found

    def _pass_on(self, endpoint: Endpoint, error: BoxshipError, ask: Ask, failures: list[str]) -> None:
        if isinstance(error, Unreachable | ContentMismatch):
            self._shunned.add(endpoint)
        failures.append(str(error))
        facts: dict[str, Fact] = {"host": str(endpoint.site), "why": str(error)}
        text = f"{endpoint} ({endpoint.source}) does not give it: {error}"
        ask.work.trace.say("MirrorFailed", text, level="W", facts=facts)


class Shunned:
    """Mirrors that failed a moment ago."""

    def __init__(self) -> None:
        self._until: dict[Site | Origin, float] = {}  # one item is read or written at a time

    def add(self, endpoint: Endpoint) -> None:
        """It is passed over for a while."""
        self._until[endpoint.site] = time.monotonic() + PASSED_OVER

    def add_origin(self, origin: Origin) -> None:
        """Whatever is asked there is passed over for a while."""
        self._until[origin] = time.monotonic() + PASSED_OVER

    def has(self, endpoint: Endpoint) -> bool:
        """Whether it is passed over now."""
        now, registry = time.monotonic(), endpoint.site.registry
        return any(
            until > now
            and (
                where == endpoint.site
                if isinstance(where, Site)
                else (where.host == registry.host.lower().rstrip(".") and registry.port in (None, where.port))
            )
            for where, until in tuple(self._until.items())
        )


@contextmanager
def _after(failures: Sequence[str]) -> Iterator[None]:
    """An error of the last one that is asked says what the others had."""
    try:
        yield
    except BoxshipError as error:
        if failures:
            error.why = "; ".join(filter(None, (error.why, f"before it, its mirrors: {'; '.join(failures)}")))
        raise


def _leads_on(error: BoxshipError) -> bool:
    if isinstance(error, RegistryError):
        return error.status in _LEADS_ON or error.status >= 500
    return isinstance(error, Unreachable | CredentialFailed | ContentMismatch)


def _wanted(ask: Ask, repository: str) -> _Wanted | None:
    """What is read, where mirrors may have it: not what a writer looks at."""
    found = _PATH.fullmatch(ask.request.path)
    if not (found and ask.request.safe and found["name"] == repository and _only_reads(ask.scopes)):
        return None
    kind, rest = found["kind"], ask.request.path[len("/v2/") + len(repository) :]
    if kind == "manifests":
        return _Wanted("digest" if ":" in found["what"] else "tag", repository, rest)
    if kind == "blobs":
        return _Wanted("blob", repository, rest)
    return _Wanted("list", repository, rest)


def _only_reads(scopes: Sequence[Scope]) -> bool:
    return all(scope.actions == ("pull",) for scope in scopes)


def _at(endpoint: Endpoint, ask: Ask, repository: str, path: str) -> Ask:
    """The request as it is sent to the endpoint."""
    request, scopes = ask.request, ask.scopes
    if endpoint.headers or path != request.path:
        headers = {header.value.name: header.value.value.reveal() for header in endpoint.headers}
        request = replace(request, path=path, headers={**headers, **request.headers})
    if endpoint.repository != repository:
        scopes = tuple(replace(each, name=endpoint.repository) if each.name == repository else each for each in scopes)
    return replace(ask, request=request, site=endpoint.site, scopes=scopes)
