"""An image that a file names: as it is written there, and exactly where."""

from __future__ import annotations

__all__ = ["Complaint", "Text", "Use", "Uses"]

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate
from typing import Self

from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True)
class Use:
    """One place where an image is named.

    Attributes:
        image: the reference, with what variables stand for.
        file: the file, as it was named; `-` is standard input.
        line: from 1 on.
        column: from 1 on.
        what: for whom, in words: `Deployment web, container app`.
        start: where it stands in the file's text; quotes are a part of it.
        end: where it ends.
        written: what stands there, with its variables and without its quotes.
        digest: what a list, or a lock file, says that it stands for; '' where nothing is said.
        apart: which parts of it are fields of their own, beside `written`.
        shared: whether the scalar is also another field's, by an alias.
        is_yaml: whether that is a scalar of YAML, and no line of a list.
    """

    image: str
    file: str
    line: int
    column: int
    what: str
    start: int = field(repr=False)
    end: int = field(repr=False)
    written: str = field(repr=False)
    digest: str = field(default="", repr=False)
    apart: tuple[str, ...] = field(default=(), repr=False)
    shared: bool = field(default=False, repr=False)
    is_yaml: bool = field(default=True, repr=False)

    @property
    def at(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What in a file cannot be read, or done; line 0 is the file as a whole."""

    file: str
    line: int
    words: str

    @property
    def at(self) -> str:
        """`file:line`, or the file."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Text:
    """A file's text, letter by letter as its bytes are."""

    file: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self.text.split("\n")), lambda at, length: at + length + 1, initial=0))

    def place(self, at: int) -> tuple[int, int]:
        """The line and column of a letter, as editors count them."""
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True)
class Uses:
    """The images that files name, in their order, and what could not be read."""

    uses: tuple[Use, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    @classmethod
    def joined(cls, every: Iterable[Uses]) -> Self:
        """Those of all."""
        known = tuple(every)
        return cls(
            tuple(use for one in known for use in one.uses),
            tuple(complaint for one in known for complaint in one.complaints),
        )
