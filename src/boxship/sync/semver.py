"""Semantic versions in tags, and ranges of them as Masterminds/semver reads them (v3, constraints.go): skopeo's do.

Prereleases are in a range whose alternative (between `||`) names one. regsync's are other ones (`regsync_range`).
"""

from __future__ import annotations

__all__ = ["LONGEST_TAG", "Range", "Version", "Versions"]

import re
from collections.abc import Callable
from typing import Protocol, Self

from boxship.errors import InvalidSettings
from boxship.value import dataclass

_WORDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_END = rf"(?:-({_WORDS}))?(?:\+{_WORDS})?"
_VERSION = re.compile(rf"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?{_END}")
_NUMBER = r"(?:\d+|[xX*])"
_WRITTEN = rf"v?({_NUMBER}(?:\.{_NUMBER}){{0,2}}){_END}"
_BARE = rf"v?{_NUMBER}(?:\.{_NUMBER}){{0,2}}(?:-{_WORDS})?(?:\+{_WORDS})?"
_OPERATORS = r"!=|>=|=>|<=|=<|~>|=|>|<|~|\^"
_COMPARATOR = re.compile(rf"\s*({_OPERATORS})?\s*{_WRITTEN}(?:\s*,\s*|\s+|$)")
_HYPHEN = re.compile(rf"({_BARE})\s+-\s+({_BARE})")
LONGEST_TAG = 128  # the distribution specification's "Pulling manifests"
_LONGEST = 1000  # characters of a range
_EXAMPLE = "for example '>=1.2, <2 || ~3.1'"

_Core = tuple[int, int, int]
_Words = tuple[tuple[int, int, str], ...]
Key = tuple[_Core, bool, _Words]
"""What versions are ordered by (semver.org, 11): a prerelease is before its version, numbers before words."""
_Test = Callable[[Key], bool]


class Versions(Protocol):
    """Versions that are meant."""

    def has(self, tag: str) -> bool:
        """Whether the tag is one of them."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version; what a tag leaves out is 0."""

    core: _Core
    prerelease: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The version that a tag writes, perhaps after a `v`; None for another tag."""
        found = _VERSION.fullmatch(text) if len(text) <= LONGEST_TAG else None
        if not found:
            return None
        return cls((int(found[1]), int(found[2] or 0), int(found[3] or 0)), found[4] or "")

    @property
    def key(self) -> Key:
        """What it is ordered by."""
        words = self.prerelease.split(".") if self.prerelease else ()
        return self.core, not words, tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words)


@dataclass(frozen=True, slots=True)
class _Alternative:
    """Comparisons that hold together."""

    tests: tuple[_Test, ...]
    prereleases: bool

    def has(self, version: Version) -> bool:
        if version.prerelease and not self.prereleases:
            return False
        return all(test(version.key) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Range:
    """Which versions are meant: `>=1.2, <2 || ~3.1`."""

    text: str
    _alternatives: tuple[_Alternative, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The range that a text writes, or `InvalidSettings`."""
        if len(text) > _LONGEST:
            why = f"it is no range of versions: it has more than {_LONGEST} characters"
            raise InvalidSettings(f"semver {text[:40]!r}…", why=why, remedy=_EXAMPLE)
        return cls(text, tuple(_alternative(words, text) for words in text.split("||")))

    def has(self, tag: str) -> bool:
        """Whether the tag is a version that is in it."""
        version = Version.parse(tag)
        return version is not None and any(one.has(version) for one in self._alternatives)


def _alternative(words: str, text: str) -> _Alternative:
    words = _HYPHEN.sub(r">=\1, <=\2 ", words).strip()
    tests, prereleases, at = list[_Test](), False, 0
    while at < len(words) or not tests:
        comparator = _COMPARATOR.match(words, at)
        if not comparator:
            why = f"{words[at:] or 'nothing'!r} is no range of versions"
            raise InvalidSettings(f"semver {text!r}", why=why, remedy=_EXAMPLE)
        operator, numbers, prerelease = comparator.groups()
        tests.append(_test(operator or "=", _given(numbers), prerelease or ""))
        prereleases = prereleases or bool(prerelease)
        at = comparator.end()
    return _Alternative(tuple(tests), prereleases)


def _given(numbers: str) -> tuple[int, ...]:
    """The numbers before the first that may be any."""
    given = list[int]()
    for part in numbers.split("."):
        if not part.isdigit():
            break
        given.append(int(part))
    return tuple(given)


def _test(operator: str, given: tuple[int, ...], prerelease: str) -> _Test:
    low, whole = Version(_core(given), prerelease).key, len(given) == 3
    after = None if whole else _after(given)
    if operator == "^":
        return _between(low, _after(_caret(given)))
    if operator in ("~", "~>") or (operator == "=" and not whole):
        return _between(low, _after(given[:2]))
    return _compared(operator, low, after)


def _between(low: Key, after: Key | None) -> _Test:
    return lambda key: low <= key and (after is None or key < after)


def _compared(operator: str, low: Key, after: Key | None) -> _Test:
    """A comparison with `low`, which stands for all that is below `after`, where that is told."""
    match operator:
        case "=":
            return lambda key: key == low
        case "!=":
            return lambda key: not (low <= key < after if after else key == low)
        case ">":
            return lambda key: key >= after if after else key > low
        case "<":
            return lambda key: key < low
        case "<=" | "=<":
            return lambda key: key < after if after else key <= low
        case _:
            return lambda key: key >= low


def _caret(given: tuple[int, ...]) -> tuple[int, ...]:
    """As far as the first number that is not 0."""
    first = next((place for place, number in enumerate(given) if number), len(given) - 1)
    return given[: first + 1]


def _core(given: tuple[int, ...]) -> _Core:
    major, minor, patch = (*given, 0, 0, 0)[:3]
    return major, minor, patch


def _after(given: tuple[int, ...]) -> Key | None:
    """What is above everything that begins with these numbers; None for no numbers."""
    return (_core((*given[:-1], given[-1] + 1)), False, ()) if given else None
