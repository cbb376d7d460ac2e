"""What a registry should hold, as dictionaries: the reference that the real one is compared with."""

from __future__ import annotations

__all__ = ["HOUR", "Model", "Stored"]

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest, the digests it needs, and when it was pushed, or last lost a tag."""

    body: bytes = field(repr=False)
    kind: str
    children: frozenset[str]
    subject: str
    pushed: float


@dataclass(slots=True)
class Model:
    """Everything by repository and name; blobs with the time of their link, and of the last word about them."""

    now: float = 1_000_000.0
    links: dict[tuple[str, str], float] = field(default_factory=dict)
    touched: dict[str, float] = field(default_factory=dict)
    manifests: dict[tuple[str, str], Stored] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)

    def link(self, repository: str, blob: str) -> None:
        self.links[repository, blob] = self.touched[blob] = self.now

    def told(self, blob: str) -> None:
        if self.now - self.touched[blob] >= HOUR:
            self.touched[blob] = self.now

    def has_all(self, repository: str, digests: Iterable[str]) -> bool:
        return all((repository, name) in self.links or (repository, name) in self.manifests for name in digests)

    def put(self, repository: str, digest: str, stored: Stored, tags: Iterable[str]) -> None:
        self.manifests[repository, digest] = stored
        for tag in tags:
            if self.tags.get((repository, tag)) != digest:
                self.delete_tag(repository, tag)
            self.tags[repository, tag] = digest

    def delete_tag(self, repository: str, tag: str) -> bool:
        """What it named is as good as pushed now."""
        digest = self.tags.pop((repository, tag), None)
        if digest:
            self.manifests[repository, digest] = replace(self.manifests[repository, digest], pushed=self.now)
        return digest is not None

    def delete_manifest(self, repository: str, digest: str) -> None:
        del self.manifests[repository, digest]
        for key in [key for key, named in self.tags.items() if key[0] == repository and named == digest]:
            del self.tags[key]

    def needed(self, repository: str, digest: str) -> bool:
        """Whether a manifest of the repository refers to it."""
        return any(digest in each.children for each in self._of(repository))

    def unnamed(self, cutoff: float) -> AbstractSet[tuple[str, str]]:
        """The manifests that neither a tag nor a manifest that stays has, or is the subject of."""
        gone: set[tuple[str, str]] = set()
        while more := {key for key in self.manifests.keys() - gone if self._is_unnamed(key, cutoff, gone)}:
            gone |= more
        return gone

    def unneeded(self, cutoff: float) -> AbstractSet[tuple[str, str]]:
        """The links that no manifest needs, old enough."""
        return {
            (repository, blob)
            for (repository, blob), linked in self.links.items()
            if max(linked, self.touched[blob]) < cutoff and not self.needed(repository, blob)
        }

    def sweep(self, cutoff: float, *, untagged: bool) -> tuple[int, int]:
        """Take what a sweep takes: how many manifests, how many links."""
        manifests = self.unnamed(cutoff) if untagged else frozenset()
        for repository, digest in manifests:
            self.delete_manifest(repository, digest)
        links = self.unneeded(cutoff)
        for key in links:
            del self.links[key]
        return len(manifests), len(links)

    def _of(self, repository: str) -> Iterator[Stored]:
        return (each for (where, _), each in self.manifests.items() if where == repository)

    def _is_unnamed(self, key: tuple[str, str], cutoff: float, gone: AbstractSet[tuple[str, str]]) -> bool:
        repository, digest = key
        stored = self.manifests[key]
        tagged = any(where == repository and named == digest for (where, _), named in self.tags.items())
        listed = any(
            digest in each.children
            for (where, other), each in self.manifests.items()
            if where == repository and (where, other) not in gone
        )
        about = (repository, stored.subject)
        return stored.pushed < cutoff and not (tagged or listed or (about in self.manifests and about not in gone))
