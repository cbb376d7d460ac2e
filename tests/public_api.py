"""What programs may use, in lines: `python -m tests.public_api` writes the list anew where that changes on purpose.

The modules are those that docs/reference/python/index.md promises; of each, what it names in `__all__`.
"""

from __future__ import annotations

__all__ = ["LIST", "Public", "public"]

import enum
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from pathlib import Path

LIST = Path(__file__).with_suffix(".txt")
_PROMISED = Path(__file__).parents[1] / "docs/reference/python/index.md"
_MODULE = re.compile(r"^\| \[`(boxship[.\w]*)`\]", re.MULTILINE)
_ANNOTATION = re.compile(r"(: |-> )'([^']*)'")
_LONGEST = 80  # letters of a default that is worth reading


@dataclass(frozen=True, slots=True)
class Public:
    """A name that programs may use, and what is there."""

    name: str
    value: object

    @property
    def line(self) -> str:
        """How it is used: a signature, a class with what it inherits from, a constant with its type."""
        value = self.value
        if isinstance(value, type):
            bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
            return f"class {self.name}({bases})" if bases else f"class {self.name}"
        if isinstance(value, property):
            return f"{self.name} -> {inspect.signature(value.fget).return_annotation}" if value.fget else self.name
        if inspect.isroutine(value) or isinstance(value, classmethod | staticmethod):
            words = "async " if inspect.iscoroutinefunction(value) else ""
            return f"{words}{self.name}{_signature(value)}"
        return f"{self.name}: {value if isinstance(value, str) else type(value).__name__}"


def public() -> list[Public]:
    """All of them, in their order."""
    found = [one for module in _MODULE.findall(_PROMISED.read_text()) for one in _of_module(module)]
    return sorted(found, key=lambda one: one.name)


def _of_module(name: str) -> Iterator[Public]:
    module = import_module(name)
    for each in module.__all__:
        value = getattr(module, each)
        yield Public(f"{name}.{each}", value)
        if isinstance(value, type):
            yield from _of_class(f"{name}.{each}", value)


def _of_class(name: str, value: type) -> Iterator[Public]:
    """Its constructor, its fields with their types, and its methods, also those of bases of ours."""
    made = _init_of(value) if is_dataclass(value) else inspect.getattr_static(value, "__init__")
    if made is not object.__init__ and not issubclass(value, BaseException | enum.Enum):
        yield Public(f"{name}.__init__", made)
    members = dict[str, object]()
    for base in reversed(value.__mro__):
        if base.__module__.startswith("boxship"):
            members |= {field: str(kind) for field, kind in inspect.get_annotations(base).items()}
            members |= {field: own for field, own in vars(base).items() if not inspect.ismemberdescriptor(own)}
    for member, own in members.items():
        if not member.startswith("_"):
            yield Public(f"{name}.{member}", own)


def _init_of(value: type) -> object:
    """The constructor of a dataclass, which it has when it is first used."""

    def init() -> None:
        """Say what it takes."""

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    told = inspect.signature(value)
    init.__signature__ = told.replace(parameters=[own, *told.parameters.values()])  # type: ignore[attr-defined] # it may
    return init


def _signature(value: object) -> str:
    function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
    signature = inspect.signature(function)  # type: ignore[arg-type]  # a callable
    words = [
        each.replace(default=...) if _is_unwritten(each.default) else each for each in signature.parameters.values()
    ]
    return _ANNOTATION.sub(r"\1\2", str(signature.replace(parameters=words)))


def _is_unwritten(default: object) -> bool:
    """Whether it is a function, or an object that is another in each run, or long."""
    return " at 0x" in repr(default) or len(repr(default)) > _LONGEST


if __name__ == "__main__":
    LIST.write_text("".join(f"{one.line}\n" for one in public()))
