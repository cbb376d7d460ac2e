"""Quotas: how many bytes, tags and repositories there may be, in all or where a pattern matches.

A repository's bytes are those of its manifests and of its blobs: a blob that several have counts in each. The tables
keep the sums (`schema`); a quota is kept in the transaction that would pass it, whoever else pushes. What has come of
uploads is no repository's yet, and counts when it is to be.
"""

from __future__ import annotations

__all__ = ["Quota", "QuotaExceeded", "Quotas", "Usage", "read_size"]

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Self

from boxship.errors import InvalidSettings
from boxship.server.access.rights import Pattern
from boxship.server.database import Rows, Transaction
from boxship.value import dataclass

_AMOUNT = re.compile(r"(\d{1,15})(?:([kKMGT])(i?)B)?")
_POWERS = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}

# A query and its parameters, of a connection that reads or one that writes.
Read = Callable[[str, Sequence[object]], Rows]


def read_size(text: str) -> int | None:
    """The number that settings write as `500`, `50GB` or `500MiB`; None for what is none."""
    found = _AMOUNT.fullmatch(text)
    if not found:
        return None
    unit = 1024 if found[3] else 1000
    return int(found[1]) * int(unit ** _POWERS.get(found[2], 0))


class QuotaExceeded(Exception):
    """There would be more than there may be; the text says how much that is, and how much there is."""


class Usage(NamedTuple):
    """How much there is; the fields are what quotas are of."""

    bytes: int
    tags: int
    repositories: int


@dataclass(frozen=True, slots=True)
class Quota:
    """The most of `what`, a field of `Usage`, that the repositories may have that the pattern matches, together."""

    what: str
    pattern: Pattern
    most: int

    @classmethod
    def parse(cls, what: str, text: str) -> Self:
        """The quota that settings write as `AMOUNT` or `PATTERN=AMOUNT`, or `InvalidSettings`."""
        pattern, _, amount = text.rpartition("=")
        size = read_size(amount)
        if size is None or (what != "bytes" and not amount.isdigit()):
            remedy = "for example 50GB, or team/**=500MiB" if what == "bytes" else "for example 100, or team/**=20"
            flag = "--quota" if what == "bytes" else f"--quota-{what}"
            raise InvalidSettings(f"{flag} {text}", why=f"{amount!r} is no number of {what}", remedy=remedy)
        return cls(what, Pattern.parse(pattern or "**"), size)

    def used(self, read: Read) -> int:
        """How much there is of it."""
        return int(getattr(_usage(read, self.pattern), self.what))

    def check(self, used: int, more: int) -> None:
        """Raise `QuotaExceeded` where `more` would pass it; what adds nothing is always right."""
        if more > 0 and used + more > self.most:
            raise QuotaExceeded(f"{self.pattern} may have {self.most} {self.what}: {used} are there, {more} would come")


class Quotas:
    """All the quotas of a registry."""

    def __init__(self, quotas: Iterable[Quota] = ()) -> None:
        self._quotas = tuple(quotas)

    @classmethod
    def parse(cls, **texts: Iterable[str]) -> Self:
        """The quotas as settings write them, by what they are of; or `InvalidSettings`."""
        return cls(Quota.parse(what, text) for what, given in texts.items() for text in given)

    @contextmanager
    def kept(self, connection: Transaction, repository: str) -> Iterator[None]:
        """While something is written to the repository; raises `QuotaExceeded`, which undoes it."""
        before = [(quota, quota.used(connection.execute)) for quota in self.of(repository)]
        yield
        for quota, used in before:
            quota.check(used, quota.used(connection.execute) - used)

    def check_room(self, read: Read, repository: str, size: int) -> None:
        """Raise `QuotaExceeded` where a blob of `size` bytes, or more, would pass one: it need not come."""
        known = read("SELECT 1 FROM repo WHERE name = ?", (repository,)).fetchone()
        more = Usage(bytes=size, tags=0, repositories=0 if known else 1)
        for quota in self.of(repository):
            quota.check(quota.used(read), getattr(more, quota.what))

    def room(self, read: Read, repository: str, most: int) -> int:
        """How many bytes a blob can have there, `most` where no quota says less."""
        quotas = [quota for quota in self.of(repository) if quota.what == "bytes"]
        return max(0, min([most, *(quota.most - quota.used(read) for quota in quotas)]))

    def of(self, repository: str) -> list[Quota]:
        """Those that are for this repository."""
        return [quota for quota in self._quotas if quota.pattern.matches(repository)]


def _usage(read: Read, pattern: Pattern) -> Usage:
    if pattern.is_everything:
        return Usage(*read("SELECT coalesce(sum(bytes), 0), coalesce(sum(tags), 0), count(*) FROM repo", ()).fetchone())
    # Only those whose names begin as the pattern does.
    start = str(pattern).partition("*")[0]
    rows = read("SELECT name, bytes, tags FROM repo WHERE name >= ? AND name < ?", (start, f"{start}\x7f"))
    found = [(size, tags) for name, size, tags in rows if pattern.matches(name)]
    return Usage(sum(size for size, _ in found), sum(tags for _, tags in found), len(found))
