"""Which upstream, and what there, a request to a cache means: by its path, or by what containerd adds to it."""

from __future__ import annotations

__all__ = ["Place", "Places"]

from collections.abc import Iterable
from typing import Self

from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import DOCKER_HUB, Registry
from boxship.server.answer import Refusal
from boxship.server.proxy.upstream import Source
from boxship.value import dataclass
from boxship.wire.grammar import is_repository


@dataclass(frozen=True, slots=True)
class Place:
    """A repository of an upstream: whose it is, what it is called there, and what it is called here."""

    source: Source
    there: str
    here: str

    def __str__(self) -> str:
        return f"{self.source.registry}/{self.there}"


@dataclass(frozen=True, slots=True)
class Places:
    """Places in the registries that a cache stands in for. The first is meant where a request does not say which."""

    sources: tuple[Source, ...]

    @classmethod
    def of(cls, sources: Iterable[Source]) -> Self:
        """These, or `InvalidSettings` where two have one name, or one has a name that no repository can begin with."""
        found = tuple(sources)
        names = [source.name for source in found]
        for name in names:
            if not is_repository(name) or "/" in name:
                raise InvalidSettings(
                    f"--proxy {name}",
                    why="repositories here cannot begin with this",
                    remedy="give it a name: NAME=REGISTRY",
                )
            if names.count(name) > 1:
                raise InvalidSettings(f"--proxy {name}", why="it is given twice")
        return cls(found)

    def place(self, repository: str, namespace: str | None = None) -> Place:
        """What a request for `repository` means; `namespace` is the registry that containerd says it is for (`?ns=`).

        Refuses a namespace that is none of these.
        """
        if namespace:
            return _place(self._of(namespace), repository)
        first, slash, rest = repository.partition("/")
        named = next((source for source in self.sources if slash and source.name == first), None)
        return _place(named, rest) if named else _place(self.sources[0], repository)

    def _of(self, namespace: str) -> Source:
        try:
            asked = Registry.parse(namespace)
        except InvalidReference as error:
            raise Refusal(400, "NAME_INVALID", "ns should be a registry") from error
        for source in self.sources:
            if asked.name in (source.name, source.registry.name):
                return source
        raise Refusal(404, "NAME_UNKNOWN", f"this cache does not stand in for {asked.name}")


def _place(source: Source, repository: str) -> Place:
    # Docker's clients write what Docker Hub calls library/busybox in full, people do not. Another registry may have its
    # name here: one that stands in for it, too.
    is_hub = source.registry.is_docker_hub or source.name == DOCKER_HUB
    there = f"library/{repository}" if is_hub and "/" not in repository else repository
    return Place(source, there, f"{source.name}/{there}")
