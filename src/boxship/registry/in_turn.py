"""Many small questions in one thread: several are sent before the first answer is waited for.

A thread for each would spend more on taking turns than on asking (benchmarks/results).
"""

from __future__ import annotations

__all__ = ["attempted", "in_turn"]

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Generic, TypeVar

from boxship.connect.crew import Crew
from boxship.errors import BoxshipError

Item = TypeVar("Item")
Result = TypeVar("Result")

_LEFT_ALONE = 0.5  # seconds


def in_turn(
    begin: Callable[[Item], Generator[Result | None]],
    ask: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    crew: Crew,
    most: int,
) -> Iterator[Result]:
    """The answers in the items' order, at most so many questions on their way; an error is raised in its place.

    `begin` sends what needs no wait, and then gives its answer (`Operations.ahead`). Where it sends nothing, one of the
    crew's threads does what `ask` does.
    """
    row = _Row(begin, ask, crew)
    try:
        for item in items:
            row.add(item)
            if len(row.questions) >= most:
                yield row.answer()
        while row.questions:
            yield row.answer()
    finally:
        row.drop()


def attempted(
    begin: Callable[[Item], Generator[Result | None]],
) -> Callable[[Item], Generator[Result | BoxshipError | None]]:
    """The same, with the error as the answer where what was sent ends with one."""

    def sent(item: Item) -> Generator[Result | BoxshipError | None]:
        has_begun = False
        with closing(begin(item)) as steps:
            try:
                for step in steps:
                    yield step
                    has_begun = True
            except BoxshipError as error:
                if has_begun:
                    yield error

    return sent


class _Question(Generic[Item, Result]):
    """One on its way: `steps` where it was sent from here, else `result`, which waits for a thread."""

    __slots__ = ("at", "item", "result", "steps")

    def __init__(self, item: Item, at: float) -> None:
        self.item, self.at = item, at
        self.steps: Generator[Result | None] | None = None
        self.result: Callable[[], Result] | None = None


class _Row(Generic[Item, Result]):
    def __init__(
        self, begin: Callable[[Item], Generator[Result | None]], ask: Callable[[Item], Result], crew: Crew
    ) -> None:
        self._begin, self._ask, self._crew = begin, ask, crew
        self._waited = 0.0  # seconds in all
        self.questions: deque[_Question[Item, Result]] = deque()

    def add(self, item: Item) -> None:
        """Begin with the item's question."""
        question = _Question[Item, Result](item, self._alone)
        question.steps = self._sent(item)
        if not question.steps:
            question.result = self._crew.begin(self._ask, item)
        self.questions.append(question)

    def answer(self) -> Result:
        """The first question's answer, waited for."""
        question, began = self.questions.popleft(), time.monotonic()
        try:
            return self._answered(question)
        finally:
            self._waited += time.monotonic() - began

    def drop(self) -> None:
        """Nobody will wait any more. What a thread has begun, it finishes."""
        for question in self.questions:
            if question.steps:
                question.steps.close()

    def _sent(self, item: Item) -> Generator[Result | None] | None:
        try:
            steps = self._begin(item)
            next(steps)
        except StopIteration:
            return None
        except BoxshipError:
            return None  # `ask` meets it again, and it is raised in its place
        return steps

    def _answered(self, question: _Question[Item, Result]) -> Result:
        if question.result:
            return question.result()
        assert question.steps
        try:
            # Bounds of time are for registries: while the reader did something else, they went on.
            if self._alone - question.at > _LEFT_ALONE:
                return self._ask(question.item)
            return next(question.steps)  # type: ignore[return-value] # only what comes first is None
        finally:
            question.steps.close()

    @property
    def _alone(self) -> float:
        """Grows while nobody waits for an answer."""
        return time.monotonic() - self._waited
