"""What a request says of its sender, and to a proxy that reads it: a log-in, and its target in absolute form."""

from __future__ import annotations

__all__ = ["own_headers", "target_prefix"]

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boxship.settings.proxies import Proxy


def target_prefix(proxy: Proxy | None, host: str) -> str:
    """What stands before the path in a request for `host` (RFC 9112, 3.2.2); '' where no proxy reads it."""
    return f"http://{host}" if proxy else ""


def own_headers(user_agent: str, proxy: Proxy | None) -> tuple[tuple[str, str], ...]:
    """What every request has, whatever it asks for; with the log-in to the proxy that reads it, for the wire only."""
    return (("User-Agent", user_agent), *_log_in(proxy))


def _log_in(proxy: Proxy | None) -> tuple[tuple[str, str], ...]:
    if not (proxy and proxy.credential):
        return ()
    import base64  # noqa: PLC0415 -- few proxies have a log-in

    pair = f"{proxy.credential.username}:{proxy.credential.secret.reveal()}"
    return (("Proxy-Authorization", f"Basic {base64.b64encode(pair.encode('utf-8', 'surrogateescape')).decode()}"),)
