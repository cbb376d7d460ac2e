"""Where a site is dialled: its ports, its addresses as they become known, and what is permitted at each of them.

Resolving is `resolve`'s work, the order of trying `race`'s.
"""

from __future__ import annotations

__all__ = ["Atlas", "Names", "permission", "permitted_by", "secured"]

from collections.abc import Callable
from itertools import zip_longest

from boxship.connect.address import Address, Permission, permission_by_address
from boxship.connect.attempt import Place
from boxship.connect.deadline import Work
from boxship.connect.leg import PLAIN_PORT, TLS_PORT, Leg
from boxship.connect.resolve import Lookup, Resolver
from boxship.connect.trace import Trace
from boxship.connect.verdict import Verdict
from boxship.settings.hosts import Scheme, Site
from boxship.value import replace


class Names:
    """The lookup of a site's name, or None where `--resolve` says all that is needed, told in places."""

    def __init__(self, lookup: Lookup | None, places: Callable[[tuple[Address, ...]], tuple[Place, ...]]) -> None:
        self._lookup, self._places = lookup, places

    def forbid_plain(self) -> None:
        """From now on no place has a plain side."""
        places = self._places
        self._places = lambda addresses: tuple(Place(place.tls, None) for place in places(addresses))

    @property
    def pending(self) -> bool:
        """Whether more may become known."""
        return self._lookup is not None and self._lookup.pending

    def fileno(self) -> int:
        """What becomes readable when more is known; -1 where nothing will be."""
        return self._lookup.fileno() if self._lookup else -1

    def first(self, work: Work, bound: float) -> tuple[Place, ...]:
        """The places of the first answer, waited for."""
        return self._places(self._lookup.first(work, bound) if self._lookup else ())

    def settled(self, work: Work, seconds: float) -> tuple[Place, ...]:
        """The places that are known when the rest has been waited for, for so long."""
        return self._places(self._lookup.settled(work, seconds) if self._lookup else ())

    def hear(self) -> tuple[tuple[Place, ...], bool]:
        """The places that are known by now, and whether more may come."""
        addresses, more = self._lookup.hear() if self._lookup else ((), False)
        return self._places(addresses), more

    def trace_wait(self, trace: Trace, *, awaited: bool) -> None:
        """Tell the trace when the wait for the rest, and for nothing else, begins and ends."""
        if self._lookup:
            self._lookup.trace_wait(trace, awaited=awaited)

    def again(self) -> Names:
        """The same, as far as they are known: nothing is looked up."""
        return Names(self._lookup and self._lookup.again(), self._places)

    def close(self) -> None:
        """Nobody waits for the rest any more."""
        if self._lookup:
            self._lookup.close()


class Atlas:
    """Leads from sites to places, with what `--resolve` says."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def names(self, leg: Leg) -> Names:
        """Begin to look up where the leg leads: to the site, or to the proxy in its way."""
        return Names(self._look_up(leg), lambda addresses: self.places(leg, addresses))

    def _look_up(self, leg: Leg) -> Lookup | None:
        """The lookup of the host that is dialled; None where `--resolve` says where TLS is, or all that is needed.

        Where it says that of port 443, port 80 is tried only if it is told, too: the name may be known to nobody.
        """
        host, wanted = _dialled(leg)
        told = [port for port in wanted if self._resolver.told(host, port) is not None]
        if TLS_PORT in told or len(told) == len(wanted):
            return None
        return self._resolver.look_up(host)

    def places(self, leg: Leg, addresses: tuple[Address, ...]) -> tuple[Place, ...]:
        """Where to try what: pairs of addresses, the one that worked before first."""
        if leg.proxy:
            at = self._at(leg.proxy.host, addresses, leg.proxy.port)
            return tuple(Place(address if leg.tls else None, address if leg.plain else None) for address in at)
        if leg.verdict:
            return self._as_before(leg.site, addresses, leg.verdict)
        site, port = leg.site, leg.site.registry.port
        secure = self._at(site.registry.host, addresses, port or TLS_PORT)
        plain = self._at(site.registry.host, addresses, port or PLAIN_PORT)
        pairs = (_place(site, tls, bare) for tls, bare in zip_longest(secure, plain))
        if leg.tls and leg.plain:
            return tuple(pairs)
        return tuple(filter(None, (Place(p.tls, None) if leg.tls else Place(None, p.plain) for p in pairs)))

    def _as_before(self, site: Site, addresses: tuple[Address, ...], verdict: Verdict) -> tuple[Place, ...]:
        dialled = self._at(site.registry.host, addresses, verdict.origin.port)
        if verdict.address in dialled:
            dialled = (verdict.address, *(a for a in dialled if a != verdict.address))
        if verdict.tls:
            return tuple(Place(address, None) for address in dialled)
        allowed = (address for address in dialled if permission(site, address) >= verdict.permission)
        return tuple(Place(None, address) for address in allowed)

    def _at(self, host: str, addresses: tuple[Address, ...], port: int) -> tuple[Address, ...]:
        told = self._resolver.told(host, port)
        return tuple(address.at(port) for address in addresses) if told is None else told


def _dialled(leg: Leg) -> tuple[str, tuple[int, ...]]:
    """Which host is dialled, and at which ports."""
    if leg.proxy:
        return leg.proxy.host, (leg.proxy.port,)
    host, port = leg.site.registry.host, leg.site.registry.port
    if leg.verdict:
        return host, (leg.verdict.origin.port,)
    if port is not None:
        return host, (port,)
    return host, ((TLS_PORT,) if leg.tls else ()) + ((PLAIN_PORT,) if leg.plain else ())


def permission(site: Site, address: Address) -> Permission:
    """What may be said to the address in plain, for this site."""
    if site.scheme.value is Scheme.BY_ADDRESS:
        inside = any(address.ip in network.value for network in site.networks)
        return Permission.FULL if inside else permission_by_address(site.registry.host, address)
    return Permission.NONE if site.scheme.value is Scheme.HTTPS else Permission.FULL


def permitted_by(site: Site, address: Address) -> str:
    """Who permits plain HTTP at an address where it is permitted."""
    if site.scheme.value is not Scheme.BY_ADDRESS:
        return site.scheme.source
    return next((network.source for network in site.networks if address.ip in network.value), "its address")


def secured(site: Site, port: int) -> Site:
    """The same host, spoken to over TLS at the port."""
    registry = replace(site.registry, port=port if site.registry.port or port != TLS_PORT else None)
    return replace(site, registry=registry, scheme=replace(site.scheme, value=Scheme.HTTPS))


def _place(site: Site, tls: Address | None, bare: Address | None) -> Place:
    plain = bare if bare and permission(site, bare) else None
    # Rule 9: `:80` is plain without a hello, where plain is permitted.
    if site.scheme.value is Scheme.HTTP or (site.registry.port == PLAIN_PORT and plain):
        return Place(None, plain)
    # Where nothing was said of a host, port 80 may be asked whether a registry is there, for an error to say so.
    asked = bare if site.scheme.value is Scheme.BY_ADDRESS and site.registry.port is None and not plain else None
    return Place(tls, plain, asked)
