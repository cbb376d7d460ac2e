"""What is in a repository: its tags, what they stand for, and what those consist of, as of one moment."""

from __future__ import annotations

__all__ = ["Stored", "Survey", "read_ages", "read_stored", "read_tags"]

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar

from boxship import media_type
from boxship.client import Client
from boxship.companions import about
from boxship.digest import Digest
from boxship.errors import BoxshipError, NotFound
from boxship.prune.lists import raised
from boxship.reference import Reference
from boxship.registry.manifests import Document, parse_document
from boxship.spec.config import Config
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed
from boxship.spec.manifest import Manifest
from boxship.sync.chosen import read_moment
from boxship.value import dataclass, field
from boxship.wire.routes import referrers_tag

Found = TypeVar("Found")

# Reproducible builds say that all was made at the beginning of time: 1970, or 1980, where zip's begins.
_BEGINNING = datetime.fromisoformat("1980-01-02T00:00:00Z").timestamp()


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest: what it consists of, what it is about, and its image's configuration."""

    digest: Digest
    children: tuple[Digest, ...] = ()
    subject: Digest | None = None
    config: Descriptor | None = None


@dataclass(frozen=True)
class Survey:
    """A repository: digests by tag, and the manifests behind them."""

    repository: Reference
    tags: Mapping[str, Digest]
    stored: Mapping[Digest, Stored] = field(repr=False)

    def closure(self, digests: Iterable[Digest]) -> set[Digest]:
        """The manifests, with all that they consist of."""
        found, waiting = set[Digest](), list(digests)
        while waiting:
            digest = waiting.pop()
            if digest not in found:
                found.add(digest)
                waiting += self.stored[digest].children if digest in self.stored else ()
        return found

    def with_referrers(self, digests: Iterable[Digest]) -> set[Digest]:
        """The same, and whatever of the repository refers to any of them."""
        found, more = set[Digest](), self.closure(digests)
        while more - found:
            found |= more
            more = self.closure(one.digest for one in self.stored.values() if one.subject in found)
        return found

    def subject(self, tag: str) -> Digest | None:
        """What a tag goes with, by its name or by what it stands for; None where nobody knows it, or for no other."""
        stem, stored = about(tag), self.stored.get(self.tags[tag])
        if stem.startswith("sha256-"):
            return Digest.parse(stem.replace("-", ":"))
        return self._stems.get(stem) or (stored.subject if stored else None)

    def is_companion(self, tag: str) -> bool:
        """Whether a tag goes with something."""
        return bool(about(tag)) or self.subject(tag) is not None

    @cached_property
    def _stems(self) -> Mapping[str, Digest]:
        """The manifests by how the tags of their companions begin: not all of a digest has room in a tag."""
        return {referrers_tag(digest): digest for digest in self.stored}


def read_tags(client: Client, repository: Reference) -> dict[str, Digest]:
    """What each tag stands for; one that stands for nothing any more is none."""
    tags = sorted(client.tags(repository))
    found = client.attempt_digests(Reference(repository.registry, repository.repository, tag) for tag in tags)
    return {tag: said for tag, said in zip(tags, map(_there, found), strict=True) if said is not None}


def read_stored(client: Client, repository: Reference, digests: Iterable[Digest]) -> dict[Digest, Stored]:
    """The manifests with those that they consist of, as far as they are there."""
    known, upcoming = dict[Digest, Stored](), list(dict.fromkeys(digests))
    while upcoming:
        documents = client.attempt_documents([repository.with_digest(digest) for digest in upcoming])
        for digest, document in zip(upcoming, map(_there, documents), strict=True):
            if document is not None:
                known[digest] = _stored(digest, document)
        below = (child for digest in upcoming if digest in known for child in known[digest].children)
        upcoming = [child for child in dict.fromkeys(below) if child not in known]
    return known


def _stored(digest: Digest, document: Document) -> Stored:
    if media_type.bare(document.media_type).startswith(media_type.DOCKER_SCHEMA_1):
        return Stored(digest)  # it has no configuration, and nobody knows its age
    parsed = parse_document(document)
    subject = parsed.subject.digest if parsed.subject else None
    if isinstance(parsed, Manifest):
        return Stored(digest, (), subject, parsed.config)
    return Stored(digest, tuple(one.digest for one in parsed.manifests), subject)


def read_ages(client: Client, survey: Survey) -> dict[Digest, float]:
    """When the images behind tags were made, where they say so: an index when the last of its images was."""
    tagged = survey.closure(survey.tags.values())
    configs = {one.digest: one.config for one in survey.stored.values() if one.config and one.digest in tagged}
    read = client.attempt_each(lambda digest: _created(client, survey.repository, configs[digest]), configs)
    made = {digest: said for digest, said in zip(configs, map(_there, read), strict=True) if said}
    ages = ((digest, [made[one] for one in survey.closure([digest]) if one in made]) for digest in survey.tags.values())
    return {digest: max(moments) for digest, moments in ages if moments}


def _created(client: Client, repository: Reference, config: Descriptor) -> float | None:
    raw = client.read_blob(repository.with_digest(config.digest), size=config.size)
    try:
        moment = read_moment(Config.parse(raw).created).astimezone(UTC).timestamp()
    except (Malformed, ValueError, OverflowError):  # an artifact's, or one that does not say
        return None
    return moment if moment > _BEGINNING else None


def _there(said: Found | BoxshipError) -> Found | None:
    """What was found; None where there is nothing."""
    return None if isinstance(said, NotFound) else raised(said)
