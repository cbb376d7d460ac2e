"""TOML as files of settings have it, read with `spec.fields`."""

from __future__ import annotations

__all__ = ["is_amount", "only", "parse_toml", "wrong"]

import math
import tomllib
from collections.abc import Collection
from typing import TypeGuard

from boxship.errors import InvalidSettings
from boxship.spec.fields import Fields, Malformed

_REMEDY = "docs/registry.md shows one"


def parse_toml(text: str, names: Collection[str]) -> Fields:
    """The document, which has nothing but these names; `Malformed` for what is none."""
    try:
        document = Fields(tomllib.loads(text))
    except ValueError as error:  # tomllib's own, and Python's for a number of too many digits
        raise Malformed("", str(error)) from error
    except RecursionError as error:
        raise Malformed("", "it is nested too deeply") from error
    only(document, names)
    return document


def only(fields: Fields, names: Collection[str]) -> None:
    """`Malformed` where there is another name: what is misspelt would mean something else than was meant."""
    if unknown := fields.values.keys() - set(names):
        raise Malformed(fields.path, f"{min(unknown)!r} is none of {', '.join(sorted(names))}")


def is_amount(value: object) -> TypeGuard[float]:
    """Whether it is a number that says how much; TOML's true is none, though Python's is."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def wrong(file: str, error: Malformed | InvalidSettings) -> InvalidSettings:
    """The error of a file, in which that is wrong."""
    return InvalidSettings(file, why=str(error), remedy=_REMEDY)
