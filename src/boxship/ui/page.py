"""The page that a registry is served with, and the page of any registry: both are a `Ui`, for another engine."""

from __future__ import annotations

__all__ = ["OwnPage", "page_of"]

import secrets
from dataclasses import dataclass, field

from boxship.server.origin import Doorkeeper
from boxship.server.page import House
from boxship.ui.any_registry import AnyRegistry
from boxship.ui.application import Ui
from boxship.ui.guard import Guard
from boxship.ui.own import OwnRegistry
from boxship.ui.static import read_static

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

    def beside(self, house: House) -> Ui:
        """The page of this registry."""
        return Ui(OwnRegistry(house, self.url), Guard(self.token), read_static())


def page_of(engine: AnyRegistry) -> tuple[str, Ui]:
    """The path that the page is below, which nobody guesses, and the page: for whoever is told the path."""
    base = f"/{_word()}"
    return base, Ui(engine, Guard(_word(), Doorkeeper(())), read_static(), base=base)
