"""What may ask a registry that asks for no password: programs that mean it, not pages in somebody's browser.

A page on any site can send requests to loopback, and with DNS rebinding read the answers. What gives it away is its
`Origin`, or a `Host` that is not the registry's. Rights of users are not decided here.
"""

from __future__ import annotations

__all__ = ["Doorkeeper"]

import ipaddress
from collections.abc import Iterable

from boxship.server.answer import Refusal

_MOST_REMEMBERED = 64


class Doorkeeper:
    """Lets requests through that are addressed to loopback, to an address, or to one of `host_names`."""

    def __init__(self, host_names: Iterable[str]) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in host_names)
        # Few hosts are seen in practice, and every request has one.
        self._known: set[bytes] = set()

    def check_origin(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Refuse a request that a page of another site sent, which may come with the password of its reader."""
        host = origin = b""
        for name, value in headers:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
        if origin and origin.partition(b"://")[2] != host:
            raise Refusal(403, "DENIED", "pages of other sites may not use this registry")

    def check_host(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Refuse a request that is addressed to another name: a page's own, rebound."""
        for name, host in headers:
            # HTTP/1.0 may leave out Host; no browser does.
            if name == b"host" and host and host not in self._known:
                self._admit(host)

    def _admit(self, host: bytes) -> None:
        name = host_of(host.decode("latin-1"))
        if not (name in self._names or is_loopback_name(name) or is_address(name)):
            remedy = f"if it should be, start the registry with --host-name {name}"
            raise Refusal(403, "DENIED", f"this registry is not known as {name!r}; {remedy}")
        if len(self._known) < _MOST_REMEMBERED:
            self._known.add(host)


def host_of(authority: str) -> str:
    """The host in `host:port`, in lower case, without the brackets of IPv6 or a trailing dot."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower().rstrip(".")


def is_loopback_name(name: str) -> bool:
    """Whether the name always means this machine (RFC 6761, 6.3)."""
    return name == "localhost" or name.endswith(".localhost")


def is_address(name: str) -> bool:
    """Whether it is an IP address: rebinding needs a name, so an address is as it seems."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
