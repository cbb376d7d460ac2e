"""Rule 9: an explicit port has one connection, and the hello goes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from boxship.connect.attempt import End, Goal, Outcome
from boxship.connect.evidence import Evidence
from tests.connect.networks import (
    BAD_CERTIFICATE,
    DROPPED,
    MUTE,
    PLAIN_REGISTRY,
    PORTAL,
    REFUSED,
    REGISTRY,
    SPEAKS_HTTP,
    TLS,
    TLS_RESETS,
    UNREACHABLE,
    tls,
)
from tests.connect.simulation import EXPLICIT, Port, Simulation

RTT = 0.001
H = 0.06
MUTE_TO_TLS = replace(REGISTRY, hello=MUTE.hello)
RESETS_TLS = replace(REGISTRY, hello=TLS_RESETS.hello)


@pytest.mark.parametrize(
    ("port", "dialled", "asked"),
    [
        pytest.param(PLAIN_REGISTRY, 2 * RTT, 3 * RTT, id="not TLS: plain on a new connection at once"),
        pytest.param(RESETS_TLS, 2 * RTT, 3 * RTT, id="reset: plain by the rules, with no TLS left to wait for"),
        pytest.param(MUTE_TO_TLS, RTT + H, 2 * RTT + H, id="mute: a plain connection after H"),
    ],
)
def test_plain_is_spoken_after_the_hello(port: Port, dialled: float, asked: float) -> None:
    network = Simulation.explicit(port)
    outcome = network.run()
    assert outcome.attempt
    assert not outcome.attempt.tls
    assert network.times("SYN", EXPLICIT) == [0.0, pytest.approx(dialled)]
    assert network.times("hello", EXPLICIT) == [RTT]
    assert network.times("question", EXPLICIT) == [pytest.approx(asked)]


def test_tls_has_its_one_connection() -> None:
    network = Simulation.explicit(TLS)
    outcome = network.run()
    assert outcome.attempt
    assert outcome.attempt.tls
    assert [sent.what for sent in network.sent] == ["SYN", "hello"]


@pytest.mark.parametrize("single_threaded", [False, True], ids=["a thread for each", "single-threaded"])
@pytest.mark.parametrize("done", [0.05, 0.5, 4.0])
def test_slow_tls_wins_though_a_second_connection_stands_in_line(done: float, *, single_threaded: bool) -> None:
    network = Simulation.explicit(replace(tls(done), single_threaded=single_threaded))
    outcome = network.run()
    assert outcome.attempt
    assert outcome.attempt.tls
    assert network.now == pytest.approx(done + 2 * RTT)
    assert network.sent[1].what == "hello"


@pytest.mark.parametrize("single_threaded", [False, True], ids=["a thread for each", "single-threaded"])
def test_a_single_threaded_plain_server_is_reached(*, single_threaded: bool) -> None:
    network = Simulation.explicit(replace(PLAIN_REGISTRY, single_threaded=single_threaded))
    outcome = network.run()
    assert outcome.attempt
    assert network.now == pytest.approx(4 * RTT)


def test_a_single_threaded_plain_server_that_waits_for_a_line_answers_when_the_hello_is_given_up() -> None:
    # It reads the hello as the beginning of a request, and takes nobody else until that connection ends.
    network = Simulation.explicit(replace(MUTE_TO_TLS, single_threaded=True))
    outcome = network.run()
    assert outcome.attempt
    assert network.now == pytest.approx(5.0 + 3 * RTT, abs=0.01)


@pytest.mark.parametrize(
    ("port", "lost_at", "syns"),
    [
        pytest.param(REFUSED, RTT, 1, id="refused: final"),
        pytest.param(UNREACHABLE, RTT, 1, id="unreachable: final"),
        pytest.param(DROPPED, 5.0, 1, id="dropped: one connection, to its bound"),
        pytest.param(BAD_CERTIFICATE, 2 * RTT, 1, id="bad certificate: no plain"),
        pytest.param(replace(PORTAL, hello=SPEAKS_HTTP.hello), 4 * RTT, 2, id="plain, and no registry"),
        pytest.param(TLS_RESETS, 10.0 + 3 * RTT, 2, id="resets the hello and says nothing to the question"),
    ],
)
def test_a_port_without_a_registry_is_lost(port: Port, lost_at: float, syns: int) -> None:
    network = Simulation.explicit(port)
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(lost_at)
    assert len(network.times("SYN", EXPLICIT)) == syns


def test_bad_tls_that_comes_after_h_takes_the_question_back() -> None:
    late = tuple(replace(reply, after=0.5) for reply in BAD_CERTIFICATE.hello)
    network = Simulation.explicit(replace(BAD_CERTIFICATE, hello=late))
    assert network.run() == Outcome(End.LOST)
    assert [attempt.evidence for attempt in network.race.attempts] == [Evidence.SPOKE_TLS, Evidence.LEFT]


def test_the_next_address_of_the_port_is_tried_where_the_first_refuses() -> None:
    network = Simulation.explicit(REFUSED, PLAIN_REGISTRY)
    outcome = network.run()
    assert outcome.attempt
    assert str(outcome.attempt.address) == f"10.0.0.2:{EXPLICIT}"
    assert network.now == pytest.approx(5 * RTT)


@pytest.mark.parametrize(
    ("port", "confirmed"),
    [
        pytest.param(PLAIN_REGISTRY, 4 * RTT, id="not TLS: at once"),
        pytest.param(RESETS_TLS, 2 * RTT + 0.25 + 2 * RTT, id="reset, and again 250 ms later"),
        pytest.param(MUTE_TO_TLS, 5.0 + RTT, id="mute: 5 s"),
    ],
)
def test_absence_at_an_explicit_port_is_confirmed_as_at_443(port: Port, confirmed: float) -> None:
    network = Simulation.explicit(port)
    assert network.run().attempt
    assert network.pursue(Goal.ABSENCE) == Outcome(End.ABSENT)
    assert network.now == pytest.approx(confirmed)
