"""Rights as values: what a route takes, in which repositories somebody has it, and who that is.

Who asks is found out by `access`; where grants are kept is `users`'s. Nothing here reads anything.

A pattern is a repository's name in which `*` stands for any characters of one component, and the component `**` for one
or more components: `team/*` is `team/app` and not `team/app/tests`, `team/**` is both, neither is `team` itself. The
pattern `*` alone is every repository.
"""

from __future__ import annotations

__all__ = ["EVERYTHING", "MOST_STARS", "NOBODY", "Caller", "Grant", "Pattern", "Right", "Rights", "starred"]

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from boxship.errors import InvalidSettings
from boxship.value import dataclass, field
from boxship.wire.grammar import is_repository

_LONGEST_PATTERN = 255
MOST_STARS = 8
_ANY_COMPONENTS = "[^/]+(?:/[^/]+)*"


class Right(StrEnum):
    """What a route takes, in the words of token scopes."""

    NONE = ""
    """Nothing: no password is looked at."""
    LOGIN = "login"
    """To say who one is: a wrong password is refused, none is not."""
    ANY = "any"
    """Some right, anywhere."""
    PULL = "pull"
    CREATE = "create"
    """To push what is new; a tag that names something goes on naming it."""
    PUSH = "push"
    """To push, and to let tags name something else."""
    DELETE = "delete"
    CATALOG = "catalog"
    """To see the names of what one may pull."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which repositories a grant is for."""

    text: str
    _expression: re.Pattern[str] | None = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The pattern that `text` writes, or `InvalidSettings`."""
        if text in ("*", "**"):
            return cls(text, None)
        _check(text)
        return cls(text, re.compile("/".join(map(_component, text.split("/")))))

    @property
    def is_everything(self) -> bool:
        """Whether it matches every repository."""
        return self._expression is None

    def matches(self, repository: str) -> bool:
        """Whether the repository is one of those meant."""
        return self._expression is None or self._expression.fullmatch(repository) is not None

    def __str__(self) -> str:
        return self.text


def _check(text: str) -> None:
    if len(text) > _LONGEST_PATTERN or text.count("*") > MOST_STARS:
        raise _invalid(text, f"it has more than {_LONGEST_PATTERN} characters or {MOST_STARS} '*'")
    for component in text.split("/"):
        if component != "**" and "**" in component:
            raise _invalid(text, "** is a component of its own")
        # Beside a star, a separator may begin or end what is written.
        pieces = component.split("*")
        if not component or not all(is_repository(f"a{piece}a" if len(pieces) > 1 else piece) for piece in pieces):
            raise _invalid(text, "it is not the name of a repository with * or ** in it")


def _invalid(text: str, why: str) -> InvalidSettings:
    return InvalidSettings(f"the pattern {text!r}", why=why, remedy="for example 'team/*', 'team/**' or '*'")


def _component(text: str) -> str:
    if text == "**":
        return _ANY_COMPONENTS
    return starred(text, "[^/]")


def starred(text: str, character: str) -> str:
    """The expression of a text in which `*` stands for any number of such characters."""
    first, *rest = map(re.escape, text.split("*"))
    # What stands between two stars is sought once: where it comes first is as good as any later place. Trying all of
    # them would take time as a power of the stars, and names are for others to choose.
    middle = "".join(f"(?>{character}*?{piece})" for piece in rest[:-1])
    return f"{first}{middle}{character}*{rest[-1]}" if rest else first


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights that somebody has in the repositories that a pattern matches."""

    pattern: Pattern
    rights: frozenset[Right]

    @classmethod
    def of(cls, pattern: str, *rights: Right) -> Self:
        """Those rights and what they need: who may push or delete looks first at what is there, so may pull."""
        return cls(Pattern.parse(pattern), frozenset({Right.PULL, *rights}))


@dataclass(frozen=True, slots=True)
class Rights:
    """All that somebody may do: the sum of the grants, and nothing else."""

    grants: tuple[Grant, ...] = ()

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> Self:
        """The sum of `grants`."""
        return cls(tuple(grants))

    def __bool__(self) -> bool:
        return bool(self.grants)

    def cover(self, right: Right, repository: str) -> bool:
        """Whether they are enough for a route that takes `right`."""
        if enough := _IN_A_REPOSITORY.get(right):
            return any(enough & grant.rights and grant.pattern.matches(repository) for grant in self.grants)
        if right in _ANYWHERE:
            return bool(self.grants)
        # A right that nobody thought of here is nobody's.
        return right in _EVERYBODY

    def cover_everywhere(self, right: Right) -> bool:
        """Whether they give `right` in every repository."""
        return any(right in grant.rights and grant.pattern.is_everything for grant in self.grants)


# Each with those of which one is enough.
_IN_A_REPOSITORY = {
    Right.PULL: frozenset({Right.PULL}),
    Right.CREATE: frozenset({Right.CREATE, Right.PUSH}),
    Right.PUSH: frozenset({Right.PUSH}),
    Right.DELETE: frozenset({Right.DELETE}),
}
_EVERYBODY = frozenset({Right.NONE, Right.LOGIN})
_ANYWHERE = frozenset({Right.ANY, Right.CATALOG})

EVERYTHING = Rights.of((Grant.of("**", Right.PUSH, Right.DELETE),))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, '' where nobody says, what they may do, and what of that the token allows that they came with.

    `is_vouched_for` says that they are no user here: another system says who they are.
    """

    name: str = ""
    rights: Rights = Rights()
    within: Rights | None = None
    is_vouched_for: bool = False

    def may(self, right: Right, repository: str) -> bool:
        """Whether they may do that there."""
        if not self.rights.cover(right, repository):
            return False
        return self.within is None or right is Right.ANY or self.within.cover(right, repository)

    def may_everywhere(self, right: Right) -> bool:
        """Whether they may do that in every repository."""
        return self.rights.cover_everywhere(right) and (self.within is None or self.within.cover_everywhere(right))


NOBODY = Caller()
