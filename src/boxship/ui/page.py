"""The page that a registry is served with, and the page of any registry: both are a `Ui`, for another engine.

A registry whose page nobody opens has nothing of it in memory, and starts as fast as without one.
"""

from __future__ import annotations

__all__ = ["OwnPage", "page_of"]

import asyncio
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from boxship.server.asgi import Application, Receive, Scope, Send
from boxship.server.page import House
from boxship.value import dataclass, field

if TYPE_CHECKING:
    from boxship.ui.any_registry import AnyRegistry
    from boxship.ui.application import Ui

# ruff: noqa: PLC0415 -- as said above

_BYTES = 24  # of what nobody guesses


def _word() -> str:
    return secrets.token_urlsafe(_BYTES)


@dataclass(frozen=True, slots=True)
class OwnPage:
    """The page beside a registry, in each of its processes; they have the token of changes in common.

    `url` is how clients reach the registry, where it was told.
    """

    url: str = ""
    token: str = field(default_factory=_word, repr=False)

    def beside(self, house: House) -> Application:
        """The page of this registry."""
        return _Late(lambda: self._made(house))

    def _made(self, house: House) -> Application:
        from boxship.ui.application import Ui
        from boxship.ui.guard import Guard
        from boxship.ui.own import OwnRegistry
        from boxship.ui.static import read_static

        return Ui(OwnRegistry(house, self.url), Guard(self.token), read_static())


class _Late:
    """An application that is made when it is asked for the first time, in a thread."""

    def __init__(self, make: Callable[[], Application]) -> None:
        self._make = make
        self._made: Application | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._made or await self._ready())(scope, receive, send)

    async def _ready(self) -> Application:
        async with self._making:
            if not self._made:
                self._made = await asyncio.to_thread(self._make)
            return self._made


def page_of(engine: AnyRegistry) -> tuple[str, Ui]:
    """The path that the page is below, which nobody guesses, and the page: for whoever is told the path."""
    from boxship.server.access.origin import Doorkeeper
    from boxship.ui.application import Ui
    from boxship.ui.guard import Guard
    from boxship.ui.static import read_static

    base = f"/{_word()}"
    return base, Ui(engine, Guard(_word(), Doorkeeper(())), read_static(), base=base)
