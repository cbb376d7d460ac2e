"""How much one client may ask for: so many requests at a time, and so many a second.

A client is a user who has shown a password, or else an address; programs of this machine are nobody who is counted.
Each process counts for itself. What a client waits for is said in the refusal, never waited for here.
"""

from __future__ import annotations

__all__ = ["Crowded", "Throttle", "client_of"]

import ipaddress
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache

from boxship.value import dataclass

_AT_ONCE = 10.0  # seconds' worth of requests that may come at once: a pull is a burst, and then nothing
_SOON = 1  # seconds after which one of many requests in progress may have ended
_MOST_CLIENTS = 10_000
_NEIGHBOURS = 64  # bits of an IPv6 address: the rest is each host's own to choose (RFC 4291, 2.5.1)
_UNCOUNTED = nullcontext()


class Crowded(Exception):
    """The client asks for too much; `wait` is how many seconds later it may ask again."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"again in {wait} s")
        self.wait = wait


@dataclass(slots=True)
class _Client:
    """Requests in progress, and those that may still come at once as of `seen`."""

    tokens: float
    seen: float
    running: int = 0


class Throttle:
    """Lets each client have `in_flight` requests at a time and `rate` a second; 0 is without bound."""

    def __init__(self, *, rate: float, in_flight: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit(rate=rate, in_flight=in_flight)
        self._clock = clock
        # In the order in which they were last seen.
        self._clients: dict[str, _Client] = {}

    def limit(self, *, rate: float, in_flight: int) -> None:
        """Let clients have so much from now on; who is known has as much left as before, at most."""
        self._rate = rate
        self._most = max(1.0, rate * _AT_ONCE)
        self._in_flight = in_flight

    def passing(self, name: str) -> AbstractContextManager[None]:
        """While a request of this client is in progress; or `Crowded`. '' is nobody who is counted."""
        return self._one_more(name) if name and self._in_flight else _UNCOUNTED

    @contextmanager
    def _one_more(self, name: str) -> Iterator[None]:
        client = self._seen(name)
        if client.running >= self._in_flight:
            raise Crowded(_SOON)
        client.running += 1
        try:
            yield
        finally:
            client.running -= 1

    def count(self, name: str) -> None:
        """One request more of this client; or `Crowded`."""
        if not (name and self._rate):
            return
        client = self._seen(name)
        if client.tokens < 1:
            raise Crowded(math.ceil((1 - client.tokens) / self._rate))
        client.tokens -= 1

    def _seen(self, name: str) -> _Client:
        """The client, with what it may do as of now."""
        now = self._clock()
        client = self._clients.pop(name, None) or _Client(self._most, now)
        client.tokens = min(self._most, client.tokens + (now - client.seen) * self._rate)
        client.seen = now
        self._clients[name] = client
        if len(self._clients) > _MOST_CLIENTS:
            self._forget_one()
        return client

    def _forget_one(self) -> None:
        # One with requests in progress is counted on, lest it begin anew while they are.
        name = next((name for name, client in self._clients.items() if not client.running), None)
        if name is not None:
            del self._clients[name]


@lru_cache(maxsize=1024)
def client_of(host: str) -> str:
    """Whom requests from this address count for; '' where nobody is counted."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""  # a socket of this machine has a path, or nothing
    if isinstance(address, ipaddress.IPv6Address):
        # A socket that listens for both kinds shows IPv4 like that.
        return client_of(str(address.ipv4_mapped)) if address.ipv4_mapped else _network(address)
    return "" if address.is_loopback else str(address)


def _network(address: ipaddress.IPv6Address) -> str:
    if address.is_loopback:
        return ""
    return str(ipaddress.IPv6Network((address, _NEIGHBOURS), strict=False))
