"""Tunnels through proxies: what is said to a proxy until the target is reached, as bytes in and bytes out.

The sockets are `dial`'s, and the TLS in which an `https` proxy is spoken to; which proxy it is, `settings.proxies`'.
"""

from __future__ import annotations

__all__ = ["Tunnel", "TunnelFailed", "tunnel"]

from typing import Protocol

from boxship.connect.tunnel_failure import TunnelFailed
from boxship.settings.proxies import Proxy


class Tunnel(Protocol):
    """A conversation with a proxy. Whoever has the socket sends what this says, and tells it what comes."""

    @property
    def open(self) -> bool:
        """Whether the target is reached: from here on the connection is the target's."""

    def begin(self) -> bytes:
        """What is sent first."""

    def receive(self, data: bytes) -> bytes:
        """What is sent next, which may be nothing, now that `data` has come (nothing: the peer has ended).

        Raises `TunnelFailed`; also for bytes that come after the proxy's answer, since a server that speaks TLS says
        nothing before the hello.
        """


def tunnel(proxy: Proxy, host: str, port: int, user_agent: str) -> Tunnel:
    """The conversation that leads through `proxy` to the target; `ValueError` for a host that cannot be written."""
    bare = host.partition("%")[0] if ":" in host else host  # a zone means nothing elsewhere
    if proxy.scheme == "socks5":
        from boxship.connect.socks_tunnel import SocksTunnel  # noqa: PLC0415 -- one of the two is needed

        return SocksTunnel(proxy, bare, port)
    from boxship.connect.http_tunnel import HTTPTunnel  # noqa: PLC0415 -- the same

    return HTTPTunnel(proxy, f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}", user_agent)
