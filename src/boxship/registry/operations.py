"""Operations at registries, as one client does them: with its settings, over its connections, ended by its end."""

from __future__ import annotations

__all__ = ["Operations"]

import os
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from boxship.auth.finder import Finder
from boxship.connect.address import Address
from boxship.connect.deadline import Bounds, Work, current_work, own_part
from boxship.errors import BoxshipError, Cancelled
from boxship.reference import Registry
from boxship.registry.listing import Listing
from boxship.registry.whereabouts import Whereabouts
from boxship.settings.access import Access
from boxship.settings.hosts import Flags
from boxship.value import replace

if TYPE_CHECKING:
    import ssl

    from boxship.connect.means import Means
    from boxship.credential import Credential
    from boxship.event import Listener
    from boxship.registry.remote import Remote
    from boxship.transport.ahead import Ahead
    from boxship.transport.session import Session

# What an operation needs is imported in it, as in `client`.
# ruff: noqa: PLC0415

Item = TypeVar("Item")


class Operations:
    """Where a client's operations begin. Safe to use from several threads; `close` ends them all."""

    def __init__(
        self,
        flags: Flags,
        *,
        access: Access,
        resolve: Mapping[tuple[str, int], tuple[str, int]] | None,
        tls_context: ssl.SSLContext | None,
        memory: str | os.PathLike[str] | None,
        refresh: bool,
        timeout: float | None,
        bounds: Bounds,
        on_event: Listener | None,
    ) -> None:
        """The words are those of `Client`."""
        self._flags, self._told, self._tls_context = flags, _told_places(resolve), tls_context
        self._memory, self._refresh = memory, refresh
        self._timeout, self._bounds, self._on_event = timeout, bounds, on_event
        self.access, self.bounds = access, bounds
        self._finder = Finder(access, bounds)
        self._like_this = partial(
            Operations,
            flags,
            resolve=resolve,
            tls_context=tls_context,
            memory=memory,
            refresh=refresh,
            timeout=timeout,
            bounds=bounds,
            on_event=on_event,
        )
        self.whereabouts = Whereabouts(flags, bounds, self._opened, self._say)
        self._lock = threading.Lock()
        self._works: dict[object, Work] = {}
        self._closed = False

    def close(self) -> None:
        """Close all connections; what other threads wait for ends with `Cancelled`, and so does every later use."""
        with self._lock:
            self._closed = True
            works = tuple(self._works.values())
        for work in works:
            work.cancel()
        self.whereabouts.close()

    def anew(self) -> Operations:
        """Others like these, without connections; closed where these are."""
        same = self._like_this(access=self.access)
        same._closed = self._closed
        return same

    def sending(self, credential: Credential) -> Operations:
        """Others like these, which send this credential and no other, and ask for a refresh token with it."""
        return self._like_this(access=replace(self.access, credential=credential, pull_secrets=None, offline=True))

    def forget_credentials(self) -> None:
        """Look for credentials anew: what is kept has changed."""
        self._finder.forget()
        self.whereabouts.forget_credentials()

    @contextmanager
    def at(self, registry: Registry) -> Iterator[Remote]:
        """The registry, for one operation; an error that leaves it has the operation's story."""
        remote = self._remote(registry)
        with self._ended_by_close(remote.work):
            yield remote

    @contextmanager
    def work(self) -> Iterator[Work]:
        """An operation of several: those that begin inside are its parts, at whichever registry, and end with it.

        An error that leaves it ends them all.
        """
        with own_part(self._new_work) as part, self._ended_by_close(part):
            yield part

    @contextmanager
    def _ended_by_close(self, work: Work) -> Iterator[None]:
        key = object()  # the same work may be that of several
        with self._lock:
            if self._closed:
                raise Cancelled("the client is closed")
            self._works[key] = work
        try:
            yield
        except BoxshipError as error:
            error.during(work.trace.events)
            raise
        finally:
            with self._lock:
                del self._works[key]

    def _new_work(self) -> Work:
        return Work(timeout=self._timeout, listener=self._on_event)

    def ahead(self, registry: Registry, ask: Callable[[Remote], Ahead[Item] | None]) -> Generator[Item | None]:
        """As one operation, what `ask` sends and later waits for: None once it is sent, and then its answer.

        Nothing where it was not sent.
        """
        with self.at(registry) as remote:
            sent = ask(remote)
            if sent is None:
                return
            try:
                yield None
                yield sent.answer()
            finally:
                sent.drop()

    def list(self, registry: Registry, pages: Callable[[Remote], Iterator[tuple[str, ...]]]) -> Listing:
        """What `pages` gives, lazily, as one operation."""

        def told() -> Iterator[tuple[str, ...]]:
            with self.at(registry) as remote:
                yield from pages(remote)

        return Listing(told())

    def means(self, registry: Registry, repository: str = "") -> Means:
        """What the registry would be reached by for a repository of it; nothing is dialled."""
        from boxship.connect.given import memory_folder
        from boxship.connect.means import Means, Told

        work = Work(listener=self._on_event)
        self._finder.check(work)
        told = Told(
            self._flags,
            self.access,
            memory_folder(self._memory),
            self._refresh,
            self.whereabouts.bounds(self.whereabouts.files.table(registry.api).timeouts),
            self._timeout,
            self._on_event,
        )
        where = self.whereabouts
        site = where.site(registry, repository)
        endpoints = where.endpoints(registry, repository) if repository else None
        return Means.of(site, self._told, self._tls_context, told, files=where.files, endpoints=endpoints)

    def _remote(self, registry: Registry) -> Remote:
        work = current_work.get() or self._new_work()
        self._finder.check(work)
        from boxship.registry.remote import Remote

        where = self.whereabouts
        site = where.site(registry)
        return Remote(where.session(where.files.table(registry.api).timeouts), site, work, where.ways(registry))

    def _say(self, warning: str) -> None:
        """Something is odd in a file of settings."""
        (current_work.get() or Work(listener=self._on_event)).trace.say("Settings", warning, level="W")

    def _opened(self, bounds: Bounds) -> Session:
        """A session, made when the first registry is reached: a client that is only made costs little."""
        from boxship.connect.connector import Connector
        from boxship.connect.contexts import Contexts
        from boxship.connect.given import memory_folder, proxies_of, uploads_folder
        from boxship.connect.resolve import Resolver
        from boxship.transport.session import Session
        from boxship.wire.message import USER_AGENT

        flags = self._flags
        connector = Connector(
            Resolver(self._told, only=flags.ip_version),
            Contexts(self._tls_context),
            bounds,
            proxies=proxies_of(os.environ),
            memory=memory_folder(self._memory),
            refresh=self._refresh,
            user_agent=flags.user_agent.value if flags.user_agent else USER_AGENT,
        )
        session = Session(connector, bounds, self._finder, (header.value for header in flags.headers))
        session.uploads = uploads_folder(self._memory)
        return session


def _told_places(
    resolve: Mapping[tuple[str, int], tuple[str, int]] | None,
) -> Mapping[tuple[str, int], tuple[Address, ...]]:
    if not resolve:
        return {}
    from boxship.connect.given import told_places

    return told_places(resolve)
