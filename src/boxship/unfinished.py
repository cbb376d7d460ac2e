"""Dataclasses that are finished when they are used: of those that a command imports, few ever are.

`dataclasses` compiles six functions for each class where it is defined, and imports `inspect` for that: a quarter of
what it takes to start `boxship`. Here a class costs next to nothing until it has instances, and `__init__` is compiled
once it has some: most of them have one or two in a command. They are dataclasses for everybody else:
`dataclasses.fields`, `asdict`, `replace`, `is_dataclass`, and subclasses know them as such.
"""

from __future__ import annotations

__all__ = ["dataclass", "field", "fields", "replace"]

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from types import MemberDescriptorType
from typing import TypeVar

from boxship.counterpart import told
from boxship.field import NOTHING, Field, field

Class = TypeVar("Class", bound=type)
Value = TypeVar("Value")

_OURS = "__boxship_fields__"
_FEW = 8  # instances: to fill one takes 5 us, to compile what does it for all of them 300


def dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
) -> Callable[[Class], Class]:
    """As `dataclasses.dataclass`, finished when it is used."""

    def decorated(cls: Class) -> Class:
        own = dict(_own(cls, kw_only=kw_only))
        known = {**_inherited(cls), **own}
        made = _with_slots(cls, own) if slots else _with_defaults(cls, own)
        setattr(made, _OURS, known)
        _give(made, known, frozen=frozen, eq=eq)
        return made

    return decorated


def fields(value: object) -> tuple[Field, ...]:
    """The fields of a dataclass or of one of its instances, each with its `name` and `default`."""
    known: Mapping[str, Field] = getattr(value, _OURS)
    return tuple(known.values())


def replace(value: Value, /, **changes: object) -> Value:
    """As `dataclasses.replace`."""
    return value.__class__(**{name: getattr(value, name) for name in _names(value)} | changes)


# What a class is told to have.


def _own(cls: type, *, kw_only: bool) -> Iterator[tuple[str, Field]]:
    for name, said in cls.__annotations__.items():
        if "ClassVar" in said:
            continue
        default = cls.__dict__.get(name, NOTHING)
        default = NOTHING if isinstance(default, MemberDescriptorType) else default  # a slot of the class's own
        one = default if isinstance(default, Field) else field(default=default)
        one.name = name
        one.kw_only = kw_only if one.kw_only is None else one.kw_only
        yield name, one


def _inherited(cls: type) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        found |= base.__dict__.get(_OURS, {})
    return found


def _with_slots(cls: Class, own: Mapping[str, Field]) -> Class:
    """The class anew, with slots for its fields: a default would be in the way of one."""
    names = {name: value for name, value in cls.__dict__.items() if name not in own}
    for name in ("__dict__", "__weakref__"):
        names.pop(name, None)
    names["__slots__"] = tuple(own)
    names["__qualname__"] = cls.__qualname__
    return type(cls)(cls.__name__, cls.__bases__, names)


def _with_defaults(cls: Class, own: Mapping[str, Field]) -> Class:
    """The class, which has a field's default by its name, or nothing, and not what was said of it."""
    for name, one in own.items():
        if cls.__dict__.get(name) is one:
            delattr(cls, name)
            if one.default is not NOTHING:
                setattr(cls, name, one.default)
    return cls


def _give(cls: type, known: Mapping[str, Field], *, frozen: bool, eq: bool) -> None:
    """Give it what it does not say itself."""
    own = cls.__dict__
    given: dict[str, object] = {
        "__init__": _beginning(cls, known, frozen=frozen),
        "__repr__": _repr,
        "__replace__": replace,
        "__match_args__": tuple(each.name for each in known.values() if not each.kw_only),
        **told(cls, known, frozen=frozen, eq=eq),
    }
    if eq:
        given["__eq__"] = _eq(tuple(each.name for each in known.values() if each.compare))
    if frozen:
        given |= {"__setattr__": _set, "__delattr__": _delete}
    if frozen and "__slots__" in own:
        given |= {"__getstate__": _getstate, "__setstate__": _setstate}
    explicit = own.get("__hash__") is not None or ("__hash__" in own and "__eq__" not in own)
    if eq and not explicit:
        hashed = (each.name for each in known.values() if (each.compare if each.hash is None else each.hash))
        type.__setattr__(cls, "__hash__", _hash(tuple(hashed)) if frozen else None)
    for name, value in given.items():
        if name not in own:
            type.__setattr__(cls, name, value)


