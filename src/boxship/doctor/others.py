"""Whoever else a registry sends one to, its token server and its store of blobs: looked at as soon as they are named.

Only those whom boxship itself asks are: where it refuses to go, nothing is dialled.
"""

from __future__ import annotations

__all__ = ["Others", "Seen"]

import threading
from collections.abc import Callable
from concurrent.futures import Future

from boxship.connect.address import Address
from boxship.connect.deadline import Work
from boxship.connect.evidence import Evidence
from boxship.connect.legs import legs_of
from boxship.connect.means import Means
from boxship.connect.places import Atlas
from boxship.doctor.handshake import Greeting
from boxship.doctor.probe import Probe, probe
from boxship.doctor.together import Together
from boxship.errors import NameFailed, TimedOut
from boxship.event import Event
from boxship.reference import Registry
from boxship.settings.hosts import Site, other_site
from boxship.value import dataclass, replace
from boxship.wire.target import Target

_NAMED_BY = {"Token": "realm", "Redirect": "to"}
_STEP = 5.0  # seconds for the name, and for what all places show
_LATE = 0.3  # for the other family's addresses
_MOST = 4  # addresses of each that are looked at, and hosts
_SILENT = "silent, no SYN-ACK and no RST: the packets are dropped, not refused"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a host's places showed; `words` say why there are none."""

    probes: tuple[Probe, ...] = ()
    words: str = ""

    @property
    def all_reached(self) -> bool:
        """Whether nothing is wrong with any place."""
        return all(map(_is_reached, self.probes))

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each place."""
        return (self.words,) if self.words else tuple(map(_line, self.probes))


class Others:
    """The hosts that the events of one journey name. `hear` is called in any thread, and waits for nothing."""

    def __init__(self, means: Means, work: Work, greeting_of: Callable[[Means], Greeting]) -> None:
        """`greeting_of`: how a host's places are greeted, given the means to reach it."""
        self._means, self._work, self._greeting_of = means, work, greeting_of
        self._pool = Together(_MOST, "boxship-doctor-others")
        self._lock = threading.Lock()
        self._looks: dict[Registry, Future[Seen]] = {}

    def hear(self, event: Event) -> None:
        """Begin to look at whom the event names."""
        url = event.facts.get(_NAMED_BY.get(event.name, ""))
        if not isinstance(url, str):
            return
        registry = Target.parse(url).registry
        with self._lock:
            if registry not in self._looks and not _is_at(registry, self._means.site):
                self._looks[registry] = self._pool.submit(self._look, registry)

    def seen(self, url: str) -> Seen:
        """What the places of the URL's host showed, waited for."""
        look = self._looks.get(Target.parse(url).registry)
        return look.result() if look else Seen(words="the registry's own place")

    def close(self) -> None:
        """Wait for what goes on: it is bounded."""
        self._pool.close()

    def _look(self, registry: Registry) -> Seen:
        site = _site(registry, self._means.site)
        leg = legs_of(site, self._means.proxies)[0]
        if leg.proxy:
            return Seen(words=f"reached{leg.words}")
        names = Atlas(self._means.resolver).names(leg)
        try:
            names.first(self._work, _STEP)
            places = names.settled(self._work, _LATE)[:_MOST]
        except (NameFailed, TimedOut) as error:
            return Seen(words=f"{error.what}: {error.why}")
        finally:
            names.close()
        return self._places([address for place in places if (address := place.tls or place.plain)], site)

    def _places(self, addresses: list[Address], site: Site) -> Seen:
        greeting, until = self._greeting_of(replace(self._means, site=site)), self._work.until(_STEP)
        tls = site.registry.scheme != "http"
        with Together(_MOST, "boxship-doctor-places") as pool:
            looks = [pool.submit(probe, address, tls=tls, greeting=greeting, until=until) for address in addresses]
            return Seen(tuple(look.result() for look in looks))


def _site(registry: Registry, own: Site) -> Site:
    """The host as it is reached by whom the registry sends there."""
    if registry.host.lower().rstrip(".") != own.registry.host.lower().rstrip("."):
        return other_site(registry, own.trust.for_others())
    return replace(other_site(registry, own.trust), named=own.named)


def _is_at(registry: Registry, site: Site) -> bool:
    """Whether it is the site itself, which is looked at by itself."""
    host, own = registry.host.lower().rstrip("."), site.registry.host.lower().rstrip(".")
    return host == own and registry.port == site.registry.port


def _is_reached(found: Probe) -> bool:
    return found.connected and (not found.tls or found.tls_ms is not None)


def _line(found: Probe) -> str:
    if not found.connected:
        silent = found.evidence is Evidence.SILENT
        detail = f" ({found.words})" if found.evidence is Evidence.UNREACHABLE else ""
        return f"{found.address}: {_SILENT if silent else f'{found.evidence.value}{detail}'}"
    line = f"{found.address}: open after {found.tcp_ms:.0f} ms"
    if not found.tls:
        return line
    if found.tls_ms is None:
        return f"{line}, and {found.evidence.value}{f': {found.words}' if found.words else ''}"
    return f"{line}, {found.tls_story} after {found.tls_ms:.0f} ms"
