"""A step of the way to the content: what it gave or what ended it, and how long it took."""

from __future__ import annotations

__all__ = ["Result", "Taken", "take", "words_of"]

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from boxship.connect.deadline import OPERATION, Work, current_work
from boxship.doctor.report import Check, Status
from boxship.errors import BoxshipError, ConnectFailed, TimedOut
from boxship.value import dataclass

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Taken(Generic[Result]):
    """What came of a step; one of `value` and `error` is None. `ms` are milliseconds."""

    value: Result | None
    error: BoxshipError | None
    ms: float

    def failed(self, name: str, at: str = "") -> Check:
        """The check of a step that was ended by an error."""
        error = self.error
        assert error
        evidence = error.evidence if isinstance(error, ConnectFailed | TimedOut) else ()
        words, remedy = words_of(error), error.remedy
        return Check(id=name, status=Status.ERROR, at=at, words=words, ms=self.ms, evidence=evidence, remedy=remedy)


def take(work: Work, step: Callable[[], Result]) -> Taken[Result]:
    """Do the step as a part of `work`, in whichever thread this is."""
    token, began = current_work.set(work), time.monotonic()
    try:
        return Taken(step(), None, (time.monotonic() - began) * 1000)
    except BoxshipError as error:
        return Taken(None, _plainly(error), (time.monotonic() - began) * 1000)
    finally:
        current_work.reset(token)


def words_of(error: BoxshipError) -> str:
    """What failed and why."""
    return f"{error.what}: {error.why}" if error.why else error.what


def _plainly(error: BoxshipError) -> BoxshipError:
    """The error; where the examination's own bound ended the step, what was waited for is what there is to say."""
    if isinstance(error, TimedOut) and error.phase == OPERATION and error.evidence:
        error.why = error.evidence[0]
    return error
