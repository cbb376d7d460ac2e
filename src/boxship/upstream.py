"""A registry that a cache stands in for, reached by a `Client`: what `boxship registry serve --proxy` is given.

The registry itself knows of it only what `server.proxy.upstream` says, in whose words this is.
"""

from __future__ import annotations

__all__ = ["Source", "Upstream"]

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Self

from boxship.client import Client
from boxship.connect.deadline import Bounds
from boxship.digest import Digest
from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Reference, Registry
from boxship.registry.blobs import Blob, stated_size
from boxship.registry.manifests import Document
from boxship.registry.referrers import referrers
from boxship.spec.descriptor import Descriptor
from boxship.value import dataclass
from boxship.wire import routes

# Somebody waits at the other end, who may be served what is here: sooner than a person would give up.
_BOUNDS = Bounds(patience=2.0, first_byte=20.0, document=20.0)


@dataclass(frozen=True, slots=True)
class Source:
    """An upstream by name, as plain values: it is opened in the process that asks it.

    Credentials and how the registry is reached are found as for every client: from docker's and podman's files there.
    """

    name: str
    registry: Registry

    @classmethod
    def parse(cls, text: str) -> Self:
        """The upstream that `REGISTRY` or `NAME=REGISTRY` writes; its repositories begin with the name here."""
        name, told, registry = text.rpartition("=")
        try:
            parsed = Registry.parse(registry)
        except InvalidReference as error:
            raise InvalidSettings(f"--proxy {text}", why=error.why, remedy="for example docker.io") from error
        return cls(name if told else parsed.name, parsed)

    def open(self) -> Upstream:
        """The upstream; nothing is asked for yet."""
        return Upstream(self.registry)


class Upstream:
    """The registry, open. Safe to use from several threads."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._client = Client(bounds=_BOUNDS)

    def digest(self, repository: str, tag: str) -> Digest:
        """What the tag names, by HEAD where the registry says it there: no pull is counted."""
        return self._client.digest(Reference(self._registry, repository, tag))

    def document(self, repository: str, digest: Digest) -> Document:
        """The manifest or index, verified."""
        return self._client.document(self._named(repository, digest))

    def blob(self, repository: str, digest: Digest) -> AbstractContextManager[Blob]:
        """The blob, verified while it flows."""
        return self._client.open_blob(self._named(repository, digest))

    def blob_size(self, repository: str, digest: Digest) -> int | None:
        """How many bytes it has, by HEAD; None where it may not be read there, or that is not said."""
        with self._client.api("HEAD", self._registry, routes.blob(repository, digest)) as response:
            return stated_size(response.head) if response.status == 200 else None

    def tags(self, repository: str) -> Iterable[str]:
        """All tags, page by page."""
        return self._client.tags(Reference(self._registry, repository))

    def referrers(self, repository: str, digest: Digest) -> Sequence[Descriptor]:
        """What refers to it, as the registry lists it, or by its tag where it does not know how."""
        with self._client._operations.at(self._registry) as remote:
            return referrers(remote, repository, digest)

    def close(self) -> None:
        """End what is in progress, and every later use."""
        self._client.close()

    def _named(self, repository: str, digest: Digest) -> Reference:
        return Reference(self._registry, repository, digest=digest)
