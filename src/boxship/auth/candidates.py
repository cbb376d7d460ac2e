"""The credentials of each repository, one after the other: one that is refused is followed by the next.

That is how the kubelet goes about several. Where the last one is refused, too, whoever comes next begins anew.
"""

from __future__ import annotations

__all__ = ["Candidates", "Finds", "Want"]

import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Protocol

from boxship.auth.scope import Scope
from boxship.auth.telling import tell_found, tell_next
from boxship.connect.deadline import Work
from boxship.connect.holding import held
from boxship.credential import Credential
from boxship.settings.docker_config import Lookup
from boxship.settings.hosts import Site


class Finds(Protocol):
    """Who knows credentials."""

    @property
    def preemptive(self) -> bool:
        """Whether one is sent before it is asked for."""

    @property
    def offline(self) -> bool:
        """Whether a token server is asked for a refresh token besides."""

    def candidates(self, site: Site, repository: str, work: Work) -> Iterator[Lookup]:
        """What may be sent there, in the order in which it is tried: at least one, if only nobody's."""

    def ask(self, found: Lookup, work: Work) -> Credential | None:
        """The credential itself, None where a helper has none."""


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


class _Found:
    """The credentials of a repository, as far as they were needed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # a helper is asked by one thread
        self.left: list[Lookup] | None = None
        self.credentials: list[Credential] = []
        self.turn: dict[tuple[Scope, ...], int] = {}  # what one may read with, one may perhaps not write with


class Candidates:
    """Which credential is in turn. Safe to use from several threads."""

    def __init__(self, finds: Finds) -> None:
        self._finds = finds
        self._lock = threading.Lock()
        self._found: defaultdict[tuple[Site, str], _Found] = defaultdict(_Found)

    def current(self, want: Want) -> Credential:
        """The credential in turn, perhaps an anonymous one."""
        found = self._of(want)
        with held(found.lock, want.work.check):
            if not found.credentials:
                self._find_next(found, want)
            return found.credentials[found.turn.get(want.scopes, 0)]

    def another(self, want: Want, refused: Credential) -> bool:
        """Whether there is another one than the refused, which is then in turn."""
        found = self._of(want)
        with held(found.lock, want.work.check):
            turn = found.turn.get(want.scopes, 0)
            if found.credentials[turn] != refused:
                return True  # another thread has seen to it
            there = turn + 1 < len(found.credentials) or self._find_next(found, want)
            found.turn[want.scopes] = turn + 1 if there else 0
            if there:
                tell_next(want.work.trace, want.site, refused)
            return there

    def known(self, want: Want) -> tuple[Credential, ...]:
        """All that were found so far, in their order."""
        return tuple(self._of(want).credentials)

    def _of(self, want: Want) -> _Found:
        with self._lock:
            return self._found[want.site, _repository(want.scopes)]

    def _find_next(self, found: _Found, want: Want) -> bool:
        """Find one more that is not known yet; the first time, there is always one."""
        if found.left is None:
            found.left = [*self._finds.candidates(want.site, _repository(want.scopes), want.work)]
        nothing = list[str]()
        while found.left:
            candidate = found.left[0]
            credential = self._finds.ask(candidate, want.work)
            del found.left[0]  # after it was asked: what fails is asked again
            if credential and not _is_known(credential, found.credentials):
                tell_found(want.work.trace, want.site, credential)
                found.credentials.append(credential)
                return True
            nothing.append(_nothing_in(candidate))
        if found.credentials:
            return False
        nobody = Credential.anonymous(source="; ".join(nothing))
        tell_found(want.work.trace, want.site, nobody)
        found.credentials.append(nobody)
        return True


def _is_known(credential: Credential, others: list[Credential]) -> bool:
    """Whether the same was found elsewhere."""
    return any(
        (credential.kind, credential.username, credential.secret) == (other.kind, other.username, other.secret)
        for other in others
    )


def _nothing_in(candidate: Lookup) -> str:
    if isinstance(candidate, Credential):
        return candidate.source
    return f"docker-credential-{candidate.name} keeps nothing for {' or '.join(candidate.keys)}"


def _repository(scopes: tuple[Scope, ...]) -> str:
    """Whose credential it is: of several (a blob that is mounted), the first, which is written to."""
    return next((scope.name for scope in scopes if scope.kind == "repository"), "")
