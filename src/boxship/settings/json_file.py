"""Settings files written in JSON, with the line of every name and item.

Documents of registries are `spec/fields`'s.
"""

from __future__ import annotations

__all__ = ["parse_settings"]

import json
import re
from typing import NoReturn

from boxship.errors import InvalidSettings
from boxship.settings.section import NAMES, Path, Section

# A name of an object (a string before a colon), another string, or what opens or closes a level.
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}\[\]]', re.DOTALL)


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
        raise InvalidSettings(file, 1, why=f"should be a JSON object, is {NAMES.get(type(value), 'a number')}")
    return Section(file, value or {}, _lines(text))


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
