"""A settings file's fields, read one by one, with the line of every name and item, whatever the file is written in.

Names are looked up as Go's decoders do, without regard to case; a wrong field is an `InvalidSettings` with its line.
What the fields mean is the business of the file's own module.
"""

from __future__ import annotations

__all__ = ["NAMES", "Path", "Section", "is_text"]

from collections.abc import Iterator, Mapping
from typing import TypeVar

from boxship.errors import InvalidSettings
from boxship.settings.sourced import Sourced
from boxship.value import dataclass

Value = TypeVar("Value")
Path = tuple[str, ...]

_LARGEST = 2**63 - 1
NAMES: Mapping[type, str] = {str: "a string", dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Section:
    """The object at `path` in `file`; `lines` has the line of every name in the whole file."""

    file: str
    values: Mapping[str, object]
    lines: Mapping[Path, int]
    path: Path = ()

    def source(self, name: str = "") -> str:
        """Where the field `name` (the section itself, without) is written: `file:line`."""
        return f"{self.file}:{self._line(name)}"

    def invalid(self, name: str, why: str, *, remedy: str = "") -> InvalidSettings:
        """The error that says what is wrong with the field `name`."""
        words = ".".join((*self.path, name) if name else self.path)
        return InvalidSettings(self.file, self._line(name), why=f"{words}: {why}", remedy=remedy)

    def text(self, name: str) -> str:
        """The string `name`; empty where it is absent."""
        return self._read(name, str) or ""

    def section(self, name: str) -> Section:
        """The object `name`; empty where it is absent."""
        written = self._written(name)
        return Section(self.file, self._read(name, dict) or {}, self.lines, (*self.path, written))

    def sections(self) -> Iterator[tuple[str, Section]]:
        """Every field, each of them an object, with its name as written."""
        for name in self.values:
            yield name, Section(self.file, self._check(name, dict) or {}, self.lines, (*self.path, name))

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every field, each of them a string, with its name as written."""
        for name in self.values:
            yield name, self._check(name, str) or ""

    def items(self, name: str) -> Iterator[Sourced[str]]:
        """Every item of the list `name`, each a string, with where it is written."""
        written = self._written(name)
        for number, item in enumerate(self._read(name, list) or ()):
            line = self.lines.get((*self.path, written, str(number)), self._line(written))
            if not isinstance(item, str) or not is_text(item):
                raise InvalidSettings(
                    self.file, line, why=f"{'.'.join((*self.path, written))}: holds what is no string"
                )
            yield Sourced(item, f"{self.file}:{line}")

    def flag(self, name: str) -> bool | None:
        """The boolean `name`; None where it is absent."""
        return self._read(name, bool)

    def number(self, name: str) -> float | None:
        """The number `name`; None where it is absent."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.invalid(name, f"should be a number, is {NAMES.get(type(value), 'something else')}")
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise self.invalid(name, "it is more than any number here")
        return value

    def value(self, name: str) -> object:
        """What is written there, whatever it is; None where it is absent."""
        return self.values.get(self._written(name))

    def texts_of(self, name: str) -> Iterator[str]:
        """The strings of a field that is one, or a list of them."""
        if isinstance(self.value(name), list):
            yield from (item.value for item in self.items(name))
        elif text := self.text(name):
            yield text

    def tables(self, name: str) -> Iterator[Section]:
        """Every item of the list `name`, each an object."""
        written = self._written(name)
        for number, item in enumerate(self._read(name, list) or ()):
            path = (*self.path, written, str(number))
            if not isinstance(item, dict):
                raise self.invalid(name, f"holds what is no object: {NAMES.get(type(item), 'a number')}")
            yield Section(self.file, item, self.lines, path)

    def has(self, name: str) -> bool:
        """Whether there is a field `name`, whatever is in it."""
        return self._written(name) in self.values

    def _written(self, name: str) -> str:
        # encoding/json: "preferring exact matches"; of several that differ in case only, the last one stays.
        if name in self.values:
            return name
        alike = (written for written in reversed(tuple(self.values)) if written.lower() == name.lower())
        return next(alike, name)

    def _read(self, name: str, kind: type[Value]) -> Value | None:
        return self._check(self._written(name), kind)

    def _check(self, name: str, kind: type[Value]) -> Value | None:
        value = self.values.get(name)
        if isinstance(value, str) and not is_text(value):
            raise self.invalid(name, "has half of a surrogate pair, which is no character")
        if value is None or isinstance(value, kind):
            return value
        raise self.invalid(name, f"should be {NAMES[kind]}, is {NAMES.get(type(value), 'a number')}")

    def _line(self, name: str) -> int:
        return self.lines.get((*self.path, name) if name else self.path, 1)


def is_text(value: str) -> bool:
    """Whether it can be sent and printed: JSON can write half a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in value)
