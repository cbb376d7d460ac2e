"""Operations at registries, as one client does them: with its settings, over its connections, ended by its end."""

from __future__ import annotations

__all__ = ["Operations"]

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boxship.auth.finder import Finder
from boxship.connect.address import Address
from boxship.connect.deadline import Bounds, Work, current_work
from boxship.errors import BoxshipError, Cancelled
from boxship.reference import Registry
from boxship.registry.listing import Listing
from boxship.settings.hosts import Flags, site_of

if TYPE_CHECKING:
    import ssl

    from boxship.connect.means import Means
    from boxship.credential import Credential
    from boxship.event import Listener
    from boxship.registry.remote import Remote
    from boxship.settings.daemon_json import Unsafe
    from boxship.settings.hosts import Site
    from boxship.transport.session import Session

# What an operation needs is imported in it, as in `client`.
# ruff: noqa: PLC0415


class Operations:
    """Where a client's operations begin. Safe to use from several threads; `close` ends them all."""

    def __init__(
        self,
        flags: Flags,
        *,
        credential: Credential | None,
        config: str,
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
        self._credential, self._config = credential, config
        self._finder = Finder(credential, config, bounds)
        self._session: Session | None = None
        self._unsafe: Unsafe | None = None
        self._lock = threading.Lock()
        self._works: set[Work] = set()
        self._sites: dict[Registry, Site] = {}
        self._closed = False

    def close(self) -> None:
        """Close all connections; what other threads wait for ends with `Cancelled`, and so does every later use."""
        with self._lock:
            self._closed = True
            works = tuple(self._works)
        for work in works:
            work.cancel()
        if self._session:
            self._session.close()

    @contextmanager
    def at(self, registry: Registry) -> Iterator[Remote]:
        """The registry, for one operation; an error that leaves it has the operation's story."""
        remote = self._remote(registry)
        with self._lock:
            if self._closed:
                raise Cancelled("the client is closed")
            self._works.add(remote.work)
        try:
            yield remote
        except BoxshipError as error:
            error.during(remote.work.trace.events)
            raise
        finally:
            with self._lock:
                self._works.discard(remote.work)

    def list(self, registry: Registry, pages: Callable[[Remote], Iterator[tuple[str, ...]]]) -> Listing:
        """What `pages` gives, lazily, as one operation."""

        def told() -> Iterator[tuple[str, ...]]:
            with self.at(registry) as remote:
                yield from pages(remote)

        return Listing(told())

    def means(self, registry: Registry) -> Means:
        """What the registry would be reached by; nothing is dialled."""
        from boxship.connect.means import Means, Told, memory_folder

        work = Work(listener=self._on_event)
        self._finder.check(work)
        told = Told(
            self._flags,
            self._credential,
            self._config,
            memory_folder(self._memory),
            self._refresh,
            self._bounds,
            self._timeout,
            self._on_event,
        )
        return Means.of(self._site(registry, work), self._told, self._tls_context, told)

    def _remote(self, registry: Registry) -> Remote:
        work = current_work.get() or Work(timeout=self._timeout, listener=self._on_event)
        self._finder.check(work)
        from boxship.registry.remote import Remote

        return Remote(self._session or self._opened(), self._site(registry, work), work)

    def _site(self, registry: Registry, work: Work) -> Site:
        site = self._sites.get(registry)  # many operations are at few registries
        if site is None:
            site = self._sites[registry] = site_of(registry, self._flags, lambda: self._read_unsafe(work))
        return site

    def _read_unsafe(self, work: Work) -> Unsafe:
        """What docker's daemon holds to be insecure; read once, when the first host needs it."""
        if self._unsafe is None:
            from boxship.settings.daemon_json import daemon_files, read_daemon_json

            unsafe = read_daemon_json(daemon_files(os.environ))
            for warning in unsafe.warnings:
                work.trace.say("Settings", warning, level="W")
            self._unsafe = unsafe  # two threads may have read it: it says the same
        return self._unsafe

    def _opened(self) -> Session:
        """The session, made when the first registry is reached: a client that is only made costs little."""
        from boxship.connect.connector import Connector
        from boxship.connect.contexts import Contexts
        from boxship.connect.means import memory_folder, proxies_of
        from boxship.connect.resolve import Resolver
        from boxship.transport.session import Session
        from boxship.wire.message import USER_AGENT

        with self._lock:
            if self._session is None:
                flags = self._flags
                connector = Connector(
                    Resolver(self._told, only=flags.ip_version),
                    Contexts(self._tls_context),
                    self._bounds,
                    proxies=proxies_of(os.environ),
                    memory=memory_folder(self._memory),
                    refresh=self._refresh,
                    user_agent=flags.user_agent.value if flags.user_agent else USER_AGENT,
                )
                headers = (header.value for header in flags.headers)
                self._session = Session(connector, self._bounds, self._finder, headers)
            return self._session


def _told_places(
    resolve: Mapping[tuple[str, int], tuple[str, int]] | None,
) -> Mapping[tuple[str, int], tuple[Address, ...]]:
    if not resolve:
        return {}
    from boxship.connect.means import told_places

    return told_places(resolve)
