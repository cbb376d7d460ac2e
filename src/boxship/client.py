"""`Client`: every verb of the library, from a reference to what a registry holds."""

from __future__ import annotations

__all__ = ["Client", "PlainHTTP"]

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from boxship.connect.crew import Crew
from boxship.connect.deadline import Bounds
from boxship.errors import BoxshipError, InvalidReference, InvalidSettings, UnexpectedAnswer
from boxship.reference import Reference, Registry
from boxship.registry.operations import Operations
from boxship.settings.flags import PlainHTTP, read_credential, read_flags

if TYPE_CHECKING:
    import ssl

    from boxship.connect.means import Means
    from boxship.credential import Credential
    from boxship.digest import Digest
    from boxship.event import Listener
    from boxship.platform import Platform
    from boxship.registry.blobs import Blob
    from boxship.registry.listing import Listing
    from boxship.registry.manifests import Document
    from boxship.registry.ping import Pong
    from boxship.spec.config import Config
    from boxship.spec.index import Index
    from boxship.spec.manifest import Manifest
    from boxship.transport.response import Response

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
        if cert and tls_context:
            raise InvalidSettings("cert and tls_context", why="a context of your own has its own certificate")
        flags = read_flags(
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
        self._operations = Operations(
            flags,
            credential=read_credential(username, password, credential),
            config=os.fspath(config or ""),
            resolve=resolve,
            tls_context=tls_context,
            memory=memory,
            refresh=refresh,
            timeout=timeout,
            bounds=bounds or Bounds(),
            on_event=on_event,
        )
        self._at, self._list = self._operations.at, self._operations.list
        self._crew = Crew(_JOBS, "boxship-client")

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
        with (
            self._at(parsed.registry) as remote,
            open_blob(remote, parsed.repository, digest, size=size) as blob,
        ):
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

        with (
            self._at(_registry(registry)) as remote,
            ask(remote, method, path, headers or {}, body) as response,
        ):
            yield response

    def means(self, registry: Registry | str) -> Means:
        """What this client would reach the registry by; nothing is dialled. For those who examine (`doctor`)."""
        return self._operations.means(_registry(registry))

    # Life.

    def close(self) -> None:
        """Close all connections; what other threads wait for ends with `Cancelled`, and so does every later use."""
        self._operations.close()
        self._crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
