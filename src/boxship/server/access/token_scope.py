"""What a token allows, in the words of clients that ask for it (distribution, spec/auth/scope and spec/auth/jwt)."""

from __future__ import annotations

__all__ = ["Allowed", "asked", "scope_of"]

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from boxship.server.access.rights import Caller, Grant, Pattern, Right, Rights
from boxship.value import dataclass
from boxship.wire.grammar import is_repository

_SCOPE = re.compile(r"(?P<kind>[a-z0-9]+)(?:\([a-z0-9]+\))?:(?P<name>[^:]+(?::\d+/[^:]+)?):(?P<actions>[a-z*,]*)")
_CATALOG = "catalog"
# What clients call rights. Who may create and not push gets the smaller one where the larger is asked for.
_MEANT: Mapping[str, tuple[Right, ...]] = {
    "pull": (Right.PULL,),
    "push": (Right.PUSH, Right.CREATE),
    "delete": (Right.DELETE,),
    "*": (Right.PULL, Right.PUSH, Right.CREATE, Right.DELETE),
}
_WRITTEN = {right.value: right for right in (Right.PULL, Right.PUSH, Right.CREATE, Right.DELETE)}
_MOST = 64  # scopes of one token


@dataclass(frozen=True, slots=True)
class Allowed:
    """Rights in repositories, by their names, and whether all repositories may be listed."""

    repositories: Mapping[str, frozenset[Right]]
    catalog: bool = False

    @property
    def rights(self) -> Rights:
        """The same as grants."""
        return Rights.of(Grant(Pattern.parse(name), rights) for name, rights in self.repositories.items())

    def write(self) -> list[dict[str, object]]:
        """The claim `access`."""
        entries: list[dict[str, object]] = [
            {"type": "repository", "name": name, "actions": sorted(rights)}
            for name, rights in self.repositories.items()
        ]
        return entries + ([{"type": "registry", "name": _CATALOG, "actions": ["*"]}] if self.catalog else [])

    @classmethod
    def read(cls, access: object) -> Self:
        """What the claim `access` says; `KeyError`, `TypeError` or `ValueError` for what none is."""
        if not isinstance(access, list):
            raise TypeError("access should be a list")
        repositories = {
            entry["name"]: frozenset(_WRITTEN[action] for action in entry["actions"])
            for entry in access
            if entry["type"] == "repository"
        }
        return cls(repositories, any(entry["type"] == "registry" for entry in access))


def asked(scopes: Iterable[str], caller: Caller) -> Allowed:
    """What of these scopes the caller may have: perhaps less than was asked for, perhaps nothing."""
    repositories: dict[str, frozenset[Right]] = {}
    catalog = False
    for kind, name, actions in _parsed(scopes):
        if kind == "registry":
            catalog |= name == _CATALOG and caller.may(Right.CATALOG, "")
        elif kind == "repository" and is_repository(name):
            wanted = {right for action in actions for right in _MEANT.get(action, ())}
            granted = frozenset(right for right in wanted if caller.may(right, name))
            if granted:
                repositories[name] = repositories.get(name, frozenset()) | granted
    return Allowed(repositories, catalog)


def scope_of(right: Right, repository: str) -> str:
    """The scope that a token needs for what takes the right; '' where any will do."""
    actions = {Right.PULL: "pull", Right.CREATE: "pull,push", Right.PUSH: "pull,push", Right.DELETE: "pull,delete"}
    if right is Right.CATALOG:
        return f"registry:{_CATALOG}:*"
    return f"repository:{repository}:{actions[right]}" if right in actions else ""


def _parsed(scopes: Iterable[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Kind, name and actions of each; what cannot be read allows nothing."""
    for text in [text for given in scopes for text in given.split(" ")][:_MOST]:
        found = _SCOPE.fullmatch(text)
        if found:
            yield found["kind"], found["name"], found["actions"].split(",")
