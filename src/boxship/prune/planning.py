"""From rules to a plan: what goes with what is taken away, and what has to stay for what is kept."""

from __future__ import annotations

__all__ = ["InUse", "make_part"]

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from boxship.audit.use import Use
from boxship.client import Client
from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.prune.lists import referrers_of, untagged_of
from boxship.prune.plan import Gone, Part, Tag, timestamp
from boxship.prune.rules import Candidate, Decision, Rules, decide
from boxship.prune.survey import Survey, read_ages, read_stored, read_tags
from boxship.reference import DEFAULT_TAG, Reference
from boxship.value import dataclass
from boxship.wire.routes import referrers_tag

_NO_LIST = (
    "this registry lists no manifests without a tag (boxship's does for those who may delete): "
    "its own garbage collection finds them (docker-registry: registry garbage-collect --delete-untagged)"
)
_OF_DOCKER = "docker-pullable://"  # before the imageID of a container that docker runs for a node
_CHILDREN_STAY = "what deleted indexes consist of stays for the registry's own garbage collection"


@dataclass(frozen=True, slots=True)
class InUse:
    """The images of a repository that are in use, by tag and by digest, each with where."""

    tags: Mapping[str, str]
    digests: Mapping[Digest, str]

    @classmethod
    def of(cls, uses: Iterable[Use], repository: Reference) -> InUse:
        """Those of the uses that are of the repository."""
        tags, digests = dict[str, str](), dict[Digest, str]()
        for use in uses:
            try:
                image = Reference.parse(use.image.removeprefix(_OF_DOCKER))
                locked = Digest.parse(use.digest) if use.digest else None
            except InvalidReference:
                continue  # nobody can use it
            if (_host(image), image.repository) != (_host(repository), repository.repository):
                continue
            for digest in filter(None, (image.digest, locked)):
                digests.setdefault(digest, use.at)
            if image.tag or not image.digest:
                tags.setdefault(image.tag or DEFAULT_TAG, use.at)
        return cls(tags, digests)


def _host(image: Reference) -> str:
    """The registry, by whichever of its spellings: who uses an image writes another one than who prunes."""
    return image.registry.name.lower().removesuffix(":443").removesuffix(":80")


def make_part(client: Client, repository: Reference, rules: Rules, in_use: InUse, now: float) -> Part:
    """What the rules make of a repository, as it is at this moment: nothing goes that anything needs which stays."""
    tags, loose = read_tags(client, repository), untagged_of(client, repository, older=0.0) or ()
    survey = Survey(
        repository, tags, read_stored(client, repository, (*tags.values(), *in_use.digests, *rules.manifests, *loose))
    )
    ages = read_ages(client, survey) if rules.by_age else {}
    decided = _decided(survey, rules, in_use, ages, now)
    listed = untagged_of(client, repository, older=rules.grace) if rules.untagged else None
    guarded = _guarded(survey, decided, in_use)
    while True:
        making = _Making(client, survey, rules, in_use, decided=decided, listed=listed, guarded=guarded)
        part = making.part()
        deleted = {gone.digest for gone in part.delete}
        staying = (*(tag.digest for tag in (*part.keep, *part.untag)), *(one for one in loose if one not in deleted))
        needed = survey.closure(staying) & deleted
        if not needed:
            return part
        guarded |= needed  # of what goes with an image that stays after all


def _decided(
    survey: Survey, rules: Rules, in_use: InUse, ages: Mapping[Digest, float], now: float
) -> dict[str, Decision]:
    """What becomes of the tags that go with no other image."""
    own = [tag for tag in survey.tags if not survey.is_companion(tag)]
    used = {tag: in_use.digests[digest] for tag, digest in survey.tags.items() if digest in in_use.digests}
    candidates = [Candidate(tag, ages.get(survey.tags[tag])) for tag in own]
    return {one.tag: one for one in decide(rules, candidates, {**used, **in_use.tags}, now)}


def _guarded(survey: Survey, decided: Mapping[str, Decision], in_use: InUse) -> set[Digest]:
    """What has to stay: what kept tags and users stand for, what this is about, and all that it consists of."""
    kept = (survey.tags[tag] for tag, one in decided.items() if one.kept)
    used = {*in_use.digests, *(survey.tags[tag] for tag in in_use.tags if tag in survey.tags)}
    found = survey.closure((*kept, *used))
    subjects = {survey.stored[digest].subject for digest in found if digest in survey.stored}
    return survey.closure((*found, *filter(None, subjects)))


