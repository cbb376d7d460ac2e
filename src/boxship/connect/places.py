"""Where a site is dialled: its ports, its addresses as they become known, and what is permitted at each of them.

Resolving is `resolve`'s work, the order of trying `race`'s.
"""

from __future__ import annotations

__all__ = ["PLAIN_PORT", "TLS_PORT", "Atlas", "Names", "permission", "secured"]

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest

from boxship.connect.address import Address, Permission, permission_by_address
from boxship.connect.attempt import Place
from boxship.connect.deadline import Work
from boxship.connect.resolve import Lookup, Resolver
from boxship.connect.verdict import Verdict
from boxship.settings.hosts import Scheme, Site

TLS_PORT, PLAIN_PORT = 443, 80


class Names:
    """The lookup of a site's name, or None where `--resolve` says all that is needed, told in places."""

    def __init__(self, lookup: Lookup | None, places: Callable[[tuple[Address, ...]], tuple[Place, ...]]) -> None:
        self._lookup, self._places = lookup, places

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

    def hear(self) -> tuple[tuple[Place, ...], bool]:
        """The places that are known by now, and whether more may come."""
        addresses, more = self._lookup.hear() if self._lookup else ((), False)
        return self._places(addresses), more

    def close(self) -> None:
        """Nobody waits for the rest any more."""
        if self._lookup:
            self._lookup.close()


class Atlas:
    """Leads from sites to places, with what `--resolve` says."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def names(self, site: Site, verdict: Verdict | None) -> Names:
        """Begin to look up where the site is to be tried: everywhere, or as the verdict says."""
        return Names(self._look_up(site, verdict), lambda addresses: self.places(site, addresses, verdict))

    def _look_up(self, site: Site, verdict: Verdict | None) -> Lookup | None:
        """The lookup of the site's name; None where `--resolve` says where TLS is, or all that is needed.

        Where it says that of port 443, port 80 is tried only if it is told, too: the name may be known to nobody.
        """
        wanted = (verdict.origin.port,) if verdict else self._ports(site)
        told = [port for port in wanted if self._resolver.told(site.registry.host, port) is not None]
        if TLS_PORT in told or len(told) == len(wanted):
            return None
        return self._resolver.look_up(site.registry.host)

    @staticmethod
    def _ports(site: Site) -> tuple[int, ...]:
        if site.registry.port is not None:
            return (site.registry.port,)
        one = {Scheme.HTTPS: (TLS_PORT,), Scheme.HTTP: (PLAIN_PORT,)}
        return one.get(site.scheme.value, (TLS_PORT, PLAIN_PORT))

    def places(self, site: Site, addresses: tuple[Address, ...], verdict: Verdict | None) -> tuple[Place, ...]:
        """Where to try what: pairs of addresses, the one that worked before first."""
        if verdict:
            dialled = self._dialled(site, addresses, verdict.origin.port)
            if verdict.address in dialled:
                dialled = (verdict.address, *(a for a in dialled if a != verdict.address))
            if verdict.tls:
                return tuple(Place(address, None) for address in dialled)
            allowed = (address for address in dialled if permission(site, address) >= verdict.permission)
            return tuple(Place(None, address) for address in allowed)
        port = site.registry.port
        secure = self._dialled(site, addresses, port or TLS_PORT)
        plain = self._dialled(site, addresses, port or PLAIN_PORT)
        pairs = zip_longest(secure, (a if permission(site, a) else None for a in plain))
        return tuple(_place(site, tls, bare) for tls, bare in pairs)

    def _dialled(self, site: Site, addresses: tuple[Address, ...], port: int) -> tuple[Address, ...]:
        told = self._resolver.told(site.registry.host, port)
        return tuple(address.at(port) for address in addresses) if told is None else told


def permission(site: Site, address: Address) -> Permission:
    """What may be said to the address in plain, for this site."""
    if site.scheme.value is Scheme.BY_ADDRESS:
        inside = any(address.ip in network.value for network in site.networks)
        return Permission.FULL if inside else permission_by_address(site.registry.host, address)
    return Permission.NONE if site.scheme.value is Scheme.HTTPS else Permission.FULL


def secured(site: Site, port: int) -> Site:
    """The same host, spoken to over TLS at the port."""
    registry = replace(site.registry, port=port if site.registry.port or port != TLS_PORT else None)
    return replace(site, registry=registry, scheme=replace(site.scheme, value=Scheme.HTTPS))


def _place(site: Site, tls: Address | None, plain: Address | None) -> Place:
    # Rule 9: `:80` is plain without a hello, where plain is permitted.
    no_hello = site.scheme.value is Scheme.HTTP or (site.registry.port == PLAIN_PORT and plain)
    return Place(None if no_hello else tls, plain)
