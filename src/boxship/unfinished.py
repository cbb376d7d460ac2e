"""Dataclasses that are finished when they are first used: of those that a command imports, few ever are.

`dataclasses` compiles six functions for each class where it is defined, and imports `inspect` for that: a quarter of
what it takes to start `boxship`. Here a class costs next to nothing until it has an instance. They are dataclasses for
everybody else: `dataclasses.fields`, `asdict`, `replace`, `is_dataclass`, and subclasses know them as such.
"""

from __future__ import annotations

__all__ = ["dataclass", "field", "fields", "replace"]

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import TypeVar, cast

Class = TypeVar("Class", bound=type)
Value = TypeVar("Value")

_NOTHING = object()  # no default
_OURS = "__boxship_fields__"
_start = attrgetter("__init__")


class _Field:
    """What is said of a field, by the names that `dataclasses.Field` has for it."""

    __slots__ = ("compare", "default", "default_factory", "hash", "kw_only", "name", "repr")

    def __init__(self, default: object, default_factory: object, said: Mapping[str, bool | None]) -> None:
        self.default, self.default_factory = default, default_factory
        self.repr, self.compare, self.hash = said["repr"], said["compare"], said["hash"]
        self.kw_only = said["kw_only"]
        self.name = ""


def field(
    *,
    default: object = _NOTHING,
    default_factory: object = _NOTHING,
    repr: bool = True,  # noqa: A002 -- `dataclasses`' word
    compare: bool = True,
    hash: bool | None = None,  # noqa: A002 -- `dataclasses`' word
    kw_only: bool | None = None,
) -> _Field:
    """As `dataclasses.field`."""
    return _Field(default, default_factory, {"repr": repr, "compare": compare, "hash": hash, "kw_only": kw_only})


def dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
) -> Callable[[Class], Class]:
    """As `dataclasses.dataclass`, finished when it is used."""

    def decorated(cls: Class) -> Class:
        own = dict(_own(cls, kw_only=kw_only))
        known = {**_inherited(cls), **own}
        made = _with_slots(cls, own) if slots else cls
        setattr(made, _OURS, known)
        _give(made, known, frozen=frozen, eq=eq)
        return made

    return decorated


def fields(value: object) -> tuple[_Field, ...]:
    """The fields of a dataclass or of one of its instances, each with its `name` and `default`."""
    known: Mapping[str, _Field] = getattr(value, _OURS)
    return tuple(known.values())


def replace(value: Value, /, **changes: object) -> Value:
    """As `dataclasses.replace`."""
    return value.__class__(**{each.name: getattr(value, each.name) for each in fields(value)} | changes)


# What a class is told to have.


def _own(cls: type, *, kw_only: bool) -> Iterator[tuple[str, _Field]]:
    for name, said in cls.__annotations__.items():
        if "ClassVar" in said:
            continue
        default = cls.__dict__.get(name, _NOTHING)
        one = default if isinstance(default, _Field) else field(default=default)
        one.name = name
        one.kw_only = kw_only if one.kw_only is None else one.kw_only
        yield name, one


def _inherited(cls: type) -> dict[str, _Field]:
    found: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        found |= base.__dict__.get(_OURS, {})
    return found


def _with_slots(cls: Class, own: Mapping[str, _Field]) -> Class:
    """The class anew, with slots for its fields: a default would be in the way of one."""
    names = {name: value for name, value in cls.__dict__.items() if name not in own}
    for name in ("__dict__", "__weakref__"):
        names.pop(name, None)
    names["__slots__"] = tuple(own)
    names["__qualname__"] = cls.__qualname__
    return type(cls)(cls.__name__, cls.__bases__, names)


def _give(cls: type, known: Mapping[str, _Field], *, frozen: bool, eq: bool) -> None:
    """Give it what it does not say itself."""
    own = cls.__dict__
    given: dict[str, object] = {
        "__init__": _beginning(cls, known, frozen=frozen),
        "__repr__": _repr,
        "__match_args__": tuple(each.name for each in known.values() if not each.kw_only),
        **_told(cls, lambda: _standard(cls, frozen=frozen, eq=eq)),
    }
    if eq:
        given["__eq__"] = _eq(tuple(each.name for each in known.values() if each.compare))
    if frozen:
        given |= {"__setattr__": _refuse, "__delattr__": _refuse, "__getstate__": _getstate, "__setstate__": _setstate}
    explicit = own.get("__hash__") is not None or ("__hash__" in own and "__eq__" not in own)
    if eq and not explicit:
        hashed = (each.name for each in known.values() if (each.compare if each.hash is None else each.hash))
        type.__setattr__(cls, "__hash__", _hash(tuple(hashed)) if frozen else None)
    for name, value in given.items():
        if name not in own:
            type.__setattr__(cls, name, value)


