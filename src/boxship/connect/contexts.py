"""TLS contexts: one for each trust, made when the first host is greeted.

The roots are read only when a peer turns out to speak TLS: on a plain registry they would be most of the start-up time.
"""

from __future__ import annotations

__all__ = ["Contexts"]

import threading
from typing import TYPE_CHECKING

from boxship.settings.trust import Trust

if TYPE_CHECKING:
    import ssl

_ALPN = ["http/1.1"]


class Contexts:
    """One TLS context for each trust, made on first use and filled with roots when a peer speaks TLS."""

    def __init__(self, custom: ssl.SSLContext | None = None) -> None:
        """`custom`: the caller's own context, used as it is for the hosts that are named by the caller."""
        self._custom = custom
        self._lock = threading.Lock()
        self._made: dict[Trust, ssl.SSLContext] = {}
        self._loaded: set[Trust] = set()

    @property
    def is_own(self) -> bool:
        """Whether the hosts that the caller names are met with a context of the caller's own."""
        return self._custom is not None

    def context(self, trust: Trust, *, named: bool) -> ssl.SSLContext:
        """The context to greet a peer with; its roots may not be loaded yet."""
        if self._custom and named:
            return self._custom
        with self._lock:
            if trust not in self._made:
                self._made[trust] = _new(trust)
            return self._made[trust]

    def verifies(self, trust: Trust, *, named: bool) -> bool:
        """Whether a handshake with that trust proves whose it is."""
        if self._custom and named:
            return self._custom.verify_mode.name == "CERT_REQUIRED" and self._custom.check_hostname
        return not trust.skip_verify

    def load(self, trust: Trust, *, named: bool) -> tuple[str, ...]:
        """Read the roots, once; gives warnings in words."""
        if (self._custom and named) or trust.skip_verify:
            return ()
        context = self.context(trust, named=named)
        with self._lock:
            if trust in self._loaded:
                return ()
            warnings = trust.load(context)
            self._loaded.add(trust)  # only now: what could not be read is said again the next time
        return warnings


def _new(trust: Trust) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 -- many registries are plain, and importing it takes a while

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(_ALPN)
    if trust.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if trust.oldest:
        context.minimum_version = ssl.TLSVersion[f"TLSv{trust.oldest.value.replace('.', '_')}"]
    # Unlike the roots, it is copied into each connection when that begins.
    trust.authenticate(context)
    return context
