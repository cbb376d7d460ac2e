"""Settings files written in JSON: read field by field, with the line of every name and item.

Names are looked up as Go's decoder does, without regard to case; a wrong field is an `InvalidSettings` with its line.
What the fields mean is the business of the file's own module. Documents of registries are `spec/fields`'s.
"""

from __future__ import annotations

__all__ = ["Section", "parse_settings"]

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from boxship.errors import InvalidSettings
from boxship.settings.sourced import Sourced

Value = TypeVar("Value")

_NAMES: Mapping[type, str] = {str: "a string", dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}
# A name of an object (a string before a colon), another string, or what opens or closes a level.
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}\[\]]', re.DOTALL)

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The JSON object at `path` in `file`; `lines` has the line of every name in the whole file."""

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
            if not isinstance(item, str) or not _is_text(item):
                raise InvalidSettings(
                    self.file, line, why=f"{'.'.join((*self.path, written))}: holds what is no string"
                )
            yield Sourced(item, f"{self.file}:{line}")

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
        if isinstance(value, str) and not _is_text(value):
            raise self.invalid(name, "has half of a surrogate pair, which is no character")
        if value is None or isinstance(value, kind):
            return value
        raise self.invalid(name, f"should be {_NAMES[kind]}, is {_NAMES.get(type(value), 'a number')}")

    def _line(self, name: str) -> int:
        return self.lines.get((*self.path, name) if name else self.path, 1)


def parse_settings(text: str, file: str) -> Section:
    """Return the JSON object in `text`; empty text is an empty object (docker writes such files)."""
    if not text.strip():
        return Section(file, {}, {})
    try:
        value: object = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        why = f"is not JSON: {error.msg}, column {error.colno}"
        raise InvalidSettings(file, error.lineno, why=why) from error
    except (RecursionError, ValueError) as error:
        # ValueError: a number with more digits than the interpreter reads.
        raise InvalidSettings(file, why="is not JSON that can be read: it is nested too deeply or too large") from error
    if not isinstance(value, dict | None):
        raise InvalidSettings(file, 1, why=f"should be a JSON object, is {_NAMES.get(type(value), 'a number')}")
    return Section(file, value or {}, _lines(text))


def _is_text(value: str) -> bool:
    # JSON can write half a surrogate pair; nothing can send one.
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _lines(text: str) -> dict[Path, int]:
    """The line of every name in `text`, which is valid JSON, and of every string in a list of strings, by number."""
    lines: dict[Path, int] = {}
    path: list[str | int] = []  # of a list, the number of its string that came last
    line, counted = 1, 0
    for token in _TOKEN.finditer(text):
        name, colon = token.groups()
        if name is None:
            _step(path, token.group())
            continue
        last = path[-1]
        if colon or isinstance(last, int):
            line += text.count("\n", counted, token.start())
            counted = token.start()
            path[-1] = last + 1 if isinstance(last, int) else json.loads(name)
            lines[tuple(map(str, path))] = line
    return lines


def _step(path: list[str | int], bracket: str) -> None:
    if bracket in "{[":
        path.append("" if bracket == "{" else -1)
    else:
        path.pop()
