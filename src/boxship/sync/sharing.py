"""Several processes that share one mirror, each its part of the images; a blob that some of them need comes once.

A repository's images are one shard's. What several shards need is brought by the lowest of them, to a repository that
all of them know, and the others wait: the lowest begins first, as pods of an Indexed Job do. What does not come they
bring themselves.
"""

from __future__ import annotations

__all__ = ["ALONE", "PATIENCE", "Blob", "Shard", "Sharing", "shard_of", "share"]

import hashlib
import time
from collections.abc import Iterable, Mapping
from typing import Self

from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.reference import Reference, Registry
from boxship.sync.plan import Step
from boxship.value import dataclass, field

Blob = tuple[Registry, Digest]
"""A blob of a registry that is written to."""
PATIENCE = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many parts, counted from 0."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `i/n` writes; `InvalidSettings`."""
        number, _, of = text.partition("/")
        if not (number.isascii() and number.isdigit() and of.isascii() and of.isdigit() and int(number) < int(of)):
            why = "it is written i/n, counted from 0"
            raise InvalidSettings(f"--shard {text}", why=why, remedy="for example --shard 0/4")
        return cls(int(number), int(of))

    def has(self, target: Reference) -> bool:
        """Whether an image of this name is its own."""
        return shard_of(target, self.of) == self.number

    def is_below(self, target: Reference) -> bool:
        """Whether it is its own, or that of a shard which begins before it."""
        return shard_of(target, self.of) <= self.number


def shard_of(target: Reference, count: int) -> int:
    """Which shard has the repository."""
    name = f"{target.registry}/{target.repository}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") % count


@dataclass(frozen=True, slots=True)
class Sharing:
    """Where blobs go, and which shards bring them.

    Attributes:
        number: of this shard.
        owners: by blob, the number of the shard that brings it, and the repository.
        patience: seconds from the beginning until what has not come is brought here.
    """

    number: int = 0
    owners: Mapping[Blob, tuple[int, str]] = field(default_factory=dict)
    patience: float = PATIENCE
    began: float = field(default_factory=time.monotonic)

    def elsewhere(self, blob: Blob) -> bool:
        """Whether another shard brings it, and is still waited for."""
        owner = self.owners.get(blob)
        return owner is not None and owner[0] != self.number and time.monotonic() - self.began < self.patience

    def home(self, blob: Blob) -> str:
        """The repository that all shards look for it in; '' where none needs to."""
        return self.owners[blob][1] if blob in self.owners else ""


ALONE = Sharing()


def share(steps: Iterable[Step], shard: Shard, patience: float = PATIENCE) -> Sharing:
    """Where the blobs of the shard's steps go, from those of all shards that are not above it, in the plan's order.

    Each of them finds the same: a blob is the lowest shard's that has it, in that one's first repository with it.
    """
    owners = dict[Blob, tuple[int, str]]()
    own = set[Blob]()
    for step in steps:
        number = shard_of(step.target, shard.of)
        blobs = [(step.target.registry, digest) for digest in step.blobs or ()]
        own.update(blobs if number == shard.number else ())
        for blob in blobs:
            known = owners.get(blob)
            if number <= shard.number and (known is None or number < known[0]):
                owners[blob] = number, step.target.repository
    return Sharing(shard.number, {blob: owners[blob] for blob in own}, patience)
