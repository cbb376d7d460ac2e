"""What a client reaches a registry by, for whoever looks at each step by itself instead of running a race."""

from __future__ import annotations

__all__ = ["Means"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

from boxship.connect.contexts import Contexts
from boxship.connect.resolve import Resolver
from boxship.settings.hosts import Site

if TYPE_CHECKING:
    from boxship.settings.proxies import Proxies


@dataclass(frozen=True, slots=True)
class Means:
    """The host with what its settings say, how names become addresses, what is trusted, and what is in the way."""

    site: Site
    resolver: Resolver
    contexts: Contexts
    proxies: Proxies | None
    user_agent: str
