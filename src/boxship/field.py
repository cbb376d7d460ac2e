"""A field of a value (`unfinished`): what is said of it, in the words of `dataclasses`."""

from __future__ import annotations

__all__ = ["NOTHING", "Field", "field"]

from collections.abc import Mapping

NOTHING = object()
"""No default."""


class Field:
    """What is said of a field, by the names that `dataclasses.Field` has for it."""

    __slots__ = ("compare", "default", "default_factory", "hash", "kw_only", "name", "repr")

    def __init__(self, default: object, default_factory: object, said: Mapping[str, bool | None]) -> None:
        self.default, self.default_factory = default, default_factory
        self.repr, self.compare, self.hash = said["repr"], said["compare"], said["hash"]
        self.kw_only = said["kw_only"]
        self.name = ""


def field(
    *,
    default: object = NOTHING,
    default_factory: object = NOTHING,
    repr: bool = True,  # noqa: A002 -- `dataclasses`' word
    compare: bool = True,
    hash: bool | None = None,  # noqa: A002 -- `dataclasses`' word
    kw_only: bool | None = None,
) -> Field:
    """As `dataclasses.field`."""
    return Field(default, default_factory, {"repr": repr, "compare": compare, "hash": hash, "kw_only": kw_only})
