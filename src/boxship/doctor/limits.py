"""How often one may ask: what a registry's answers say of their limits, as Docker Hub's do. Pure."""

from __future__ import annotations

__all__ = ["limit_checks"]

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from boxship.doctor.report import Check, Status
from boxship.doctor.story import Story
from boxship.doctor.taken import words_of
from boxship.errors import BoxshipError, RateLimited

# Docker Hub: `RateLimit-Limit: 100;w=21600`. Others leave the window out, or write X- before the names.
_COUNT = re.compile(r"\s*(\d{1,12})\s*(?:;\s*w=(\d{1,9}))?")
_LIMIT, _REMAINING, _SOURCE = "ratelimit-limit", "ratelimit-remaining", "docker-ratelimit-source"
_NAMES = (_LIMIT, _REMAINING, f"x-{_LIMIT}", f"x-{_REMAINING}", _SOURCE, "retry-after")
_FEW = 0.1  # of what is allowed
_LOG_IN = "log in: who is known has a limit of their own, and a higher one; or pull through a cache"


@dataclass(frozen=True, slots=True)
class _Count:
    """A number of requests, in a window of seconds where that is said."""

    number: int
    window: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        found = _COUNT.match(text)
        return cls(int(found[1]), int(found[2] or 0)) if found else None


def limit_checks(story: Story, error: BoxshipError | None) -> Iterator[Check]:
    """What is told of limits, if anything is."""
    told = story.headers(*_NAMES)
    evidence = tuple(f"{name}: {told[name]}" for name in _NAMES if name in told)
    if isinstance(error, RateLimited) or 429 in story.statuses:
        yield _limited(error, evidence)
        return
    limit = _Count.parse(told.get(_LIMIT) or told.get(f"x-{_LIMIT}", ""))
    left = _Count.parse(told.get(_REMAINING) or told.get(f"x-{_REMAINING}", ""))
    if limit and left:
        yield _left(limit, left, told.get(_SOURCE, ""), evidence)


def _limited(error: BoxshipError | None, evidence: tuple[str, ...]) -> Check:
    if isinstance(error, RateLimited):
        remedy = f"{error.remedy}; {_LOG_IN}" if error.remedy else _LOG_IN
        return Check(id="limits.rate", status=Status.ERROR, words=words_of(error), evidence=evidence, remedy=remedy)
    words = "it answered 429, too many requests, before it gave what was asked for"
    return Check(id="limits.rate", status=Status.WARNING, words=words, evidence=evidence, remedy=_LOG_IN)


def _left(limit: _Count, left: _Count, source: str, evidence: tuple[str, ...]) -> Check:
    words = f"{left.number} of {limit.number} are left{_window(left.window or limit.window)}"
    if source:
        words += f", counted for {source}"
    few = left.number <= limit.number * _FEW
    status, remedy = (Status.WARNING, _LOG_IN) if few else (Status.OK, "")
    return Check(id="limits.rate", status=status, words=words, evidence=evidence, remedy=remedy)


def _window(seconds: int) -> str:
    """Docker Hub's is six hours."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds and not seconds % size:
            return f" of every {seconds // size} {unit}"
    return f" of every {seconds} s" if seconds else ""
