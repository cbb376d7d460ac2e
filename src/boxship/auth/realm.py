"""Whether a token server may be given what it asks for: the rules of docs/connecting.md.

Pure: addresses, origins and the realm come in, a refusal in words comes out.
"""

from __future__ import annotations

__all__ = ["Realm", "is_link_local", "refuse_address", "refuse_realm"]

from typing import Self

from boxship.connect.address import Address, is_inside, is_literal
from boxship.connect.verdict import Origin
from boxship.errors import CredentialFailed
from boxship.reference import Registry
from boxship.value import dataclass, field
from boxship.wire.shown import shown_words
from boxship.wire.target import Target

_LONGEST = 200  # characters of what is no URL that are shown

# Cloud metadata services: they hand out credentials to whoever asks from inside.
_METADATA = frozenset({"169.254.169.254", "fd00:ec2::254", "metadata.google.internal", "100.100.100.200"})


@dataclass(frozen=True, slots=True)
class Realm:
    """A token server's URL, taken apart."""

    registry: Registry
    path: str
    query: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """The realm that a challenge names, or `CredentialFailed` for what is no http or https URL."""
        try:
            target = Target.parse(url)
        except ValueError as error:
            raise _no_server(url, str(error)) from None
        path, _, query = target.path.partition("?")
        return cls(target.registry, path, query)

    def __str__(self) -> str:
        return f"{self.registry}{self.path}"


def _no_server(url: str, why: str) -> CredentialFailed:
    if not url:
        return CredentialFailed("the registry asks for a token of no server", why="its challenge has no realm")
    named = shown_words(url.rpartition("@")[2])[:_LONGEST]  # a password may stand before the host
    return CredentialFailed(f"the registry names the token server {named!r}, which is not asked", why=why)


def refuse_realm(realm: Realm, origin: Origin) -> str:
    """Why no request goes to this realm for a registry at `origin`, or ''."""
    host = realm.registry.host.lower().rstrip(".")
    same = host == origin.host
    if is_link_local(host):
        return "it is a link-local or metadata address"
    if realm.registry.scheme == "http" and origin.scheme == "https":
        return "it is plain HTTP, and the registry speaks TLS"
    if realm.registry.scheme == "http" and not same:
        return "it is plain HTTP at another host"
    if is_literal(host) and not same and is_inside(Address.of(host, 0).ip):
        return "it is a private or loopback address other than the registry's"
    return ""


def refuse_address(realm: Realm, dialled: Address, registry: Address | None) -> str:
    """Why no secret goes to the address that the realm's name led to, or ''; `registry`: its own, if it is known."""
    if dialled.ip.is_link_local or str(dialled.ip) in _METADATA:
        return "it leads to a link-local or metadata address"
    if is_inside(dialled.ip) and not (registry and is_inside(registry.ip)):
        return f"{realm.registry.name} leads to {dialled.ip}, inside this network, and the registry is outside"
    return ""


def is_link_local(host: str) -> bool:
    """Whether a host (in lower case) is a link-local or metadata address, which no registry has reason to name."""
    return host in _METADATA or (is_literal(host) and Address.of(host, 0).ip.is_link_local)
