"""YAML as nodes that know where they stand: one broken document leaves the others readable, and nothing is built.

Aliases are the node that they stand for, so that whoever looks at each node once is led in no circle, and into no
billion of them.
"""

from __future__ import annotations

__all__ = ["Mark", "Node", "NotYAML", "fields", "get", "items", "pieces", "read_nodes", "scalar", "shared"]

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Protocol, cast

from boxship.errors import MissingExtra
from boxship.value import dataclass

_BREAK = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{")
_OF_IMAGES = frozenset({"reference", "repository", "newName"})
_MERGE = "tag:yaml.org,2002:merge"


class Mark(Protocol):
    """A place in the text."""

    index: int


class Node(Protocol):
    """What PyYAML makes of a piece of YAML: a mapping's value are pairs of these, a sequence's are these."""

    id: str
    tag: str
    value: object
    start_mark: Mark
    end_mark: Mark
    style: str | None


@dataclass(frozen=True, slots=True)
class NotYAML(Exception):
    """What is wrong with a piece, and where in it."""

    at: int
    why: str


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """The documents of a text, each with where it begins; a text with directives is one piece."""
    breaks = [] if _DIRECTIVE.search(text) else [found.start() for found in _BREAK.finditer(text)]
    starts = breaks if breaks and not breaks[0] else [0, *breaks]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield start, text[start:end]


def read_nodes(piece: str, purpose: str) -> list[Node]:
    """The roots of a piece's documents; `NotYAML`, or `MissingExtra` where the extra `yaml` is not installed."""
    try:
        import yaml  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra("yaml", purpose) from error
    try:
        loader = _loader_kind(hasattr(yaml, "CSafeLoader"))(piece)
        try:
            return list(_composed(loader))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYAML(_index(mark, piece), _hinted(piece, str(error.problem or error.context))) from None
    except yaml.YAMLError as error:
        raise NotYAML(int(getattr(error, "position", 0) or 0), _hinted(piece, _reason(error))) from None
    except (RecursionError, ValueError):
        raise NotYAML(0, "it is nested too deeply, or has letters that no text has") from None


class _Untyped:
    """In the place of PyYAML's resolver: what a scalar is for Python is not asked, only whether it is a merge."""

    def resolve(self, _kind: object, value: object, implicit: object) -> str:
        return _MERGE if value == "<<" and isinstance(implicit, tuple) and implicit[0] else ""


@cache
def _loader_kind(fast: bool) -> type[_Loader]:  # noqa: FBT001 -- libyaml's is ten times as fast, and not everywhere
    import yaml  # noqa: PLC0415 -- an extra

    return cast("type[_Loader]", type("Loader", (_Untyped, yaml.CSafeLoader if fast else yaml.SafeLoader), {}))


def _composed(loader: _Loader) -> Iterator[Node]:
    while loader.check_node():
        yield loader.get_node()


class _Loader(Protocol):
    def __init__(self, text: str) -> None: ...

    def check_node(self) -> bool:
        """Whether there is another document."""

    def get_node(self) -> Node:
        """Its root."""

    def dispose(self) -> None:
        """Let go of the text."""


def _index(mark: Mark | None, piece: str) -> int:
    return min(int(getattr(mark, "index", 0)), max(len(piece) - 1, 0))


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or "it has letters that YAML does not permit")


def _hinted(piece: str, why: str) -> str:
    return f"{why} (a template? helm template CHART | boxship audit -)" if _TEMPLATE.search(piece) else why


def scalar(node: Node | None) -> str | None:
    """The text of a scalar; None where it is none, or nothing."""
    return str(node.value) if node is not None and node.id == "scalar" and node.value not in ("", "~", "null") else None


def items(node: Node | None) -> list[Node]:
    """The items of a sequence."""
    return cast("list[Node]", node.value) if node is not None and node.id == "sequence" else []


def fields(node: Node) -> Mapping[str, Node]:
    """The fields of a mapping by name, with those that it merges from elsewhere (`<<`), each once."""
    pairs = cast("list[tuple[Node, Node]]", node.value) if node.id == "mapping" else []
    if all(key.tag != _MERGE for key, _ in pairs):
        return {str(key.value): value for key, value in pairs if key.id == "scalar"}
    found = dict[str, Node]()
    waiting, seen = [node], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen or one.id == "scalar":
            continue
        seen.add(id(one))
        if one.id == "sequence":
            waiting[:0] = items(one)
            continue
        own = cast("list[tuple[Node, Node]]", one.value)
        for key, value in reversed(own):  # of two of a name, the last counts
            if key.tag != _MERGE and key.id == "scalar":
                found.setdefault(str(key.value), value)
        waiting[:0] = [value for key, value in own if key.tag == _MERGE]
    return found


def get(node: Node | None, name: str) -> Node | None:
    """A field of a mapping; None where that is none, or has none."""
    return fields(node).get(name) if node is not None and node.id == "mapping" else None


def shared(root: Node) -> frozenset[int]:
    """The `id`s of scalars that several fields have by aliases, one of them none that says which image is meant.

    What stands below `x-…` says nothing by itself.
    """
    places, seen, waiting = dict[int, list[bool]](), set[int](), [(root, "", False)]
    while waiting:
        node, name, is_free = waiting.pop()
        if node.id == "scalar":
            places.setdefault(id(node), []).append(is_free or "image" in name.lower() or name in _OF_IMAGES)
        elif id(node) not in seen:
            seen.add(id(node))
            if node.id == "sequence":
                waiting += [(item, name, is_free) for item in items(node)]
                continue
            for key, value in cast("list[tuple[Node, Node]]", node.value):
                word = str(key.value) if key.id == "scalar" else ""
                waiting.append((value, word, is_free or (node is root and word.startswith("x-"))))
    return frozenset(place for place, fit in places.items() if len(fit) > 1 and not all(fit))
