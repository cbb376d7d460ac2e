"""What stands beside the registry, as it sees it: a page, which knows of the registry what a `House` says."""

from __future__ import annotations

__all__ = ["House", "Page"]

from collections.abc import Awaitable, Callable
from typing import Protocol

from boxship.server.access.rights import Caller, Right
from boxship.server.asgi import Application, Scope
from boxship.server.running.address import Address
from boxship.value import dataclass


class Admits(Protocol):
    """Who decides whether somebody may do something."""

    def __call__(self, right: Right, repository: str, scope: Scope, /) -> Awaitable[Caller]:
        """Who asks, if they may; else the `Refusal` that they get. It counts as one request of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The registry that a page stands beside.

    Attributes:
        address: where this machine reaches it.
        certificate: the file with its certificate, where it speaks TLS; else ''.
        denied: what nobody may do now, whoever asks.
        admits: whether somebody may do something, as it decides of requests to itself.
    """

    address: Address
    certificate: str
    denied: Callable[[], frozenset[Right]]
    admits: Admits


class Page(Protocol):
    """What makes a page. Plain values: workers get it as it is."""

    def beside(self, house: House) -> Application:
        """The page of a registry, and all that it asks for."""
