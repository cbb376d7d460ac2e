"""What upstreams said, for as long as that counts as recent, and a while beyond for when they cannot be asked."""

from __future__ import annotations

__all__ = ["Known"]

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Known(Generic[Value]):
    """Answers by question: those found out last, at most `most`; each is fresh for `fresh` seconds."""

    def __init__(self, clock: Callable[[], float], fresh: float, most: int) -> None:
        self._clock, self._fresh, self._most = clock, fresh, most
        self._answers: dict[Hashable, tuple[float, Value]] = {}

    def note(self, question: Hashable, answer: Value) -> None:
        """Note an answer that was given now."""
        self._answers.pop(question, None)
        self._answers[question] = self._clock(), answer
        if len(self._answers) > self._most:
            del self._answers[next(iter(self._answers))]

    def fresh(self, question: Hashable) -> Value | None:
        """The answer, if it was given a moment ago."""
        when, answer = self._answers.get(question, (0.0, None))
        return answer if self._clock() - when < self._fresh else None

    def last(self, question: Hashable) -> Value | None:
        """The answer, whenever it was given."""
        return self._answers.get(question, (0.0, None))[1]
