"""Doing again what has met trouble that may pass, as a part of something larger: an image of which much is there.

Requests that only read, and are answered, are asked again by `transport/retry`.
"""

from __future__ import annotations

__all__ = ["MOST_TRIES", "growing", "may_pass", "patiently", "pause", "unbroken"]

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from boxship.connect.deadline import Work
from boxship.errors import BoxshipError, BrokenAnswer, RateLimited, RegistryError
from boxship.event import Fact
from boxship.transport.retry import LONGEST_RETRY_AFTER, worth_retrying

Result = TypeVar("Result")

MOST_TRIES = 5  # of which none brought anything
_MOST_READS = 2
_FIRST_PAUSE = 0.3  # seconds, doubled from then on


def patiently(work: Work, act: Callable[[], Result]) -> Result:
    """What `act` gives, which may be done twice: again after an answer that may pass, or that broke off."""
    return _again(work, act, MOST_TRIES, may_pass)


def unbroken(work: Work, act: Callable[[], Result]) -> Result:
    """What `act` reads: again where its connection broke."""
    return _again(work, act, _MOST_READS, lambda error: isinstance(error, BrokenAnswer))


def _again(work: Work, act: Callable[[], Result], most: int, wanted: Callable[[BoxshipError], bool]) -> Result:
    for tries in count(1):
        try:
            return act()
        except (BrokenAnswer, RegistryError) as error:
            work.check()
            if tries > most or not wanted(error):
                raise
            seconds = pause(error, tries)
            facts: dict[str, Fact] = {"why": str(error), "seconds": round(seconds, 3)}
            work.trace.say("Retry", f"{error}: again in {seconds:.1f} s", level="W", facts=facts)
            work.sleep(seconds)
    raise AssertionError("counting ends")


def may_pass(error: BoxshipError) -> bool:
    """Whether the same may be answered otherwise a little later."""
    if isinstance(error, RateLimited):
        return error.retry_after <= LONGEST_RETRY_AFTER
    return isinstance(error, BrokenAnswer) or (isinstance(error, RegistryError) and worth_retrying(error.status))


def pause(error: BoxshipError, tries: int) -> float:
    """Seconds to wait after so many tries: as long as was asked for, or else a little longer each time."""
    asked = error.retry_after if isinstance(error, RateLimited) else 0.0
    return max(asked, growing(_FIRST_PAUSE, tries))


def growing(first: float, number: int) -> float:
    """Seconds of the pause with this number: `first`, doubled each time, and up to half as long again."""
    import random  # noqa: PLC0415 -- seldom needed

    return first * 2.0 ** (number - 1) * (1 + random.random() / 2)  # noqa: S311 -- spreads clients, hides nothing
