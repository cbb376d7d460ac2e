"""What is known of a site once it has been reached: the scheme, how it was found, and what that permits."""

from __future__ import annotations

__all__ = ["Line", "Origin", "Verdict"]

import socket
from dataclasses import dataclass

from boxship.connect.address import Address, Permission
from boxship.reference import Scheme


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what credentials and tokens belong to (RFC 6454, 4). The host is in lower case."""

    scheme: Scheme
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a site is spoken to, for the life of a `Client`; it changes only from plain to TLS."""

    origin: Origin
    address: Address
    """The address that worked, which is tried first from then on."""
    told: bool
    """Whether somebody said so; else it was found."""
    permission: Permission = Permission.FULL
    """What may be said there in plain, if it is plain."""
    absent: bool = False
    """Whether TLS is known to be absent at every address."""

    @property
    def tls(self) -> bool:
        """Whether the connection is TLS, verified as the site's trust says."""
        return self.origin.scheme == "https"

    @property
    def private(self) -> bool:
        """Whether a secret may be sent now: over TLS, or in plain with consent and nothing better to be had."""
        return self.tls or (self.permission is Permission.FULL and (self.told or self.absent))


@dataclass(slots=True)
class Line:
    """A connected socket that does not block, and the verdict it stands under. Whoever has it closes it."""

    sock: socket.socket
    verdict: Verdict
