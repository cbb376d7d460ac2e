"""Driving real sockets on loopback: races between listeners, certificates of every kind, and what may not be left."""

from __future__ import annotations

__all__ = [
    "NAME",
    "SHORT",
    "Certificates",
    "Contender",
    "address",
    "cancelling",
    "connecting",
    "lookups_ended",
    "nothing_left",
    "reach",
    "site",
    "won",
]

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import trustme

from boxship.connect.address import Address
from boxship.connect.attempt import Attempt, Outcome, Place
from boxship.connect.candidate import Greeting
from boxship.connect.connector import Connector
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds, Work
from boxship.connect.dial import Names, Runner
from boxship.connect.question import question
from boxship.connect.race import Race
from boxship.connect.resolve import Resolver
from boxship.connect.verdict import Verdict
from boxship.reference import Registry
from boxship.settings.hosts import Scheme, Site
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust

NAME = "registry.test"
# Bounds that a test can wait for.
SHORT = Bounds(connect=0.25, connect_all=0.5, tls=0.9, tls_first_byte=0.5, first_byte=0.3)
_PAST = datetime(2020, 1, 1, tzinfo=UTC)
_FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


class _HasPlace(Protocol):
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


def address(listener: _HasPlace | None) -> Address | None:
    """Where a listener is dialled; None for None."""
    return Address.of(listener.host, listener.port) if listener else None


class Certificates:
    """An authority, and the contexts of servers that it vouches for (or not)."""

    def __init__(self) -> None:
        self.authority = trustme.CA()

    def good(self) -> ssl.SSLContext:
        return _server(self.authority.issue_cert(NAME, "127.0.0.1", "pinned.localhost"))

    def expired(self) -> ssl.SSLContext:
        return _server(self.authority.issue_cert(NAME, not_after=_PAST))

    def not_yet(self) -> ssl.SSLContext:
        return _server(self.authority.issue_cert(NAME, not_before=_FUTURE, not_after=_FUTURE + timedelta(days=1)))

    def wrong_name(self) -> ssl.SSLContext:
        return _server(self.authority.issue_cert("another.test"))

    def unknown(self) -> ssl.SSLContext:
        return _server(trustme.CA().issue_cert(NAME))

    def client(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        return context


def _server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@dataclass(slots=True)
class Contender:
    """A race between places on loopback, which trusts `context`; closed with its `with` block."""

    context: ssl.SSLContext
    roots_loaded: int = 0
    runner: Runner = field(init=False)

    @contextmanager
    def racing(
        self,
        *places: tuple[_HasPlace | None, _HasPlace | None],
        bounds: Bounds = SHORT,
        told: bool = False,
        hello_first: bool = False,
        names: Names | None = None,
    ) -> Iterator[Runner]:
        """A runner between the places: each a listener for TLS and one for plain HTTP, or None."""
        now = time.monotonic()
        tried = tuple(Place(address(secure), address(plain)) for secure, plain in places)
        until = {"names_until": now + bounds.names} if names else {}
        race = Race(tried, bounds, now, told=told, hello_first=hello_first, **until)
        runner = Runner(race, self._greeting(), names)
        try:
            yield runner
        finally:
            runner.close()

    def _greeting(self) -> Greeting:
        return Greeting(NAME, NAME, lambda: self.context, self._load, question(NAME, "test"))

    def _load(self) -> tuple[str, ...]:
        self.roots_loaded += 1
        return ()


def won(outcome: Outcome | None) -> Attempt:
    """The winner of a race that has one."""
    assert outcome
    assert outcome.attempt
    return outcome.attempt


def _opened_files() -> int:
    """How many descriptors this process has."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- the names alone are counted


def lookups_ended() -> None:
    """Wait for the resolver's threads, which nothing else waits for."""
    for thread in threading.enumerate():
        if thread.name.startswith("boxship-resolve"):
            thread.join(1.0)


@contextmanager
def nothing_left() -> Iterator[None]:
    """No more descriptors are open after the block than before."""
    before = _opened_files()
    yield
    deadline = time.monotonic() + 1.0
    while _opened_files() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _opened_files() <= before


@contextmanager
def cancelling(work: Work, when: Callable[[], object], *, after: float = 0.05) -> Iterator[list[float]]:
    """Cancel the work from another thread, `after` seconds after `when` has returned; gives the time of that."""
    cancelled: list[float] = []

    def cancel() -> None:
        when()
        time.sleep(after)
        cancelled.append(time.monotonic())
        work.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        yield cancelled
    finally:
        thread.join()


def site(name: str, scheme: Scheme = Scheme.AUTO) -> Site:
    """A site as a test names it."""
    return Site(Registry.parse(name), Sourced(scheme, "the test"), Trust(), named=True)


@contextmanager
def connecting(
    context: ssl.SSLContext, ports: Mapping[int, _HasPlace], *, name: str = NAME, bounds: Bounds = SHORT
) -> Iterator[Connector]:
    """A connector that trusts `context`, and dials these listeners for the ports of `name`."""
    told = {(name, port): (Address.of(listener.host, listener.port),) for port, listener in ports.items()}
    connector = Connector(Resolver(told), Contexts(context), bounds)
    try:
        yield connector
    finally:
        connector.close()


def reach(connector: Connector, where: Site) -> Verdict:
    """The verdict of a new line, which is closed at once."""
    line = connector.line(where, Work())
    line.sock.close()
    return line.verdict
