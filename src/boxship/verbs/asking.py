"""The verbs of `Client` that ask a registry for something, and give it as the registry has it."""

from __future__ import annotations

__all__ = ["Asking"]

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boxship.errors import InvalidReference, UnexpectedAnswer
from boxship.reference import Reference, Registry
from boxship.verbs.words import chosen_platform, named_reference, named_registry

if TYPE_CHECKING:
    from boxship.digest import Digest
    from boxship.platform import Platform
    from boxship.registry.blobs import Blob
    from boxship.registry.listing import Listing
    from boxship.registry.manifests import Document
    from boxship.registry.operations import Operations
    from boxship.registry.ping import Pong
    from boxship.spec.config import Config
    from boxship.spec.index import Index
    from boxship.spec.manifest import Manifest
    from boxship.transport.response import Response
    from boxship.wire.limits import Limits

# What a verb needs is imported in it, as in `client`.
# ruff: noqa: PLC0415


class Asking:
    """Names, manifests and blobs of registries; nothing is asked of a place in files."""

    _operations: Operations

    LONGEST_SMALL_BLOB = 8 * 1024 * 1024
    """What `read_blob` reads at most, where it is not told: an image's configuration is far smaller."""

    def ping(self, registry: Registry | str) -> Pong:
        """How the registry answers `GET /v2/`, with a credential where it asks for one and there is one."""
        from boxship.registry.ping import ping

        with self._operations.at(named_registry(registry)) as remote:
            return ping(remote)

    def limits(self, registry: Registry | str) -> Limits | None:
        """How often the registry may be asked and how much of that is left; None where it does not say."""
        from boxship.registry.limits import limits

        parsed = named_registry(registry)
        with self._operations.at(parsed) as remote:
            return limits(remote, parsed)

    def tags(self, repository: Reference | str, *, after: str | None = None, page_size: int | None = None) -> Listing:
        """The repository's tags, lazily: the next page is asked for when its first tag is wanted."""
        from boxship.registry.tags import tags

        reference = named_reference(repository)
        return self._operations.list(
            reference.registry, lambda remote: tags(remote, reference.repository, after, page_size)
        )

    def catalog(self, registry: Registry | str, *, after: str | None = None, page_size: int | None = None) -> Listing:
        """The registry's repositories, lazily; many hosted registries do not tell."""
        from boxship.registry.catalog import catalog

        return self._operations.list(named_registry(registry), lambda remote: catalog(remote, after, page_size))

    def digest(self, reference: Reference | str) -> Digest:
        """The digest that the reference stands for, without reading the manifest where the registry says it."""
        from boxship.registry.manifests import resolve

        parsed = named_reference(reference)
        with self._operations.at(parsed.registry) as remote:
            return resolve(remote, parsed)

    def document(self, reference: Reference | str, *, platform: Platform | str | None = None) -> Document:
        """The manifest's or index's bytes as they are, verified; with `platform`, the manifest an index has for it."""
        from boxship.registry.manifests import choose_platform, read_manifest

        parsed, wanted = named_reference(reference), chosen_platform(platform)
        with self._operations.at(parsed.registry) as remote:
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

        parsed = named_reference(reference)
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

        parsed = named_reference(reference)
        digest = _digest_of(parsed)
        with (
            self._operations.at(parsed.registry) as remote,
            open_blob(remote, parsed.repository, digest, size=size) as blob,
        ):
            yield blob

    def read_blob(
        self, reference: Reference | str, *, size: int | None = None, limit: int = LONGEST_SMALL_BLOB
    ) -> bytes:
        """A small blob whole, verified; `BrokenAnswer` for one of more than `limit` bytes."""
        from boxship.registry.blobs import read_blob

        parsed = named_reference(reference)
        with self._operations.at(parsed.registry) as remote:
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
            self._operations.at(named_registry(registry)) as remote,
            ask(remote, method, path, headers or {}, body) as response,
        ):
            yield response


def _digest_of(reference: Reference) -> Digest:
    if not reference.digest:
        text = str(reference)
        raise InvalidReference(
            text, (len(text), len(text)), why="a blob is named by digest", remedy="repository@sha256:…"
        )
    return reference.digest
