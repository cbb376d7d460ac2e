"""What `dataclasses` and `inspect` are told of a value (`unfinished`) when they ask: what one of theirs says."""

from __future__ import annotations

__all__ = ["told"]

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import cast

from boxship.field import NOTHING, Field

_start = attrgetter("__init__")


def told(cls: type, known: Mapping[str, Field], *, frozen: bool, eq: bool) -> dict[str, object]:
    """The attributes that make a class with these fields a dataclass for `dataclasses`, and give it a signature."""

    @cache
    def standard() -> type:
        return _standard(cls, known, frozen=frozen, eq=eq)

    def signature(instance: object, owner: type) -> object:
        if instance is not None or _start(owner) is not _start(cls):
            raise AttributeError("__signature__")
        import inspect  # noqa: PLC0415 -- who asks for signatures has it

        return inspect.signature(standard())

    return {
        "__signature__": _Told(signature),
        "__dataclass_fields__": _Told(lambda *_: vars(standard())["__dataclass_fields__"]),
        "__dataclass_params__": _Told(lambda *_: vars(standard())["__dataclass_params__"]),
    }


class _Told:
    """An attribute that is found out when somebody asks a class or an instance for it."""

    def __init__(self, tell: Callable[[object, type], object]) -> None:
        self._tell = tell

    def __get__(self, instance: object, owner: type) -> object:
        return self._tell(instance, owner)


def _standard(cls: type, known: Mapping[str, Field], *, frozen: bool, eq: bool) -> type:
    """A dataclass of `dataclasses` with the same fields."""
    import dataclasses  # noqa: PLC0415 -- who asks for its fields has it

    said = {
        name: said for base in reversed(cls.__mro__[:-1]) for name, said in getattr(base, "__annotations__", {}).items()
    }

    def standard(one: Field) -> object:
        told = {"repr": one.repr, "compare": one.compare, "hash": one.hash, "kw_only": one.kw_only}
        defaults = {
            name: value for name in ("default", "default_factory") if (value := getattr(one, name)) is not NOTHING
        }
        return make(**told, **defaults)

    make = cast("Callable[..., object]", dataclasses.field)
    made = [(each.name, said[each.name], standard(each)) for each in known.values()]
    return dataclasses.make_dataclass(cls.__name__, made, frozen=frozen, eq=eq)
