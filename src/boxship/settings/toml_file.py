"""Settings files written in TOML, with the line of every name and item: `tomllib` tells the values, and no lines."""

from __future__ import annotations

__all__ = ["parse_toml", "read_toml"]

import re
import tomllib
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.settings.file_bytes import file_bytes
from boxship.settings.section import Path as Keys
from boxship.settings.section import Section

# tomllib has found the document valid: here it is only told apart.
_SPACE = re.compile(r"(?:[ \t\r]|#[^\n]*)*")
_SPACES = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_NAME = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_TEXT = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?\"{3,5}(?!\")|'''.*?'{3,5}(?!')|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^,\]}\n#]+", re.DOTALL
)
_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


def read_toml(file: Path) -> Section:
    """The file's fields; `OSError` where it cannot be read, `InvalidSettings` where it is no TOML."""
    try:
        text = file_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSettings(str(file), why="is not UTF-8") from error
    return parse_toml(text, str(file))


def parse_toml(text: str, file: str) -> Section:
    """The fields of the TOML document in `text`, or `InvalidSettings` with the line."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _broken(file, str(error), text) from error
    except (RecursionError, ValueError) as error:
        why = "is not TOML that can be read: it is nested too deeply, or has a number or a date that is none"
        raise InvalidSettings(file, why=why) from error
    return Section(file, values, _Lines(text.replace("\r\n", "\n")).found)


def _broken(file: str, said: str, text: str) -> InvalidSettings:
    where = _WHERE.search(said)
    line = int(where[1]) if where and where[1] else text.count("\n") + 1
    column = f", column {where[2]}" if where and where[2] else ""
    return InvalidSettings(file, line, why=f"is not TOML: {_WHERE.sub('', said)}{column}")


class _Lines:
    """The line of every name, every table and every item of a list; the first one of a name that is there twice."""

    def __init__(self, text: str) -> None:
        self.found: dict[Keys, int] = {}
        self._text, self._at = text, 0
        self._line, self._counted = 1, 0
        self._last: dict[Keys, int] = {}  # of each list of tables, the number of its last one
        table: Keys = ()
        while self._next(_SPACES):
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Keys:
        """`[a.b]` or `[[a.b]]`: the path of the table that begins."""
        several = self._text.startswith("[[", self._at)
        self._at += 2 if several else 1
        names = self._names()
        self._at += 2 if several else 1
        path: Keys = ()
        for name in names[:-1]:
            path = self._one_of(self._noted((*path, name)))
        path = self._noted((*path, names[-1]))
        if several:
            self._last[path] = self._last.get(path, -1) + 1
        return self._noted(self._one_of(path))

    def _one_of(self, path: Keys) -> Keys:
        """The table that is meant: of a list of them, the last one."""
        return (*path, str(self._last[path])) if path in self._last else path

    def _pair(self, table: Keys) -> None:
        """`a.b = value`."""
        path = table
        for name in self._names():
            path = self._noted((*path, name))
        self._at += 1  # the =
        self._next()
        self._value(path)

    def _names(self) -> Keys:
        names = []
        while True:
            self._next()
            name = self._taken(_NAME)
            names.append(tomllib.loads(f"{name}=0").popitem()[0] if name[0] in "\"'" else name)
            if self._next() != ".":
                return tuple(names)
            self._at += 1

    def _value(self, path: Keys) -> None:
        begins = self._next()
        if begins not in ("[", "{"):
            self._taken(_TEXT)
            return
        self._at += 1
        number = 0
        while self._next(_SPACES) not in ("]", "}"):
            if begins == "{":
                self._pair(path)
            else:
                self._value(self._noted((*path, str(number))))
            number += 1
            if self._next(_SPACES) == ",":
                self._at += 1
        self._at += 1

    def _next(self, between: re.Pattern[str] = _SPACE) -> str:
        """The letter that comes next; '' at the end."""
        self._taken(between)
        return self._text[self._at : self._at + 1]

    def _taken(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found, "a valid document has something here"
        self._at = found.end()
        return found[0]

    def _noted(self, path: Keys) -> Keys:
        if path not in self.found:
            self._line += self._text.count("\n", self._counted, self._at)
            self._counted = self._at
            self.found[path] = self._line
        return path
