"""Requests over plain HTTP that a proxy reads and passes on: their target in absolute form, and the proxy's log-in."""

from __future__ import annotations

__all__ = ["proxy_authorization", "target_prefix"]

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boxship.settings.proxies import Proxy


def target_prefix(proxy: Proxy | None, host: str) -> str:
    """What stands before the path in a request for `host` (RFC 9112, 3.2.2); '' where no proxy reads it."""
    return f"http://{host}" if proxy else ""


def proxy_authorization(proxy: Proxy | None) -> tuple[tuple[str, str], ...]:
    """The header that logs in to the proxy, where it has a log-in: a secret, for the wire only."""
    if not (proxy and proxy.credential):
        return ()
    import base64  # noqa: PLC0415 -- few proxies have a log-in

    pair = f"{proxy.credential.username}:{proxy.credential.secret.reveal()}"
    return (("Proxy-Authorization", f"Basic {base64.b64encode(pair.encode('utf-8', 'surrogateescape')).decode()}"),)
