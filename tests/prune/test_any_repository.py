"""Repositories of any shape, and any rules: whatever stays is whole, and what a plan says is what happens."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.media_type import OCI_MANIFEST
from boxship.prune.applying import apply_plan
from boxship.prune.plan import Plan
from boxship.prune.planning import InUse, make_part
from boxship.prune.rules import Rules
from boxship.reference import Reference
from boxship.sync.semver import Range
from boxship.testing import registry
from tests.prune.images import DAY, put_aged, put_index, put_referrer


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    with registry(allow_delete=True) as running:
        yield running.address


class Made:
    """A repository that chance made: its tags, what indexes consist of, and what refers to what."""

    def __init__(self, at: str, repository: str, chance: random.Random) -> None:
        self.tags, self.parts, self.subjects = dict[str, Digest](), dict[Digest, list[Digest]](), dict[Digest, Digest]()
        images = [self._image(at, repository, chance, number) for number in range(6)]
        indexes = [self._index(at, repository, chance, images, number) for number in range(3)]
        for number in range(4):
            subject = chance.choice([*images, *indexes, *self.subjects])
            name = chance.choice(["", "", f"sbom-{number}"])
            referrer = put_referrer(at, repository, subject, name)
            self.subjects[referrer] = subject
            self._name(name, referrer)

    def _image(self, at: str, repository: str, chance: random.Random, number: int) -> Digest:
        days, note = chance.choice([None, 1, 20, 40, 90]), f"{repository} {number}"
        names = [f"{number}.{minor}" for minor in range(chance.randrange(3))] + chance.choice([[], [f"pr-{number}"]])
        for name in names or [""]:
            digest = put_aged(at, repository, name, days, note)
            self._name(name, digest)
        return digest

    def _index(self, at: str, repository: str, chance: random.Random, images: list[Digest], number: int) -> Digest:
        parts, name = chance.sample(images, chance.randrange(1, 4)), chance.choice(["", f"index-{number}"])
        subject = chance.choice([None, None, *images])
        about = {"subject": {"mediaType": OCI_MANIFEST, "digest": str(subject), "size": 1}} if subject else {}
        digest = put_index(at, repository, name, parts, annotations={"number": str(number)}, **about)
        self.parts[digest] = parts
        if subject:
            self.subjects[digest] = subject
        self._name(name, digest)
        return digest

    def _name(self, name: str, digest: Digest) -> None:
        if name:
            self.tags[name] = digest

    def needed(self, digests: set[Digest]) -> set[Digest]:
        """The manifests with their parts, and all that refers to them."""
        found = set(digests)
        while True:
            more = {part for digest in found for part in self.parts.get(digest, ())}
            more |= {referrer for referrer, subject in self.subjects.items() if subject in found}
            if more <= found:
                return found
            found |= more


def any_rules(chance: random.Random) -> Rules:
    return Rules(
        newest=chance.choice([None, 0, 1, 3]),
        semver=chance.choice([None, Range.parse(">=3")]),
        within=chance.choice([None, 30 * DAY]),
        match=chance.choice([("*",), ("pr-*", "index-*")]),
        immutable=chance.choice([(), ("1.*",), ("index-1", "sbom-*")]),
        exclude=chance.choice([(), ("sbom-2", "index-*")]),
        untagged=chance.choice([True, False]),
        grace=0.0,
    )


@pytest.mark.parametrize("seed", range(30))
def test_what_stays_is_whole(at: str, seed: int) -> None:
    chance = random.Random(seed)
    name = f"app{seed}"
    made, rules, repository = Made(at, name, chance), any_rules(chance), Reference.parse(f"{at}/{name}")
    used = chance.sample(sorted(made.parts, key=str), 1)
    in_use = InUse({}, dict.fromkeys(used, "somewhere"))
    with Client() as client:
        part = make_part(client, repository, rules, in_use, time.time())
        assert {tag.name for tag in (*part.keep, *part.remove, *part.untag)} == set(made.tags)
        list(apply_plan(client, Plan(0.0, (part,))))
        assert {tag.name: tag.digest for tag in part.keep} == {
            tag: client.digest(f"{at}/{name}:{tag}") for tag in client.tags(repository)
        }
        whole = made.needed({tag.digest for tag in part.keep} | set(used))
        lacking = [one for one in whole if isinstance(_asked(client, repository, one), BoxshipError)]
        assert lacking == []
        gone = [one.digest for one in part.delete]
        assert [one for one in gone if not isinstance(_asked(client, repository, one), BoxshipError)] == []
        again = make_part(client, repository, rules, in_use, time.time())
        assert (again.untag, [tag.name for tag in again.remove]) == ((), [])


def _asked(client: Client, repository: Reference, digest: Digest) -> Digest | BoxshipError:
    return next(client.attempt_digests([repository.with_digest(digest)]))
