"""What has been asked for, and will be waited for later."""

from __future__ import annotations

__all__ = ["Ahead"]

from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Meaning = TypeVar("Meaning")


class Ahead(Generic[Answer]):
    """A request on its way. Whoever has it waits for its answer, or drops it; dropping an answered one does nothing."""

    __slots__ = ("answer", "drop")

    def __init__(self, answer: Callable[[], Answer], drop: Callable[[], None]) -> None:
        self.answer, self.drop = answer, drop

    def then(self, read: Callable[[Callable[[], Answer]], Meaning]) -> Ahead[Meaning]:
        """The same, with what `read` makes of the answer when it is waited for."""
        return Ahead(lambda: read(self.answer), self.drop)
