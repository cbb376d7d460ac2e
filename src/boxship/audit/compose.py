"""Images in compose files, whose variables stand for what the environment says, or what is written after them."""

from __future__ import annotations

__all__ = ["Unset", "filled", "find", "is_compose", "read_env", "variables"]

import re
from collections.abc import Iterator, Mapping
from typing import cast

from boxship.audit.kubernetes import Named
from boxship.audit.nodes import Node, get, scalar

# $$ is a dollar; ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?error}, ${NAME?error}, ${NAME:+other}, $NAME.
_VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-+?])([^{}]*))?\})")

_ASSIGNED = re.compile(
    r"""\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]\s*(?:'([^']*)'|"([^"]*)"|((?:(?!\s#)[^\n])*?))\s*(?:\s#.*)?\Z"""
)


class Unset(Exception):
    """A variable that nobody says."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def is_compose(root: Node) -> bool:
    """Whether a document is a compose file."""
    services = get(root, "services")
    return services is not None and services.id == "mapping" and get(root, "kind") is None


def find(root: Node) -> Iterator[Named]:
    """The images of the services, each once, but for those that are built from a folder."""
    services, seen = get(root, "services"), set[int]()
    assert services is not None
    for key, service in cast("list[tuple[Node, Node]]", services.value):
        image = get(service, "image")
        if image is not None and scalar(image) and get(service, "build") is None and id(image) not in seen:
            seen.add(id(image))
            yield Named(image, f"service {scalar(key) or ''}".rstrip())


def filled(text: str, environment: Mapping[str, str]) -> str:
    """The text with what its variables stand for; `Unset`."""

    def said(found: re.Match[str]) -> str:
        dollar, bare, braced, operator, words = found.groups()
        return "$" if dollar else _value(bare or braced, operator or "", words or "", environment)

    return _VARIABLE.sub(said, text)


def read_env(text: str) -> dict[str, str]:
    """What a `.env` file says: `NAME=value` a line, perhaps in quotes, perhaps after `export`."""
    found = (_ASSIGNED.match(line) for line in text.splitlines())
    return {one[1]: next(word for word in (one[2], one[3], one[4]) if word is not None) for one in found if one}


def variables(text: str) -> list[tuple[int, int]]:
    """Where in a text variables stand."""
    return [found.span() for found in _VARIABLE.finditer(text)]


def _value(name: str, operator: str, words: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name)
    has_one = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("+"):
        return words if has_one else ""
    if has_one and value is not None:
        return value
    if operator.endswith("-"):
        return words
    raise Unset(name)