class _Making:
    """One part, while it is made."""

    def __init__(
        self,
        client: Client,
        survey: Survey,
        rules: Rules,
        in_use: InUse,
        *,
        decided: Mapping[str, Decision],
        listed: Sequence[Digest] | None,
        guarded: Collection[Digest],
    ) -> None:
        self._client, self._survey, self._rules = client, survey, rules
        self._decided, self._in_use, self._listed, self._guarded = decided, in_use, listed, guarded
        self._goes = {tag: one.why for tag, one in decided.items() if not one.kept}
        self._delete = dict[Digest, str]()
        self._tags = dict[Digest, frozenset[str]]()
        self._about = dict[Digest, list[str]]()
        for tag, digest in survey.tags.items():
            if subject := survey.subject(tag):
                self._about.setdefault(subject, []).append(tag)
            self._tags[digest] = self._tags.get(digest, frozenset()) | {tag}

    def part(self) -> Part:
        """The part."""
        for tag, why in self._goes.items():
            digest = self._survey.tags[tag]
            if digest not in self._guarded and not self._named(digest) - self._goes.keys():
                self._delete.setdefault(digest, f"{tag}: {why}")
        for digest in self._rules.manifests:
            if digest not in self._guarded and not self._named(digest) - self._goes.keys():
                self._delete.setdefault(digest, "it was named")
        self._add_companions(tuple(self._delete))
        self._add_companions(self._add_untagged())
        remove, untag = self._split()
        return Part(
            self._survey.repository,
            self._rules.document(),
            tuple(self._tag(tag, why) for tag, why in self._keeps()),
            remove,
            untag,
            tuple(Gone(digest, self._delete[digest]) for digest in sorted(self._delete, key=self._wholes_first)),
            tuple(self._notes()),
        )

    def _add_companions(self, subjects: Iterable[Digest]) -> None:
        """What refers to what goes follows it, and what refers to that in turn."""
        wave = list(subjects)
        while wave:
            listed = referrers_of(self._client, self._survey.repository, wave) or {}
            new = list[Digest]()
            for subject in wave:
                why = f"it goes with {subject}"
                for tag in self._about.get(subject, ()):
                    if not self._stays(tag):
                        self._goes.setdefault(tag, why)
                        self._add(self._survey.tags[tag], why, new)
                for digest in (*listed.get(subject, ()), *self._listed_by_tag(subject)):
                    self._add(digest, why, new)
            wave = new

    def _listed_by_tag(self, subject: Digest) -> Iterator[Digest]:
        """What the tag of a subject lists, where the registry lists no referrers."""
        listed = self._survey.tags.get(referrers_tag(subject))
        if listed and listed in self._survey.stored:
            yield from self._survey.stored[listed].children

    def _stays(self, tag: str) -> bool:
        is_told = tag in self._in_use.tags or bool(self._rules.spared(tag))
        return is_told or self._survey.tags[tag] in self._guarded

    def _add(self, digest: Digest, why: str, new: list[Digest]) -> None:
        is_needed = digest in self._guarded or self._named(digest) - self._goes.keys()
        if digest not in self._delete and not is_needed:
            self._delete[digest] = why
            new.append(digest)

    def _named(self, digest: Digest) -> frozenset[str]:
        return self._tags.get(digest, frozenset())

    def _add_untagged(self) -> list[Digest]:
        """What has no tag, and nobody needs."""
        if not self._listed:
            return []
        every = self._survey
        staying = (digest for tag, digest in every.tags.items() if tag not in self._goes)
        needed = every.with_referrers((*staying, *self._in_use.digests, *self._guarded))
        loose = [digest for digest in self._listed if digest not in needed and digest not in self._delete]
        self._delete |= dict.fromkeys(loose, "it has no tag")
        return loose

    def _wholes_first(self, digest: Digest) -> int:
        """What it consists of goes after it: a plan that is interrupted leaves nothing that lacks a part."""
        return -len(self._survey.closure([digest]))

    def _split(self) -> tuple[tuple[Tag, ...], tuple[Tag, ...]]:
        """The tags that go with their manifests, and those that go alone."""
        going = [self._tag(tag, why) for tag, why in self._goes.items()]
        return (
            tuple(tag for tag in going if tag.digest in self._delete),
            tuple(tag for tag in going if tag.digest not in self._delete),
        )

    def _keeps(self) -> Iterator[tuple[str, str]]:
        for tag in self._survey.tags:
            if tag not in self._goes:
                decision = self._decided.get(tag)
                yield tag, decision.why if decision else self._rules.spared(tag) or self._goes_with(tag)

    def _goes_with(self, tag: str) -> str:
        return f"it goes with {self._survey.subject(tag) or 'what is not here'}"

    def _tag(self, tag: str, why: str) -> Tag:
        decision = self._decided.get(tag)
        created = timestamp(decision.created) if decision and decision.created else ""
        return Tag(tag, self._survey.tags[tag], why, created)

    def _notes(self) -> Iterator[str]:
        if self._rules.untagged and self._listed is None:
            yield _NO_LIST
        indexes = (digest for digest in self._delete if digest in self._survey.stored)
        if self._listed is None and any(self._survey.stored[digest].children for digest in indexes):
            yield _CHILDREN_STAY
