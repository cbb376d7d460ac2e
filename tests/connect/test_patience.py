"""How often a host is dialled: one that has answered with patience, one that was told once more, others never."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from boxship.connect.address import Address
from boxship.connect.attempt import Attempt
from boxship.connect.connector import Connector
from boxship.connect.deadline import OPERATION, Bounds, Work
from boxship.connect.evidence import Evidence
from boxship.connect.patience import LEAST_DIAL, LONGEST_PAUSE, Patience, may_be_repeated
from boxship.errors import Cancelled, ConnectFailed, TimedOut, TLSFailed
from boxship.event import Event
from boxship.settings.hosts import Scheme, Site
from boxship.testing import ScriptedRegistry, black_hole, refused, serving, tls
from tests.connect.driving import NAME, Certificates, cancelling, connecting, nothing_left, reach, site
from tests.connect.networks import DROPPED, REFUSED
from tests.connect.simulation import Port, Simulation

REGISTRY = ScriptedRegistry()
HTTP, AUTO = site(NAME, Scheme.HTTP), site(NAME, Scheme.AUTO)
PATIENT = Bounds(connect=0.25, connect_all=0.5, tls=0.4, tls_first_byte=0.2, patience=5.0)


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


def dials(work: Work) -> int:
    return sum(event.name == "ConnectStart" for event in work.trace.events)


def redialled(patience: float, *addresses: Port) -> tuple[list[float], float]:
    """The pauses between dials of a host on a simulated network, none of which succeeds, and when the last one ends."""
    known, now, bound, pauses = Patience(patience, 0.0), 0.0, math.inf, list[float]()
    while True:
        dial = Simulation.of(*((None, port) for port in addresses), told=True)
        dial.run()
        now += min(dial.now, bound)
        pause = known.pause(now)
        if pause is None:
            return pauses, now
        pauses.append(pause)
        now += pause
        bound = known.dial(now)


def test_pauses_grow_and_end_with_the_patience() -> None:
    waits, end = redialled(60.0, replace(REFUSED, round_trip=0.0))
    assert waits[:4] == [0.3, 0.6, 1.2, 2.4]
    assert max(waits) == LONGEST_PAUSE
    assert sum(waits) == pytest.approx(60.0) == end


def test_dials_that_time_out_are_parts_of_the_patience() -> None:
    for addresses in (1, 4, 16):
        waits, end = redialled(60.0, *[DROPPED] * addresses)
        assert len(waits) > 3
        assert 60.0 <= end <= 60.0 + LEAST_DIAL


def test_a_host_whose_patience_is_none_or_short_is_dialled_once_as_any() -> None:
    for patience in (0.0, 5.0):
        waits, end = redialled(patience, *[DROPPED] * 4)
        assert waits == []
        assert 5.0 <= end <= 8.0  # the bounds of any dial


@pytest.mark.parametrize(
    ("evidence", "again"),
    [
        (Evidence.REFUSED, True),
        (Evidence.UNREACHABLE, True),
        (Evidence.SILENT, False),
        (Evidence.RESET, False),
        (Evidence.SPOKE_TLS, False),
    ],
)
def test_only_what_failed_at_once_is_repeated(evidence: Evidence, *, again: bool) -> None:

    attempts = [
        Attempt(0, True, Address.of("10.0.0.1", 443), 0.0, evidence=kind) for kind in (Evidence.REFUSED, evidence)
    ]
    assert may_be_repeated(attempts) is again
    assert not may_be_repeated([])


def test_a_told_scheme_that_is_refused_is_dialled_once_more(certificates: Certificates) -> None:
    with refused() as plain, connecting(certificates.client(), {80: plain}) as connector:
        work, begun = Work(), time.monotonic()
        with pytest.raises(ConnectFailed):
            connector.line(HTTP, work)
        assert dials(work) == 2
        assert time.monotonic() - begun >= 0.3


def test_a_dial_that_timed_out_is_not_repeated(certificates: Certificates) -> None:
    with black_hole() as plain, connecting(certificates.client(), {80: plain}) as connector:
        work = Work()
        with pytest.raises(ConnectFailed):
            connector.line(HTTP, work)
        assert dials(work) == 1


def test_where_a_scheme_is_to_be_found_refused_is_final(certificates: Certificates) -> None:
    with refused() as both, connecting(certificates.client(), {443: both, 80: both}) as connector:
        work = Work()
        with pytest.raises(ConnectFailed):
            connector.line(AUTO, work)
        assert dials(work) == 2  # one each


@contextmanager
def answered(
    certificates: Certificates, bounds: Bounds, *, secure: bool = False
) -> Iterator[tuple[Connector, Site, int]]:
    """A connector that has reached a host which is gone since; its site, and the port that it was at."""
    where = AUTO if secure else HTTP
    with ExitStack() as lasting:
        opened = tls(REGISTRY, certificates.good()) if secure else serving(REGISTRY)
        with opened as server:
            listening = connecting(certificates.client(), {443 if secure else 80: server}, bounds=bounds)
            connector = lasting.enter_context(listening)
            reach(connector, where)
        yield connector, where, server.port


@contextmanager
def opening_later(port: int, seconds: float) -> Iterator[None]:
    """A registry at the port from so many seconds on, until the block ends."""
    ended = threading.Event()

    def serve() -> None:
        time.sleep(seconds)
        with serving(REGISTRY, port=port):
            ended.wait(10.0)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_told_scheme_that_opens_a_moment_later_is_reached(certificates: Certificates) -> None:
    with refused() as gone:
        pass
    with opening_later(gone.port, 0.1), connecting(certificates.client(), {80: gone}) as connector:
        assert reach(connector, HTTP).origin.port == 80


def test_a_host_that_has_answered_is_waited_for(certificates: Certificates) -> None:
    heard: list[Event] = []
    with answered(certificates, PATIENT) as (connector, where, port), opening_later(port, 0.5):
        connector.line(where, Work(listener=heard.append)).sock.close()
    assert [event.level for event in heard if event.name == "Retry"] == ["W", "W"]


def test_patience_has_an_end_and_the_last_error_is_said(certificates: Certificates) -> None:
    with answered(certificates, Bounds(connect=0.25, patience=0.5)) as (connector, where, _):
        work = Work()
        with pytest.raises(ConnectFailed, match="refused"):
            connector.line(where, work)
        assert dials(work) == 3


def test_dials_that_time_out_are_cut_off_by_the_end_of_the_patience(certificates: Certificates) -> None:
    """Each has a bound of half a minute, and many addresses or a proxy would have more."""
    slow = Bounds(connect=30.0, connect_all=30.0, patience=0.5)
    with answered(certificates, slow) as (connector, where, port), refused_first(port) as heard:
        work, begun = Work(listener=heard), time.monotonic()
        with pytest.raises(ConnectFailed, match="refused"):
            connector.line(where, work)
        assert time.monotonic() - begun < 20.0
    assert dials(work) == 2


def test_the_operation_s_own_end_is_told_as_such_while_a_host_is_dialled_again(certificates: Certificates) -> None:
    slow = Bounds(connect=30.0, connect_all=30.0, patience=60.0)
    with answered(certificates, slow) as (connector, where, port), refused_first(port) as heard:
        with pytest.raises(TimedOut) as caught:
            connector.line(where, Work(timeout=1.0, listener=heard))
        assert caught.value.phase == OPERATION


@contextmanager
def refused_first(port: int) -> Iterator[Callable[[Event], None]]:
    """A port that refuses until a listener is told of the first retry; from then on it drops."""
    with ExitStack() as lasting:

        def heard(event: Event) -> None:
            if event.name == "Retry":
                lasting.enter_context(black_hole(port=port))

        yield heard


def test_a_certificate_that_has_become_wrong_is_not_waited_for(certificates: Certificates) -> None:
    with (
        answered(certificates, PATIENT, secure=True) as (connector, where, port),
        tls(REGISTRY, certificates.unknown(), port=port),
    ):
        work = Work()
        with pytest.raises(TLSFailed):
            connector.line(where, work)
        assert dials(work) == 1


def test_patience_ends_with_its_operation(certificates: Certificates) -> None:
    with answered(certificates, PATIENT) as (connector, where, _):
        work, begun = Work(), time.monotonic()
        with cancelling(work, lambda: None, after=0.4), pytest.raises(Cancelled):
            connector.line(where, work)
        assert time.monotonic() - begun < 2.0
