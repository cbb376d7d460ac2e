"""`NO_PROXY`: the hosts that are reached without a proxy, as entries of a list.

The rules are Go's (golang.org/x/net/http/httpproxy). Where an entry plainly says more than Go takes from it, it means
what it says: case and a trailing dot never count, and `[fd00::1]` is an address without a port, too.
"""

from __future__ import annotations

__all__ = ["Entry", "ascii_name", "ip_of", "parse_entries"]

import ipaddress
from typing import TypeAlias

from boxship.value import dataclass

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = 96  # bits before an IPv4 address that is mapped into IPv6 (RFC 4291, 2.5.5.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: addresses, or a domain, or (with neither) everything; perhaps at one port only."""

    text: str
    network: Network | None = None
    domain: str = ""
    """With its leading dot: `.foo.com`."""
    itself: bool = False
    """Whether the domain's own name is meant, too, and not only what is below it."""
    port: str = ""

    def covers(self, host: str, address: IP | None, port: int) -> bool:
        """Whether the place is meant; `host` as `ascii_name` writes it, `address` where it is one."""
        if self.port and self.port != str(port):
            return False
        if self.network is not None:
            return address is not None and address in self.network
        if self.domain:
            # An address has no domains: `1000::%.example.com` is not below example.com.
            return address is None and self._holds(host)
        return True

    def _holds(self, host: str) -> bool:
        return host.endswith(self.domain) or (self.itself and host == self.domain[1:])


def parse_entries(text: str) -> tuple[Entry, ...]:
    """The entries of a list; what is no entry is passed over, as Go does."""
    written = (piece.strip().lower() for piece in text.split(","))
    return tuple(entry for piece in written if (entry := _parse_entry(piece)))


def ip_of(text: str) -> IP | None:
    """The address that `text` writes, without its zone; mapped IPv4 is unmapped. None for a name."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return address.ipv4_mapped or ipaddress.IPv6Address(int(address))


def ascii_name(host: str) -> str:
    """A host's name in lower case and ASCII, without a trailing dot; as it is where IDNA knows no form for it."""
    name = host.lower().removesuffix(".")
    if name.isascii():
        return name
    # The codec refuses the empty label before the leading dot that a domain has here.
    dot = "." if name.startswith(".") else ""
    try:
        return dot + name[len(dot) :].encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _parse_entry(text: str) -> Entry | None:
    if not text:
        return None
    if text == "*":
        return Entry(text=text)
    network = _parse_network(text)
    if network is not None:
        return Entry(text=text, network=network)
    host, port = _split_port(text)
    address = None if "%" in host else ip_of(host)
    if address is not None:
        return Entry(text=text, network=ipaddress.ip_network(address), port=port)
    return _parse_domain(text, host, port)


def _parse_domain(text: str, host: str, port: str) -> Entry | None:
    below = host.removeprefix("*") if host.startswith("*.") else host
    itself = not below.startswith(".")
    domain = ascii_name(f".{below}" if itself else below)
    return Entry(text=text, domain=domain, itself=itself, port=port) if domain.strip(".") else None


def _parse_network(text: str) -> Network | None:
    """The network of CIDR notation; netmasks, which `ipaddress` also reads, are none for Go."""
    address, _, bits = text.partition("/")
    if not (bits.isascii() and bits.isdigit()) or "%" in address:
        return None
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return _unmapped(network)


def _unmapped(network: Network) -> Network:
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED))


def _split_port(text: str) -> tuple[str, str]:
    """Host and port as Go's net.SplitHostPort; what that refuses is all host, but for an address in brackets alone."""
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        split = bool(bracket) and (port.startswith(":") or (not port and ":" in host))
        return (host, port[1:]) if split else (text, "")
    host, colon, port = text.rpartition(":")
    return (host, port) if colon and ":" not in host else (text, "")
