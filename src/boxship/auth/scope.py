"""Scopes: what a token is for (distribution's token specification, "Resource scope grammar")."""

from __future__ import annotations

__all__ = ["CATALOG", "Scope", "pull", "pull_and_push", "pull_push_and_delete"]

from typing import Self

from boxship.value import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """A resource and the actions on it, as a registry's challenge and a token request write them."""

    kind: str
    name: str
    actions: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> tuple[Self, ...]:
        """The scopes in a challenge's `scope`, separated by spaces; what is no scope is left out."""
        return tuple(scope for word in text.split() if (scope := cls._parse_one(word)))

    @classmethod
    def _parse_one(cls, word: str) -> Self | None:
        # A name may hold a colon (a host with a port): kind ends at the first one, actions begin after the last.
        kind, colon, rest = word.partition(":")
        name, last, actions = rest.rpartition(":")
        return cls(kind, name, tuple(sorted(set(actions.split(","))))) if colon and last and name else None

    def names_the_same(self, other: Scope) -> bool:
        """Whether both are of one resource, whatever the actions."""
        return (self.kind, self.name) == (other.kind, other.name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}:{','.join(self.actions)}"


CATALOG = Scope("registry", "catalog", ("*",))


def pull(repository: str) -> Scope:
    """Reading a repository."""
    return Scope("repository", repository, ("pull",))


def pull_and_push(repository: str) -> Scope:
    """Reading a repository and writing to it."""
    return Scope("repository", repository, ("pull", "push"))


def pull_push_and_delete(repository: str) -> Scope:
    """All that is done in a repository."""
    return Scope("repository", repository, ("delete", "pull", "push"))
