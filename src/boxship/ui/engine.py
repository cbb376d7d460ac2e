"""Whom the API asks, and as whom: a registry by a `Client`, and who decides what somebody may do there.

`own` is the registry that the page stands beside, `any_registry` whichever somebody names on the command line.
"""

from __future__ import annotations

__all__ = ["Asker", "Engine"]

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from boxship.client import Client
from boxship.credential import Credential
from boxship.event import Listener
from boxship.reference import Registry
from boxship.server.asgi import Scope
from boxship.value import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: `key` tells askers apart and holds no secret; without a credential, the machine's own are used."""

    key: str = ""
    name: str = ""
    credential: Credential | None = None


class Engine(Protocol):
    """A registry, and how it is asked. Safe to use from several threads."""

    @property
    def registry(self) -> Registry:
        """Whom the clients ask."""

    @property
    def own(self) -> bool:
        """Whether somebody can log in on the page: it stands beside this registry."""

    @property
    def changes(self) -> bool:
        """Whether anything can be changed, whoever asks."""

    @property
    def plain(self) -> bool:
        """Whether it is known to be spoken to over plain HTTP."""

    def called(self, scope: Scope) -> str:
        """What commands call the registry."""

    def user(self, scope: Scope) -> str:
        """Who the request says that it is from; nothing is believed yet."""

    async def admit(self, scope: Scope) -> Asker:
        """Who asks, if they may ask at all; else `Turned`."""

    async def may(self, scope: Scope, repository: str) -> Mapping[str, bool | None]:
        """What they may do in the repository, or at all for ''; None for what is not known before it is tried."""

    def client(self, asker: Asker) -> AbstractContextManager[Client]:
        """The client that asks for them, for a while; it is another's as well."""

    def fresh(self, asker: Asker, listener: Listener) -> Client:
        """A client of their own, which tells of all that it does; to be closed."""

    def close(self) -> None:
        """End what is in progress, and every later use."""