def _beginning(cls: type, known: Mapping[str, _Field], *, frozen: bool) -> Callable[..., None]:
    """The `__init__` that makes the real one, and is replaced by it."""

    def __init__(self: object, /, *args: object, **named: object) -> None:  # noqa: N807 -- it is that
        real = _init(known, frozen=frozen, ends=hasattr(cls, "__post_init__"))
        type.__setattr__(cls, "__init__", real)
        real(self, *args, **named)

    return __init__


def _init(known: Mapping[str, _Field], *, frozen: bool, ends: bool) -> Callable[..., None]:
    """Compiled, as it is called often."""
    names: dict[str, object] = {"__nothing": _NOTHING, "__put": object.__setattr__}  # no field is called so
    by_place = [_parameter(each, names) for each in known.values() if not each.kw_only]
    by_name = [_parameter(each, names) for each in known.values() if each.kw_only]
    lines = [f"def __init__({', '.join(['self', *by_place, *(['*', *by_name] if by_name else ())])}):"]
    for each in known.values():
        value = each.name
        if each.default_factory is not _NOTHING:
            value = f"__make_{each.name}() if {each.name} is __nothing else {each.name}"
        lines.append(f"    __put(self, '{each.name}', {value})" if frozen else f"    self.{each.name} = {value}")
    lines.append("    self.__post_init__()" if ends else "    pass")
    exec("\n".join(lines), names)  # noqa: S102 -- of names that are written in a class, as `dataclasses` does
    made: Callable[..., None] = names["__init__"]  # type: ignore[assignment]
    return made


def _parameter(one: _Field, names: dict[str, object]) -> str:
    if one.default_factory is not _NOTHING:
        names[f"__make_{one.name}"] = one.default_factory
        return f"{one.name}=__nothing"
    if one.default is _NOTHING:
        return one.name
    names[f"__default_{one.name}"] = one.default
    return f"{one.name}=__default_{one.name}"


# What all of them do alike.


def _eq(names: tuple[str, ...]) -> Callable[[object, object], bool]:
    taken = _taken(names)

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 -- it is that
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(taken(self) == taken(other))

    return __eq__


def _hash(names: tuple[str, ...]) -> Callable[[object], int]:
    taken = _taken(names)

    def __hash__(self: object) -> int:  # noqa: N807 -- it is that
        return hash(taken(self))

    return __hash__


def _taken(names: tuple[str, ...]) -> Callable[[object], object]:
    return attrgetter(*names) if names else lambda _: ()


def _repr(self: object) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse(_: object, name: str, *__: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 -- nobody does that

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _getstate(self: object) -> list[object]:
    return [getattr(self, each.name) for each in fields(self)]


def _setstate(self: object, state: list[object]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


# For others.


def _told(cls: type, standard: Callable[[], type]) -> dict[str, object]:
    """What makes it a dataclass for `dataclasses`, and gives it a signature."""

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


@cache
def _standard(cls: type, *, frozen: bool, eq: bool) -> type:
    """A dataclass of `dataclasses` with the same fields."""
    import dataclasses  # noqa: PLC0415 -- who asks for its fields has it

    said = {name: said for base in reversed(cls.__mro__[:-1]) for name, said in base.__annotations__.items()}

    def standard(one: _Field) -> object:
        told = {"repr": one.repr, "compare": one.compare, "hash": one.hash, "kw_only": one.kw_only}
        defaults = {
            name: value for name in ("default", "default_factory") if (value := getattr(one, name)) is not _NOTHING
        }
        return make(**told, **defaults)

    make = cast("Callable[..., object]", dataclasses.field)
    known = [(each.name, said[each.name], standard(each)) for each in fields(cls)]
    return dataclasses.make_dataclass(cls.__name__, known, frozen=frozen, eq=eq)
