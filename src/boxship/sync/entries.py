"""What entries of all three kinds of files have in common: sources, patterns, platforms, and names that are known."""

from __future__ import annotations

__all__ = ["count", "know", "named_source", "number", "patterns_of", "platforms_of", "said_at"]

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from boxship.errors import BoxshipError, InvalidSettings
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from boxship.settings.section import Section
from boxship.sync.chosen import WHOLE, Patterns, pattern

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]*)?", re.ASCII)


@contextmanager
def said_at(section: Section, name: str = "") -> Iterator[None]:
    """What is wrong with a value is said with where it is written."""
    try:
        yield
    except InvalidSettings as error:
        if error.line:
            raise
        raise section.invalid(name, str(error)) from error
    except BoxshipError as error:
        raise section.invalid(name, str(error)) from error


def know(section: Section, names: Collection[str]) -> None:
    """Refuse other fields: one that is spelled wrongly would be a wish that is not heard."""
    for name in section.values:
        if name not in names:
            raise section.invalid(name, f"there is no such field; there are {', '.join(sorted(names))}")


def number(section: Section, name: str) -> float | None:
    """The number in the field, not below 0; None where it is absent."""
    text = section.text(name)
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise section.invalid(name, f"should be a number, is {text}")
    return float(text)


def count(section: Section, name: str) -> int | None:
    """A whole number above 0; None where it is absent."""
    value = number(section, name)
    if value is not None and (value < 1 or not value.is_integer()):
        raise section.invalid(name, "it is a whole number above 0")
    return None if value is None else int(value)


def named_source(text: str, kind: str = "") -> Registry | Reference:
    """What a source is: without a path a registry, if it looks like a host, unless `kind` says otherwise."""
    bare = text.partition("://")[2] or text
    if kind == "registry" or (not kind and "/" not in bare and ("." in bare or ":" in bare or bare == "localhost")):
        return Registry.parse(text)
    return Reference.parse(text)


def patterns_of(section: Section, form: str = WHOLE) -> Patterns:
    """The patterns under `allow` and `deny`."""
    with said_at(section):
        allow, deny = (tuple(pattern(text, form) for text in section.texts_of(name)) for name in ("allow", "deny"))
        return Patterns(allow, deny)


def platforms_of(section: Section, name: str) -> tuple[Platform, ...]:
    """The platforms in the field."""
    with said_at(section, name):
        return tuple(map(Platform.parse, section.texts_of(name)))
