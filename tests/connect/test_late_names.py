"""Addresses of a host that are late: somebody is told that they are waited for, and they are waited for once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from boxship.connect import race
from boxship.connect.attempt import Goal
from boxship.connect.connector import Connector
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds, Work
from boxship.connect.resolve import Resolver
from boxship.errors import Cancelled, ConnectFailed
from boxship.event import Event
from boxship.settings.hosts import Scheme
from boxship.testing import refused
from tests.connect.driving import Certificates, lookups_ended, nothing_left, site
from tests.connect.networks import REFUSED, REGISTRY
from tests.connect.simulation import Simulation

HOST = "late.test"
LATE = 0.6  # seconds that the rest is waited for, in these tests


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The families that are asked for: IPv4 is 127.0.0.1, and IPv6 has no answer."""
    over, families = threading.Event(), list[int]()

    def getaddrinfo(host: str, port: int, family: int, kind: int) -> list[tuple[object, ...]]:
        families.append(family)
        if family == socket.AF_INET6:
            over.wait(20)
            return []
        return [(family, kind, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(race, "LATE_NAMES", LATE)
    yield families
    over.set()
    lookups_ended()


def test_what_is_late_is_told_and_waited_for_once(certificates: Certificates, asked: list[int]) -> None:
    told: list[Event] = []
    connector = Connector(Resolver(), Contexts(certificates.client()), Bounds())
    began = time.monotonic()
    with refused() as nobody, pytest.raises(ConnectFailed, match="refused"):
        connector.line(site(f"{HOST}:{nobody.port}", Scheme.HTTP), Work(listener=told.append))
    connector.close()
    assert time.monotonic() - began >= LATE
    assert sorted(asked) == sorted((socket.AF_INET, socket.AF_INET6))
    names = [event for event in told if event.name.startswith("DNS")]
    assert [event.name for event in names] == ["DNSStart", "DNSDone"] * 2
    assert {event.facts["host"] for event in names} == {HOST}
    assert names[2].text == f"{HOST}: more addresses than 127.0.0.1"
    waited = names[3].facts["ms"]
    assert isinstance(waited, float)
    assert waited >= 900 * LATE
    # Both dials: the second one uses the addresses that there are.
    assert [event.name for event in told].count("ConnectStart") == 2


def test_the_wait_is_told_to_end_where_the_race_is_closed(certificates: Certificates, asked: list[int]) -> None:
    told: list[Event] = []
    connector = Connector(Resolver(), Contexts(certificates.client()), Bounds())
    with refused() as nobody:
        work = Work(listener=told.append)
        threading.Timer(LATE / 2, work.cancel).start()
        with pytest.raises(Cancelled):
            connector.line(site(f"{HOST}:{nobody.port}", Scheme.HTTP), work)
    connector.close()
    assert asked
    assert [event.name for event in told if event.name.startswith("DNS")] == ["DNSStart", "DNSDone"] * 2


def lacking(network: Simulation, *times: float) -> list[bool]:
    """Whether names are all that is waited for, at these times from now on."""
    seen: list[bool] = []
    for moment in times:
        network.at(network.now + moment, lambda _: seen.append(network.race.lacks_names))
    return seen


def test_names_are_waited_for_alone_when_all_else_has_failed() -> None:
    network = Simulation.of((REFUSED, REFUSED), names_until=12.0)
    seen = lacking(network, 0.0005, 0.5)
    network.run()
    assert seen == [False, True]
    assert not network.race.lacks_names


def test_before_a_secret_names_are_waited_for_alone_when_the_rest_is_certain() -> None:
    network = Simulation.of((REFUSED, REGISTRY), names_until=12.0)
    network.run()
    seen = lacking(network, 0.1, 0.5, 7.5)
    network.pursue(Goal.ABSENCE)
    assert seen == [False, True, True]
