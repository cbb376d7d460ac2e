"""What a client reaches registries by, from its words and the environment.

`Means` is all of it for one host, for whoever looks at each step by itself instead of running a race.
"""

from __future__ import annotations

__all__ = ["Means", "Told"]

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds
from boxship.connect.given import Places, proxies_of
from boxship.connect.resolve import Resolver
from boxship.event import Listener
from boxship.settings.access import Access
from boxship.settings.hosts import Flags, Site
from boxship.value import dataclass
from boxship.wire.message import USER_AGENT

if TYPE_CHECKING:
    import ssl

    from boxship.settings.ecosystem import Ecosystem
    from boxship.settings.endpoint import Endpoints
    from boxship.settings.proxies import Proxies


@dataclass(frozen=True, slots=True)
class Means:
    """The host with what its settings say, how names become addresses, what is trusted, and what is in the way."""

    site: Site
    resolver: Resolver
    contexts: Contexts
    proxies: Proxies | None
    user_agent: str
    told: Told
    files: Ecosystem
    """The machine's files."""
    endpoints: Endpoints | None
    """Who is asked for the repository, where it is one."""

    @classmethod
    def of(
        cls,
        site: Site,
        places: Places,
        context: ssl.SSLContext | None,
        told: Told,
        *,
        files: Ecosystem,
        endpoints: Endpoints | None = None,
    ) -> Self:
        """The means of a site, where `places` are told to be dialled elsewhere and `context` is the caller's own."""
        flags = told.flags
        agent = flags.user_agent.value if flags.user_agent else USER_AGENT
        return cls(
            site,
            Resolver(places, only=flags.ip_version),
            Contexts(context),
            proxies_of(os.environ),
            agent,
            told,
            files,
            endpoints,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What the caller told of all hosts, and what each place of settings is for it.

    Attributes:
        access: what is sent to whoever asks for it, or where that is looked for.
        memory: where it is kept how hosts were reached; None keeps nothing.
        refresh: whether that is ignored.
        timeout: the bound of a whole operation, if there is one.
        listener: who is told what happens, if anybody is.
    """

    flags: Flags
    access: Access
    memory: Path | None
    refresh: bool
    bounds: Bounds
    timeout: float | None
    listener: Listener | None