def _beginning(cls: type, known: Mapping[str, Field], *, frozen: bool) -> Callable[..., None]:
    """The `__init__` that fills a few, and then makes the real one, and is replaced by it."""
    by_place = tuple(each.name for each in known.values() if not each.kw_only)
    few = iter(range(_FEW))

    def __init__(self: object, /, *args: object, **named: object) -> None:  # noqa: N807 -- it is that
        ends = hasattr(cls, "__post_init__")
        values = dict(zip(by_place, args, strict=False)) | named
        # Who says too much or too little is told by the real one.
        if (
            len(values) == len(args) + len(named)
            and next(few, None) is not None
            and _filled(self, known, values, frozen=frozen)
        ):
            if ends:
                self.__post_init__()  # type: ignore[attr-defined]
            return
        real = _init(known, frozen=frozen, ends=ends)
        real.__qualname__, real.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
        type.__setattr__(cls, "__init__", real)
        real(self, *args, **named)

    return __init__


def _filled(one: object, known: Mapping[str, Field], values: Mapping[str, object], *, frozen: bool) -> bool:
    """Give it these values, or their defaults; whether it has all of them now, and there is a field for each."""
    put = object.__setattr__ if frozen else setattr
    for name, each in known.items():
        if name in values:
            put(one, name, values[name])
        elif each.default_factory is not NOTHING:
            put(one, name, each.default_factory())  # type: ignore[operator]
        elif each.default is not NOTHING:
            put(one, name, each.default)
        else:
            return False
    return values.keys() <= known.keys()


def _init(known: Mapping[str, Field], *, frozen: bool, ends: bool) -> Callable[..., None]:
    """Compiled, as it is called often."""
    names: dict[str, object] = {"__nothing": NOTHING, "__put": object.__setattr__}  # no field is called so
    by_place = [_parameter(each, names) for each in known.values() if not each.kw_only]
    by_name = [_parameter(each, names) for each in known.values() if each.kw_only]
    lines = [f"def __init__({', '.join(['self', *by_place, *(['*', *by_name] if by_name else ())])}):"]
    for each in known.values():
        value = each.name
        if each.default_factory is not NOTHING:
            value = f"__make_{each.name}() if {each.name} is __nothing else {each.name}"
        lines.append(f"    __put(self, '{each.name}', {value})" if frozen else f"    self.{each.name} = {value}")
    lines.append("    self.__post_init__()" if ends else "    pass")
    exec("\n".join(lines), names)  # noqa: S102 -- of names that are written in a class, as `dataclasses` does
    made: Callable[..., None] = names["__init__"]  # type: ignore[assignment]
    return made


def _parameter(one: Field, names: dict[str, object]) -> str:
    if one.default_factory is not NOTHING:
        names[f"__make_{one.name}"] = one.default_factory
        return f"{one.name}=__nothing"
    if one.default is NOTHING:
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


def _set(self: object, name: str, value: object) -> None:
    _see_free(self, name)
    object.__setattr__(self, name, value)


def _delete(self: object, name: str) -> None:
    _see_free(self, name)
    object.__delattr__(self, name)


def _see_free(self: object, name: str) -> None:
    """A subclass that is no dataclass itself may have more, which is its own affair."""
    if _OURS in type(self).__dict__ or name in getattr(self, _OURS):
        from dataclasses import FrozenInstanceError  # noqa: PLC0415 -- nobody does that

        raise FrozenInstanceError(f"cannot change field {name!r}")


def _getstate(self: object) -> list[object]:
    return [getattr(self, name) for name in _names(self)]


def _setstate(self: object, state: list[object]) -> None:
    for name, value in zip(_names(self), state, strict=True):
        object.__setattr__(self, name, value)


def _names(value: object) -> tuple[str, ...]:
    """Of its fields; a dataclass of `dataclasses` that inherits from one of these may have more."""
    known: Mapping[str, object] = getattr(value, _OURS if _OURS in type(value).__dict__ else "__dataclass_fields__")
    return tuple(known)
