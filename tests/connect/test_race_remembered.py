"""A plain endpoint that is remembered has a head start, and no more than that."""

from __future__ import annotations

import pytest

from boxship.connect.attempt import Attempt, End, Goal, Outcome
from tests.connect.networks import BAD_CERTIFICATE, DROPPED, MUTE, PORTAL, REFUSED, REGISTRY, TLS, answers
from tests.connect.networks import PLAIN_REGISTRY as PLAIN_PORT
from tests.connect.simulation import EXPLICIT, Port, Simulation

RTT = 0.001
FRESH, OLD = 0.25, 0.0


def winner(outcome: Outcome) -> Attempt:
    assert outcome.end is End.WON
    assert outcome.attempt
    return outcome.attempt


def test_a_fresh_one_is_asked_at_once_and_443_is_not_tried_before_it_answers() -> None:
    network = Simulation.of((DROPPED, answers(0.2)), head_start=FRESH)
    assert not winner(network.run()).tls
    assert network.times("question", 80) == [pytest.approx(RTT)]
    assert network.times("SYN", 443) == []


def test_beside_an_older_one_443_is_tried_and_silence_is_not_waited_for() -> None:
    network = Simulation.of((DROPPED, REGISTRY), head_start=OLD)
    assert not winner(network.run()).tls
    assert network.times("SYN", 443) == [pytest.approx(0.0)]
    assert network.now == pytest.approx(2 * RTT)


def test_beside_an_older_one_healthy_tls_wins() -> None:
    network = Simulation.of((TLS, REGISTRY), head_start=OLD)
    assert winner(network.run()).tls
    assert network.times("question", 80) == []


@pytest.mark.parametrize("age", [FRESH, OLD], ids=["fresh", "older"])
@pytest.mark.parametrize(
    "plain", [DROPPED, REFUSED, PORTAL, answers(5.0)], ids=["dropped", "refused", "portal", "slow"]
)
def test_where_it_is_gone_and_443_serves_tls_is_reached_within_half_a_second(plain: Port, age: float) -> None:
    network = Simulation.of((TLS, plain), head_start=age)
    assert winner(network.run()).tls
    assert network.now < 0.5


def test_a_bad_certificate_beside_an_older_one_forbids_plain() -> None:
    network = Simulation.of((BAD_CERTIFICATE, answers(0.1)), head_start=OLD)
    assert network.run().end is End.LOST


def test_other_addresses_wait_for_the_head_start() -> None:
    network = Simulation.of((DROPPED, DROPPED), (DROPPED, REGISTRY), head_start=FRESH)
    assert winner(network.run()).place == 1
    assert network.times("SYN", 443) == [pytest.approx(FRESH), pytest.approx(FRESH)]


def test_a_secret_waits_for_certainty_as_ever() -> None:
    network = Simulation.of((DROPPED, REGISTRY), head_start=FRESH)
    network.run()
    assert network.pursue(Goal.ABSENCE).end is End.ABSENT
    assert network.now == pytest.approx(2 * RTT + 1.5, abs=0.01)
    assert len(network.times("SYN", 443)) == 2


def test_tls_that_is_there_after_all_is_found_before_a_secret_is_sent() -> None:
    network = Simulation.of((TLS, REGISTRY), head_start=FRESH)
    assert not winner(network.run()).tls
    assert winner(network.pursue(Goal.ABSENCE)).tls


def test_a_remembered_port_gets_no_hello() -> None:
    network = Simulation.explicit(PLAIN_PORT, head_start=FRESH)
    assert not winner(network.run()).tls
    assert network.times("hello", EXPLICIT) == []
    assert network.now == pytest.approx(2 * RTT)


def test_a_remembered_port_that_says_nothing_gets_a_hello() -> None:
    network = Simulation.explicit(MUTE, head_start=FRESH)
    assert network.run().end is End.LOST
    assert network.times("hello", EXPLICIT) == [pytest.approx(FRESH + RTT)]
