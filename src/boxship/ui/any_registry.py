"""Any registry, asked with the settings and the credentials of whoever started the page: `boxship ui`."""

from __future__ import annotations

__all__ = ["AnyRegistry"]

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from boxship.client import Client
from boxship.event import Listener
from boxship.reference import Registry
from boxship.server.asgi import Scope
from boxship.ui.engine import Asker

_ASKER = Asker()


class AnyRegistry:
    """The registry, by the clients that `opened` makes, each with the listener that it is given."""

    own = False
    plain = False

    def __init__(self, registry: Registry, opened: Callable[[Listener | None], Client], *, changes: bool) -> None:
        self.registry, self.changes = registry, changes
        self._opened, self._client = opened, opened(None)

    def called(self, _: Scope) -> str:
        """Its name, as it was given."""
        return self.registry.name

    def user(self, _: Scope) -> str:
        """Nobody logs in on the page."""
        return ""

    async def admit(self, _: Scope) -> Asker:
        """Whoever started it: nobody else knows where the page is."""
        return _ASKER

    async def may(self, _: Scope, repository: str) -> Mapping[str, bool | None]:
        """Nothing is known before it is tried, but where nothing is to be changed."""
        if not repository:
            return {"catalog": None}
        return {"pull": None, "push": None, "delete": None if self.changes else False}

    @contextmanager
    def client(self, _: Asker) -> Iterator[Client]:
        """The one client."""
        yield self._client

    def fresh(self, _: Asker, listener: Listener) -> Client:
        """A client that tells of all that it does."""
        return self._opened(listener)

    def close(self) -> None:
        """Close the client."""
        self._client.close()
