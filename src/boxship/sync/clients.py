"""A client for each registry that a file says how to reach, and one for all others."""

from __future__ import annotations

__all__ = ["Clients"]

import threading
from collections.abc import Callable, Mapping
from typing import Self

from boxship.client import Client
from boxship.reference import Registry
from boxship.registry.operations import Operations
from boxship.sync.wish import Access


class Clients:
    """The clients, made when they are needed; closed at the end of a `with`. Safe to use from several threads."""

    def __init__(self, make: Callable[[Access], Client], access: Mapping[str, Access]) -> None:
        self._make, self._access = make, access
        self._lock, self._made = threading.Lock(), dict[str, Client]()

    def at(self, registry: Registry) -> Client:
        """The client that reaches the registry."""
        name = registry.name if registry.name in self._access else ""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(self._access.get(name, Access()))
            return self._made[name]

    def operations(self, registry: Registry) -> Operations:
        """What its verbs are made of."""
        return self.at(registry)._operations

    def close(self) -> None:
        """End what is under way at all of them."""
        for client in tuple(self._made.values()):
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
