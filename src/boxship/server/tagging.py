"""Which tags stay what they are: no push moves them and nobody deletes them.

Patterns of tags say which are immutable, for everybody. Who may only push what is new moves none at all; that is
`rights`'s. What a request expects a tag to name is its own condition, and beside this.
"""

from __future__ import annotations

__all__ = ["Expected", "TagKept", "TagPatterns", "Terms"]

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Self

from boxship.errors import InvalidSettings
from boxship.value import dataclass

_PATTERN = re.compile(r"[A-Za-z0-9_.*-]{1,128}")

# What a request expects of a tag: told the digest that it names now (None: there is no such tag), true if that will do.
Expected = Callable[[str | None], bool]


class TagKept(Exception):
    """A tag names something, and that is not to change."""

    def __init__(self, tag: str, digest: str) -> None:
        super().__init__(f"the tag {tag} names {digest}")
        self.tag = tag


@dataclass(frozen=True, slots=True)
class TagPatterns:
    """The tags that any of these patterns matches, in which `*` stands for any characters."""

    patterns: tuple[str, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str], setting: str = "--immutable") -> Self:
        """The patterns as a setting has them, or `InvalidSettings`."""
        patterns = tuple(texts)
        for text in patterns:
            if not _PATTERN.fullmatch(text):
                why = "it is no tag, with * for any characters"
                raise InvalidSettings(f"{setting} {text!r}", why=why, remedy="for example 'v*'")
        return cls(patterns)

    def covers(self, tag: str) -> bool:
        """Whether the tag is one of these."""
        return any(fnmatchcase(tag, pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a request may change a tag; asked in the transaction that does it.

    Attributes:
        expected: whether what the tag names now will do.
        stays: whether a tag that names something has to go on naming it.
    """

    expected: Expected
    stays: Callable[[str], bool]

    def check_move(self, tag: str, now: str | None, then: str) -> None:
        """Raise `TagKept` where the tag has to stay; naming the same again moves nothing."""
        if now not in (None, then):
            self.check_end(tag, str(now))

    def check_end(self, tag: str, now: str) -> None:
        """Raise `TagKept` where the tag may not go."""
        if self.stays(tag):
            raise TagKept(tag, now)
