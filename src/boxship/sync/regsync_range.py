"""Ranges of versions as regsync reads them (regclient, internal/semver): not Masterminds' (`semver`).

A version has any number of parts, prereleases are versions as others are, `rc11` is after `rc2`, and `1.2` is that
version and no range.
"""

from __future__ import annotations

__all__ = ["RegsyncRange"]

import re
from collections.abc import Callable, Iterator
from typing import Self

from boxship.errors import InvalidSettings
from boxship.sync.semver import LONGEST_TAG
from boxship.value import dataclass

_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)(?:-([^+]*))?(?:\+.*)?")
_COMPARATOR = re.compile(r"(\^|~|>=|<=|>|<|=)?(.*)")
_PIECE = re.compile(r"(\D*)(\d*)")

_Parts = tuple[int, ...]
_Key = tuple[_Parts, bool, tuple[tuple[tuple[str, int], ...], ...]]
_TESTS: dict[str, Callable[[_Key, _Key], bool]] = {
    ">=": lambda key, given: key >= given,
    "<=": lambda key, given: key <= given,
    ">": lambda key, given: key > given,
    "<": lambda key, given: key < given,
    "=": lambda key, given: key == given,
}


@dataclass(frozen=True, slots=True)
class RegsyncRange:
    """What holds together: `>=1.0.0 <2.0.0`."""

    _bounds: tuple[tuple[str, _Key], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The range that a text writes, or `InvalidSettings`."""
        bounds = tuple(bound for word in text.split() for bound in _bounds(word, text))
        if not bounds:
            raise InvalidSettings("semverRange", why="it is empty")
        return cls(bounds)

    def has(self, tag: str) -> bool:
        """Whether the tag is a version that is in it."""
        key = _key(tag)
        return key is not None and all(_TESTS[operator](key, given) for operator, given in self._bounds)


def _bounds(word: str, text: str) -> Iterator[tuple[str, _Key]]:
    found = _COMPARATOR.fullmatch(word)
    key = _key(found[2]) if found else None
    if not found or key is None:
        raise InvalidSettings(f"semverRange {text!r}", why=f"{word!r} is no range of versions")
    operator = found[1] or "="
    if operator in ("^", "~"):
        yield ">=", key
        yield "<", (_above(operator, key[0]), True, ())
    else:
        yield operator, key


def _above(operator: str, parts: _Parts) -> _Parts:
    major, minor, patch = (*parts, 0, 0, 0)[:3]
    if operator == "~":
        return _shortened((major, minor + 1))
    if major:
        return (major + 1,)
    return (0, minor + 1) if minor else (0, 0, patch + 1)


def _key(text: str) -> _Key | None:
    found = _VERSION.fullmatch(text) if len(text) <= LONGEST_TAG else None
    if not found:
        return None
    prerelease = found[2] or ""
    words = tuple(tuple(_pieces(word)) for word in prerelease.split(".")) if prerelease else ()
    return _shortened(tuple(map(int, found[1].split(".")))), not words, words


def _shortened(parts: _Parts) -> _Parts:
    """Without the zeros at the end: 1.2 and 1.2.0 are one version."""
    while parts and not parts[-1]:
        parts = parts[:-1]
    return parts


def _pieces(word: str) -> Iterator[tuple[str, int]]:
    """Words and numbers in turn; no number is before each."""
    yield from ((words, int(number) if number else -1) for words, number in _PIECE.findall(word) if words or number)
