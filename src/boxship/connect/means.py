"""What a client reaches registries by, from its words and the environment.

`Means` is all of it for one host, for whoever looks at each step by itself instead of running a race.
"""

from __future__ import annotations

__all__ = ["Means", "Told", "memory_folder", "proxies_of", "told_places"]

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from boxship.connect.address import Address
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds
from boxship.connect.recollection import default_folder
from boxship.connect.resolve import Resolver
from boxship.credential import Credential
from boxship.errors import InvalidSettings
from boxship.event import Listener
from boxship.settings.hosts import Flags, Site
from boxship.wire.message import USER_AGENT

if TYPE_CHECKING:
    import ssl

    from boxship.settings.proxies import Proxies

Places = Mapping[tuple[str, int], tuple[Address, ...]]


@dataclass(frozen=True, slots=True)
class Means:
    """The host with what its settings say, how names become addresses, what is trusted, and what is in the way."""

    site: Site
    resolver: Resolver
    contexts: Contexts
    proxies: Proxies | None
    user_agent: str
    told: Told

    @classmethod
    def of(cls, site: Site, places: Places, context: ssl.SSLContext | None, told: Told) -> Self:
        """The means of a site, where `places` are told to be dialled elsewhere and `context` is the caller's own."""
        flags = told.flags
        agent = flags.user_agent.value if flags.user_agent else USER_AGENT
        return cls(
            site, Resolver(places, only=flags.ip_version), Contexts(context), proxies_of(os.environ), agent, told
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What the caller told of all hosts, and what each place of settings is for it.

    Attributes:
        credential: what is sent to whoever asks for it; None: what docker's settings say.
        config: the folder of docker's `config.json`; empty for its usual place.
        memory: where it is kept how hosts were reached; None keeps nothing.
        refresh: whether that is ignored.
        timeout: the bound of a whole operation, if there is one.
        listener: who is told what happens, if anybody is.
    """

    flags: Flags
    credential: Credential | None
    config: str
    memory: Path | None
    refresh: bool
    bounds: Bounds
    timeout: float | None
    listener: Listener | None


def told_places(resolve: Mapping[tuple[str, int], tuple[str, int]]) -> Places:
    """Where places are told to be dialled (`--resolve`); `InvalidSettings` for what is no address."""
    places: dict[tuple[str, int], tuple[Address, ...]] = {}
    for (host, port), (address, dialled) in resolve.items():
        try:
            told = replace(Address.of(address, dialled), source="flag --resolve")
            places[host.lower().rstrip("."), port] = (told,)
        except ValueError as error:
            raise InvalidSettings(f"resolve={host}:{port}", why=f"{address!r} is no IP address") from error
    return places


def memory_folder(told: str | os.PathLike[str] | None) -> Path | None:
    """Where it is kept how hosts were reached; None is nowhere, '' the user's cache folder."""
    return None if told is None else Path(told) if os.fspath(told) else default_folder(os.environ)


def proxies_of(environment: Mapping[str, str]) -> Proxies | None:
    """The proxies, where a variable names one: most often, none does."""
    if not any(environment.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")):
        return None
    from boxship.settings.proxies import Proxies  # noqa: PLC0415 -- seldom needed, and it takes a while

    return Proxies.of(environment)
