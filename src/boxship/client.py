"""`Client`: every verb of the library, from a reference to what a registry holds."""

from __future__ import annotations

__all__ = ["Client", "PlainHTTP"]

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from boxship.auth.finder import Finder
from boxship.connect.address import Address
from boxship.connect.crew import Crew
from boxship.connect.deadline import Bounds, Work, current_work
from boxship.errors import BoxshipError, Cancelled, InvalidReference, InvalidSettings, UnexpectedAnswer
from boxship.reference import Reference, Registry
from boxship.registry.listing import Listing
from boxship.settings.flags import PlainHTTP, read_credential, read_flags
from boxship.settings.hosts import site_of

if TYPE_CHECKING:
    import ssl

    from boxship.connect.means import Means
    from boxship.credential import Credential
    from boxship.digest import Digest
    from boxship.event import Listener
    from boxship.platform import Platform
    from boxship.registry.blobs import Blob
    from boxship.registry.manifests import Document
    from boxship.registry.ping import Pong
    from boxship.registry.remote import Remote
    from boxship.settings.daemon_json import Unsafe
    from boxship.settings.hosts import Site
    from boxship.spec.config import Config
    from boxship.spec.index import Index
    from boxship.spec.manifest import Manifest
    from boxship.transport.response import Response
    from boxship.transport.session import Session

# What a verb needs is imported in it: `boxship ls` is started too often to wait for what it does not use.
# ruff: noqa: PLC0415

Item = TypeVar("Item")
Result = TypeVar("Result")
_JOBS = 8  # digests looked up at a time


