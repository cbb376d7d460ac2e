"""What is known of a site once it has been reached: the scheme, how it was found, and what that permits."""

from __future__ import annotations

__all__ = ["Line", "Origin", "PlainSocket", "Verdict", "Wire"]

import socket
from typing import TYPE_CHECKING, Protocol

from boxship.connect.address import Address, Permission
from boxship.connect.keepalive import UnderWay, tolerate, under_way
from boxship.reference import Scheme
from boxship.value import dataclass

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # the checker's own word for what `recv_into` takes

    from boxship.settings.proxies import Proxy


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
    proxy: Proxy | None = None
    """What is dialled in the host's place."""

    @property
    def tls(self) -> bool:
        """Whether the connection is TLS, verified as the site's trust says."""
        return self.origin.scheme == "https"

    @property
    def private(self) -> bool:
        """Whether a secret may be sent now: over TLS, or in plain with consent and nothing better to be had."""
        return self.tls or (self.permission is Permission.FULL and (self.told or self.absent))

    @property
    def forwarder(self) -> Proxy | None:
        """The proxy that reads requests and passes them on; to all others it gives a tunnel."""
        return None if self.tls or (self.proxy and self.proxy.scheme == "socks5") else self.proxy


class Wire(Protocol):
    """A connected socket that does not block, TLS or not, as far as it is used."""

    def recv_into(self, buffer: WriteableBuffer, /) -> int:
        """Fill some of `buffer`; 0 at the end; `BlockingIOError` where nothing has come."""

    def send(self, data: memoryview, /) -> int:
        """How much of `data` was taken; `BlockingIOError` where nothing can be."""

    def answering(self) -> bool:
        """Whether what has made the descriptor readable is an answer, or the end."""

    @property
    def unsent(self) -> bool:
        """Whether something that was taken has still to be sent."""

    @property
    def ready(self) -> bool:
        """Whether there is something to receive without the descriptor becoming readable."""

    def fileno(self) -> int:
        """What to wait for."""

    @property
    def under_way(self) -> UnderWay:
        """What was sent and is not acknowledged."""

    def tolerate(self, seconds: float, /) -> None:
        """Let the connection go on for so long though nothing that was sent is acknowledged."""

    def shutdown(self, how: int, /) -> None:
        """End both directions: who waits wakes."""

    def close(self) -> None:
        """Close it."""


class PlainSocket(socket.socket):
    """A socket without TLS."""

    unsent = ready = False

    def answering(self) -> bool:
        """Yes: nothing else comes."""
        return True

    def tolerate(self, seconds: float) -> None:
        """Let the connection go on for so long though nothing that was sent is acknowledged."""
        tolerate(self, seconds)

    @property
    def under_way(self) -> UnderWay:
        """What was sent and is not acknowledged."""
        return under_way(self)


@dataclass(slots=True)
class Line:
    """A connected socket that does not block, and the verdict it stands under. Whoever has it closes it."""

    sock: Wire
    verdict: Verdict
    connection: int = 0
    """The number that its events have in common."""
