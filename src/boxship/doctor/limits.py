"""How often one may ask: what a registry's answers say of their limits, as Docker Hub's do. Pure."""

from __future__ import annotations

__all__ = ["limit_checks"]

import time
from collections.abc import Iterator

from boxship.doctor.report import Check, Status
from boxship.doctor.story import Story
from boxship.doctor.taken import words_of
from boxship.errors import BoxshipError, RateLimited
from boxship.wire.limits import NAMES, read_limits

_FEW = 0.1  # of what is allowed
_LOG_IN = "log in: who is known has a limit of their own, and a higher one; or pull through a cache"


def limit_checks(story: Story, error: BoxshipError | None) -> Iterator[Check]:
    """What is told of limits, if anything is."""
    told = story.headers(*NAMES, "retry-after")
    evidence = tuple(f"{name}: {told[name]}" for name in (*NAMES, "retry-after") if name in told)
    if isinstance(error, RateLimited) or 429 in story.statuses:
        yield _limited(error, evidence)
        return
    limits = read_limits(lambda name: told.get(name, ""), time.time())
    if limits:
        few = limits.left <= limits.allowed * _FEW
        status, remedy = (Status.WARNING, _LOG_IN) if few else (Status.OK, "")
        yield Check(id="limits.rate", status=status, words=str(limits), evidence=evidence, remedy=remedy)


def _limited(error: BoxshipError | None, evidence: tuple[str, ...]) -> Check:
    if isinstance(error, RateLimited):
        remedy = f"{error.remedy}; {_LOG_IN}" if error.remedy else _LOG_IN
        return Check(id="limits.rate", status=Status.ERROR, words=words_of(error), evidence=evidence, remedy=remedy)
    words = "it answered 429, too many requests, before it gave what was asked for"
    return Check(id="limits.rate", status=Status.WARNING, words=words, evidence=evidence, remedy=_LOG_IN)