class Client:
    """Reads registries. Safe to use from several threads; close it, or use it in `with`.

    Args:
        plain_http: `auto` prefers TLS and permits plain HTTP, `always` and `never` tell it; by default https, but for
            loopback addresses and (anonymous reads only) private IP literals.
        insecure: `plain_http="auto"` without certificate checks, as crane's flag.
        skip_tls_verify: do not check certificates: of all hosts that are named to this client, or of those listed.
        username: sent, with `password`, to registries that ask for it; by default docker's settings are used.
        password: see `username`.
        credential: another `Credential` than a password, instead: a token, or none at all.
        ca_file: a PEM file with certificates of authorities to trust besides the system's.
        cert: a PEM file with the certificate that says who asks, where a host that is named wants one.
        key: the PEM file of its private key, where that is not in the same one.
        headers: sent with every request to hosts that are named to this client, to nobody else, and shown to nobody.
        user_agent: what to send as `User-Agent` instead of boxship's name and version.
        tls_context: a TLS context of your own, used as it is for hosts that are named to this client.
        resolve: where to dial: `{("reg.corp", 443): ("10.0.0.5", 8443)}`.
        ip_version: 4 or 6, to use only such addresses of names.
        memory: the folder where it is remembered how hosts were reached: by default in the user's cache folder; None
            keeps and knows nothing.
        refresh: ignore what is remembered, and remember anew.
        config: the folder of docker's `config.json`.
        timeout: seconds that a whole operation may take; by default none, though each of its phases has a bound.
        bounds: how long each phase may take.
        on_event: called with each `Event`, from whichever thread it happens in, and waited for. It may close this
            client, and not ask it for anything: what it would wait for may be waiting for it.
    """

    LONGEST_SMALL_BLOB = 8 * 1024 * 1024
    """What `read_blob` reads at most, where it is not told: an image's configuration is far smaller."""

    def __init__(
        self,
        *,
        plain_http: PlainHTTP | None = None,
        insecure: bool = False,
        skip_tls_verify: bool | Iterable[str] = False,
        username: str | None = None,
        password: str | None = None,
        credential: Credential | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        cert: str | os.PathLike[str] | None = None,
        key: str | os.PathLike[str] | None = None,
        headers: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        resolve: Mapping[tuple[str, int], tuple[str, int]] | None = None,
        ip_version: Literal[4, 6] | None = None,
        memory: str | os.PathLike[str] | None = "",
        refresh: bool = False,
        config: str | os.PathLike[str] | None = None,
        timeout: float | None = None,
        bounds: Bounds | None = None,
        on_event: Listener | None = None,
    ) -> None:
        if timeout is not None and not timeout > 0:
            why = f"{timeout!r} is no number of seconds above 0"
            raise InvalidSettings("timeout", why=why, remedy="leave it out where there is to be none")
        self._timeout, self._on_event = timeout, on_event
        self._bounds = bounds or Bounds()
        self._flags = read_flags(
            os.environ,
            plain_http=plain_http,
            insecure=insecure,
            skip_tls_verify=skip_tls_verify,
            ca_file=ca_file,
            cert=cert,
            key=key,
            headers=headers,
            user_agent=user_agent,
            ip_version=ip_version,
        )
        if cert and tls_context:
            raise InvalidSettings("cert and tls_context", why="a context of your own has its own certificate")
        self._told, self._tls_context = _told_places(resolve), tls_context
        self._memory, self._refresh = memory, refresh
        self._credential, self._config = read_credential(username, password, credential), os.fspath(config or "")
        self._finder = Finder(self._credential, self._config, self._bounds)
        self._session: Session | None = None
        self._unsafe: Unsafe | None = None
        self._crew = Crew(_JOBS, "boxship-client")
        self._lock = threading.Lock()
        self._works: set[Work] = set()
        self._sites: dict[Registry, Site] = {}
        self._closed = False

    # Verbs.

    def ping(self, registry: Registry | str) -> Pong:
        """How the registry answers `GET /v2/`, with a credential where it asks for one and there is one."""
        from boxship.registry.ping import ping

        with self._at(_registry(registry)) as remote:
            return ping(remote)

    def tags(self, repository: Reference | str, *, after: str | None = None, page_size: int | None = None) -> Listing:
        """The repository's tags, lazily: the next page is asked for when its first tag is wanted."""
        from boxship.registry.tags import tags

        reference = _reference(repository)
        return self._list(reference.registry, lambda remote: tags(remote, reference.repository, after, page_size))

    def catalog(self, registry: Registry | str, *, after: str | None = None, page_size: int | None = None) -> Listing:
        """The registry's repositories, lazily; many hosted registries do not tell."""
        from boxship.registry.catalog import catalog

        return self._list(_registry(registry), lambda remote: catalog(remote, after, page_size))

    def digest(self, reference: Reference | str) -> Digest:
        """The digest that the reference stands for, without reading the manifest where the registry says it."""
        from boxship.registry.manifests import resolve

        parsed = _reference(reference)
        with self._at(parsed.registry) as remote:
            return resolve(remote, parsed)

    def digests(self, references: Iterable[Reference | str]) -> Iterator[Digest]:
        """The digests that the references stand for, in their order, asked for in parallel."""
        return self._crew.map(self.digest, references)

    def attempt_each(self, verb: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | BoxshipError]:
        """What `verb` gives for each item, or the error it ended with, in the items' order, done in parallel."""

        def attempt(item: Item) -> Result | BoxshipError:
            try:
                return verb(item)
            except BoxshipError as error:
                return error

        return self._crew.map(attempt, items)

    def document(self, reference: Reference | str, *, platform: Platform | str | None = None) -> Document:
        """The manifest's or index's bytes as they are, verified; with `platform`, the manifest an index has for it."""
        from boxship.registry.manifests import choose_platform, read_manifest

        parsed, wanted = _reference(reference), None if platform is None else _platform(platform)
        with self._at(parsed.registry) as remote:
            document = read_manifest(remote, parsed)
            return choose_platform(remote, parsed, document, wanted) if wanted else document

    def manifest(self, reference: Reference | str, *, platform: Platform | str | None = None) -> Manifest | Index:
        """The manifest or index that the reference names; with `platform`, the manifest an index has for it."""
        from boxship.registry.manifests import parse_document

        return parse_document(self.document(reference, platform=platform))

    def config(self, reference: Reference | str, *, platform: Platform | str | None = None) -> Config:
        """The image's configuration; of an index, that for `platform` (by default this machine's, in Linux)."""
        from boxship.platform import Platform
        from boxship.spec.config import Config
        from boxship.spec.fields import Malformed
        from boxship.spec.manifest import Manifest

        parsed = _reference(reference)
        manifest = self.manifest(parsed, platform=platform or Platform.here())
        if not isinstance(manifest, Manifest):
            raise UnexpectedAnswer(f"{parsed} is an index of indexes", why="it has no configuration")
        raw = self.read_blob(parsed.with_digest(manifest.config.digest), size=manifest.config.size)
        try:
            return Config.parse(raw)
        except Malformed as error:
            raise UnexpectedAnswer(f"the configuration of {parsed} is malformed", why=str(error)) from error

    @contextmanager
    def open_blob(self, reference: Reference | str, *, size: int | None = None) -> Iterator[Blob]:
        """The blob `repository@digest` as a stream, verified while it flows; the last piece comes if all is right."""
        from boxship.registry.blobs import open_blob

        parsed = _reference(reference)
        digest = _digest_of(parsed)
        with self._at(parsed.registry) as remote, open_blob(remote, parsed.repository, digest, size=size) as blob:
            yield blob

    def read_blob(
        self, reference: Reference | str, *, size: int | None = None, limit: int = LONGEST_SMALL_BLOB
    ) -> bytes:
        """A small blob whole, verified; `BrokenAnswer` for one of more than `limit` bytes."""
        from boxship.registry.blobs import read_blob

        parsed = _reference(reference)
        with self._at(parsed.registry) as remote:
            return read_blob(remote, parsed.repository, _digest_of(parsed), limit=limit, size=size)

    @contextmanager
    def api(
        self,
        method: str,
        registry: Registry | str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Response]:
        """The registry's answer to a request of your own, whatever its status, with boxship's credentials and rules."""
        from boxship.registry.ping import ask

        with self._at(_registry(registry)) as remote, ask(remote, method, path, headers or {}, body) as response:
            yield response

    def means(self, registry: Registry | str) -> Means:
        """What this client would reach the registry by; nothing is dialled. For those who examine (`doctor`)."""
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
        return Means.of(self._site(_registry(registry), work), self._told, self._tls_context, told)

    # Life.

    def close(self) -> None:
        """Close all connections; what other threads wait for ends with `Cancelled`, and so does every later use."""
        with self._lock:
            self._closed = True
            works = tuple(self._works)
        for work in works:
            work.cancel()
        self._crew.close()
        if self._session:
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Operations.

    @contextmanager
    def _at(self, registry: Registry) -> Iterator[Remote]:
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

    def _list(self, registry: Registry, pages: Callable[[Remote], Iterator[tuple[str, ...]]]) -> Listing:
        def told() -> Iterator[tuple[str, ...]]:
            with self._at(registry) as remote:
                yield from pages(remote)

        return Listing(told())


def _reference(value: Reference | str) -> Reference:
    return value if isinstance(value, Reference) else Reference.parse(value)


def _registry(value: Registry | str) -> Registry:
    return value if isinstance(value, Registry) else Registry.parse(value)


def _platform(value: Platform | str) -> Platform:
    from boxship.platform import Platform

    return value if isinstance(value, Platform) else Platform.parse(value)


def _digest_of(reference: Reference) -> Digest:
    if not reference.digest:
        text = str(reference)
        raise InvalidReference(
            text, (len(text), len(text)), why="a blob is named by digest", remedy="repository@sha256:…"
        )
    return reference.digest


def _told_places(
    resolve: Mapping[tuple[str, int], tuple[str, int]] | None,
) -> Mapping[tuple[str, int], tuple[Address, ...]]:
    if not resolve:
        return {}
    from boxship.connect.means import told_places

    return told_places(resolve)
