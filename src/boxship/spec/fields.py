"""Typed reading of JSON documents; the one place where `Any` is met.

A wrong document raises `Malformed` with the path of the wrong field, for example `layers[2].size`.
"""

from __future__ import annotations

__all__ = ["Fields", "Malformed", "parse_object"]

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.value import dataclass

if TYPE_CHECKING:
    from boxship.platform import Platform

Value = TypeVar("Value")


class Malformed(ValueError):
    """A document that is not what it should be; `path` is the field."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.path, self.why = path, why


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object at `path`, read field by field with its type checked."""

    values: dict[str, Any]
    path: str = ""

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _optional(self, name: str, kind: type[Value], default: Value) -> Value:
        value = self.values.get(name)
        if value is None:
            return default
        # JSON's true is no number, though Python's bool is an int.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Malformed(self._at(name), f"should be {_NAMES[kind]}, is {_name(value)}")
        return value

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """The string `name`, or `default` where it is absent."""
        return _characters(self._optional(name, str, default))

    def number(self, name: str, default: int = 0) -> int:
        """The integer `name`, which may not be negative."""
        value = self._optional(name, int, default)
        if value < 0:
            raise Malformed(self._at(name), "is negative")
        return value

    def flag(self, name: str) -> bool:
        """Whether the boolean `name` is true; it is false where it is absent."""
        return self._optional(name, bool, default=False)

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of strings `name`; empty where it is absent."""
        values = self._optional(name, list, [])
        try:
            together = "".join(values)  # all at once: a list of tags may have 50,000
        except TypeError:
            position, value = next((n, value) for n, value in enumerate(values) if not isinstance(value, str))
            raise Malformed(f"{self._at(name)}[{position}]", f"should be a string, is {_name(value)}") from None
        return tuple(values) if together.isascii() else tuple(map(_characters, values))

    def mapping(self, name: str) -> dict[str, str]:
        """The object of strings `name`; empty where it is absent."""
        values = self._optional(name, dict, {})
        for key, value in values.items():
            if not isinstance(value, str):
                raise Malformed(f"{self._at(name)}.{key}", f"should be a string, is {_name(value)}")
        return {_characters(key): _characters(value) for key, value in values.items()}

    def object(self, name: str) -> Fields:
        """The object `name`; empty where it is absent."""
        return Fields(self._optional(name, dict, {}), self._at(name))

    def objects(self, name: str) -> Iterator[Fields]:
        """Each object of the list `name`."""
        for position, value in enumerate(self._optional(name, list, [])):
            path = f"{self._at(name)}[{position}]"
            if not isinstance(value, dict):
                raise Malformed(path, f"should be an object, is {_name(value)}")
            yield Fields(value, path)

    def digest(self, name: str) -> Digest:
        """The digest `name`, which must be there."""
        try:
            return Digest.parse(self.text(name))
        except InvalidReference as error:
            raise Malformed(self._at(name), error.why) from error

    def platform(self) -> Platform:
        """The platform that this object's fields say (image-index.md and config.md use the same names)."""
        from boxship.platform import Platform  # noqa: PLC0415 -- it asks the system what this machine is

        return Platform(self.text("os"), self.text("architecture"), self.text("variant"), self.text("os.version"))


_NAMES: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number with a fraction",
    list: "a list",
    dict: "an object",
    bool: "a boolean",
    type(None): "null",
}


def _characters(text: str) -> str:
    # JSON can write half a surrogate pair, which nobody can print or send; Go's decoder replaces it too.
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _name(value: object) -> str:
    return _NAMES.get(type(value), type(value).__name__)


def parse_object(raw: bytes, *, pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]] | None = None) -> Fields:
    """Return the JSON object in `raw`, or raise `Malformed`; `pairs` may judge each object's names."""
    try:
        # Decoded here: given bytes, `loads` would also take UTF-16, which no other reader of these documents does.
        value = json.loads(raw.decode(), object_pairs_hook=pairs)
    except UnicodeDecodeError as error:
        raise Malformed("", "is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Malformed("", f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except ValueError as error:
        # Python refuses to read numbers of thousands of digits.
        raise Malformed("", f"is not readable: {error}") from error
    except RecursionError as error:
        raise Malformed("", "is nested too deeply") from error
    if not isinstance(value, dict):
        raise Malformed("", f"should be a JSON object, is {_name(value)}")
    return Fields(value)
