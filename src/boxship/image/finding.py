"""What is wrong with an image."""

from __future__ import annotations

__all__ = ["WRONG", "Finding", "words_of"]

from typing import Self

from boxship.errors import BoxshipError, ContentMismatch, NotFound, UnexpectedAnswer
from boxship.value import dataclass

WRONG = (NotFound, ContentMismatch, UnexpectedAnswer)
"""What an image can be to blame for: what keeps it from being looked at is no finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: where, and what it is."""

    where: str
    what: str

    @classmethod
    def of(cls, where: str, error: BoxshipError) -> Self:
        """What an error says of it."""
        return cls(where, words_of(error))

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def words_of(error: BoxshipError) -> str:
    """An error as what is wrong with what was read."""
    if isinstance(error, NotFound):
        return "it is not there"
    return error.why or error.what
