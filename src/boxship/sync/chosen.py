"""Which names are wanted: patterns that allow and deny, ranges of versions, and dates, all of them together."""

from __future__ import annotations

__all__ = ["WHOLE", "Dates", "Patterns", "TagSet", "Tags", "parse_moment", "pattern", "read_moment"]

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from boxship.errors import InvalidSettings
from boxship.sync.semver import Versions
from boxship.value import dataclass, field

_AGE = re.compile(r"([0-9]{1,6})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}
WHOLE = r"\A(?:{})\Z"
"""How a pattern is written that names match as a whole."""


def pattern(text: str, form: str = WHOLE) -> re.Pattern[str]:
    """The pattern that is written, to be searched for; `InvalidSettings`."""
    if "[[:" in text:  # Python reads it, as something else
        raise InvalidSettings(f"pattern {text!r}", why="classes as [[:digit:]] are not known", remedy="write [0-9]")
    try:
        return re.compile(form.format(text))
    except re.error as error:
        raise InvalidSettings(f"pattern {text!r}", why=str(error)) from error


def parse_moment(text: str, now: datetime | None = None) -> datetime:
    """The moment that is written as a date, or as an age: `90d`, `12h`, `4w`."""
    try:
        if age := _AGE.fullmatch(text):
            return (now or datetime.now(UTC)) - timedelta(hours=int(age[1]) * _HOURS[age[2]])
        return read_moment(text)
    except (ValueError, OverflowError) as error:
        remedy = "for example 2024-01-31, or 90d"
        raise InvalidSettings(f"date {text!r}", why="it is no date and no age", remedy=remedy) from error


def read_moment(text: str) -> datetime:
    """A date as images write them, in UTC where they do not say; `ValueError`."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Names that match what is allowed, all of them where nothing is, and nothing that is denied."""

    allow: tuple[re.Pattern[str], ...] = ()
    deny: tuple[re.Pattern[str], ...] = ()

    def has(self, name: str) -> bool:
        """Whether the name is wanted."""
        allowed = not self.allow or _any(self.allow, name)
        return allowed and not _any(self.deny, name)


@dataclass(frozen=True, slots=True)
class TagSet:
    """Tags that match the patterns, and that are versions of one of these ranges, where there are any."""

    patterns: Patterns = field(default_factory=Patterns)
    versions: tuple[Versions, ...] = ()

    def has(self, tag: str) -> bool:
        """Whether the tag is in it."""
        return self.patterns.has(tag) and (not self.versions or any(one.has(tag) for one in self.versions))


@dataclass(frozen=True, slots=True)
class Dates:
    """When images were made that are wanted, as they say it; an image that does not say is not, where this asks."""

    since: datetime | None = None
    before: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.since or self.before)

    def has(self, created: str) -> bool:
        """Whether that is wanted."""
        try:
            moment = read_moment(created)
        except ValueError:
            return False
        return not (self.since and moment < self.since) and not (self.before and moment >= self.before)


@dataclass(frozen=True, slots=True)
class Tags:
    """Which tags are wanted: those of any of the sets, and of these dates."""

    sets: tuple[TagSet, ...] = (TagSet(),)
    dates: Dates = field(default_factory=Dates)

    def has(self, tag: str) -> bool:
        """Whether the tag is wanted, apart from dates."""
        return any(one.has(tag) for one in self.sets)


def _any(patterns: Iterable[re.Pattern[str]], name: str) -> bool:
    return any(pattern.search(name) for pattern in patterns)
