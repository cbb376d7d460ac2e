"""Settings files written in YAML, with the line of every name and item; the extra `yaml` reads them."""

from __future__ import annotations

__all__ = ["parse_yaml"]

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from boxship.errors import InvalidSettings, MissingExtra
from boxship.settings.section import Path, Section

if TYPE_CHECKING:
    from yaml import SafeLoader

_MOST = 100_000  # names and items
_NOT_PLAIN = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp"))


class _Mark(Protocol):
    line: int


class _Node(Protocol):
    """What PyYAML makes of a piece of YAML: a mapping's value are pairs of these, a sequence's are these."""

    id: str
    value: object
    start_mark: _Mark


def parse_yaml(text: str, file: str, *, plain: bool = False) -> Section:
    """The object in `text`; empty text is an empty one. `InvalidSettings`, or `MissingExtra`.

    `plain`: numbers and dates stay what is written, as where Go's decoders fill in a string: the tag 1.10 is not 1.1.
    """
    try:
        import yaml  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra("yaml", f"reading {file}") from error
    try:
        kind = _plain() if plain else yaml.SafeLoader
        node = yaml.compose(text, Loader=kind)
        value = yaml.load(text, Loader=kind)  # noqa: S506 -- both are safe
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InvalidSettings(file, line, why=f"is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError) as error:
        raise InvalidSettings(file, why="is not YAML that can be read") from error
    if value is None:
        return Section(file, {}, {})
    if not isinstance(value, dict):
        raise InvalidSettings(file, 1, why="should be an object, is something else")
    lines: dict[Path, int] = {}
    try:
        _note(lines, node, (), file)
        return Section(file, {str(name): _named(inner) for name, inner in value.items()}, lines)
    except RecursionError as error:
        raise InvalidSettings(file, why="an object has itself in it") from error


@cache
def _plain() -> type[SafeLoader]:
    import yaml  # noqa: PLC0415 -- an extra

    known = yaml.SafeLoader.yaml_implicit_resolvers
    kept = {first: [one for one in some if one[0] not in _NOT_PLAIN] for first, some in known.items()}
    made = type("PlainLoader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": kept})
    return cast("type[SafeLoader]", made)


def _named(value: object) -> object:
    """The same with texts for names: YAML takes `5000:` for a number."""
    if isinstance(value, dict):
        return {str(name): _named(inner) for name, inner in value.items()}
    return [_named(item) for item in value] if isinstance(value, list) else value


def _note(lines: dict[Path, int], node: _Node, path: Path, file: str) -> None:
    """Find the line of everything below the node."""
    for name, at, inner in _inside(node):
        here = (*path, name)
        if here in lines:
            raise InvalidSettings(file, at.line + 1, why=f"{name} is there twice")
        if len(lines) >= _MOST:
            raise InvalidSettings(file, why="aliases make too much of it")
        lines[here] = at.line + 1
        _note(lines, inner, here, file)


def _inside(node: _Node) -> Iterator[tuple[str, _Mark, _Node]]:
    if node.id == "mapping":
        pairs = cast("list[tuple[_Node, _Node]]", node.value)
        yield from ((str(key.value), key.start_mark, inner) for key, inner in pairs)
    elif node.id == "sequence":
        for number, item in enumerate(cast("list[_Node]", node.value)):
            yield str(number), item.start_mark, item
