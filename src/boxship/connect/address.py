"""Addresses as they are dialled, and what may be said to each of them over plain HTTP.

Permission and consent belong to the address that is dialled, not to the name it came from.
"""

from __future__ import annotations

__all__ = [
    "MAX_ADDRESSES",
    "Address",
    "Permission",
    "interleave",
    "is_inside",
    "is_literal",
    "is_loopback",
    "is_private",
    "permission_by_address",
]

import enum
import ipaddress
import socket
from collections.abc import Iterable
from itertools import chain, zip_longest

from boxship.value import dataclass, field

MAX_ADDRESSES = 16  # rule 2: of one host

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Constants, not `is_private`: that also holds for documentation, link-local and other ranges.
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


class Permission(enum.IntEnum):
    """What may be said over plain HTTP."""

    NONE = 0
    READS = 1
    """Anonymous GET and HEAD: the rule of private literals."""
    FULL = 2
    """Everything, credentials included, once TLS is known to be absent."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a socket connects to: its family and its address, kept whole (scope ids included)."""

    family: int
    sockaddr: tuple[str, int] | tuple[str, int, int, int]
    source: str = field(default="", compare=False)
    """Who said that it is dialled; empty where its name was resolved."""

    @classmethod
    def of(cls, text: str, port: int) -> Address:
        """The address that an IP literal writes; mapped IPv4 is unmapped."""
        host, _, zone = text.partition("%")
        ip = ipaddress.ip_address(host)
        mapped = getattr(ip, "ipv4_mapped", None)
        if ip.version == 4 or mapped:
            return cls(socket.AF_INET, (str(mapped or ip), port))
        return cls(socket.AF_INET6, (str(ip), port, 0, _scope(zone)))

    @property
    def ip(self) -> IPAddress:
        """The bare IP address."""
        return ipaddress.ip_address(self.sockaddr[0].partition("%")[0])

    def at(self, port: int) -> Address:
        """The same address with another port."""
        return Address(self.family, (self.sockaddr[0], port, *self.sockaddr[2:]), self.source)

    @property
    def words(self) -> str:
        """The address with who told it: `10.0.0.5:8443 (flag --resolve)`."""
        return f"{self} ({self.source})" if self.source else str(self)

    def __str__(self) -> str:
        host = self.sockaddr[0]
        if self.family == socket.AF_INET6:
            host = f"[{host}{_zone(*self.sockaddr[3:])}]"
        return f"{host}:{self.sockaddr[1]}"


def _zone(scope: int = 0) -> str:
    """The zone as it is written behind an address: two networks of a machine may have the same link-local one."""
    if not scope:
        return ""
    try:
        return f"%{socket.if_indextoname(scope)}"
    except OSError:
        return f"%{scope}"


def _scope(zone: str) -> int:
    if not zone:
        return 0
    if zone.isdigit():
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except OSError:
        return 0  # the system says what it makes of an address without its zone


def is_literal(host: str) -> bool:
    """Whether a host is an IP address (in the strict spelling that `Reference.parse` lets through)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is an IP address of this machine itself."""
    return is_literal(host) and Address.of(host, 0).ip.is_loopback


def is_private(ip: IPAddress) -> bool:
    """Whether an address is of a private network, where each network may have another host of it."""
    return any(ip in network for network in _PRIVATE)


def is_inside(ip: IPAddress) -> bool:
    """Whether an address leads to this machine, as the unspecified one does, too, or into a private network."""
    return ip.is_loopback or ip.is_unspecified or is_private(ip)


def permission_by_address(host: str, address: Address) -> Permission:
    """What the address alone permits, where no flag and no setting says anything."""
    if address.ip.is_loopback:
        return Permission.FULL
    if is_literal(host) and is_private(address.ip):
        return Permission.READS
    return Permission.NONE


def interleave(addresses: Iterable[Address], limit: int) -> tuple[Address, ...]:
    """At most `limit` addresses, families in turn, IPv6 first (RFC 8305, 4)."""
    distinct = tuple(dict.fromkeys(addresses))
    six = (address for address in distinct if address.family == socket.AF_INET6)
    four = (address for address in distinct if address.family != socket.AF_INET6)
    mixed = (address for address in chain.from_iterable(zip_longest(six, four)) if address)
    return tuple(mixed)[:limit]
