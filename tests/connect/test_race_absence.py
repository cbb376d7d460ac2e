"""Rule 7: after a challenge, a secret goes over plain only where the absence of TLS is confirmed at every address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from boxship.connect.attempt import End, Goal, Outcome
from boxship.connect.deadline import Bounds
from boxship.connect.evidence import Evidence
from tests.connect.networks import (
    BAD_CERTIFICATE,
    DROPPED,
    MUTE,
    REFUSED,
    REGISTRY,
    SPEAKS_HTTP,
    TLS,
    TLS_RESETS,
    UNREACHABLE,
    answers,
    tls,
)
from tests.connect.simulation import Port, Simulation

RTT = 0.001


def challenged(*hosts: tuple[Port | None, Port | None]) -> Simulation:
    """A race whose plain side has answered; with a challenge, says the test."""
    network = Simulation.of(*hosts)
    outcome = network.run()
    assert outcome.attempt
    assert not outcome.attempt.tls
    return network


@pytest.mark.parametrize(
    ("secure", "again", "confirmed"),
    [
        pytest.param(SPEAKS_HTTP, [], 3 * RTT, id="not TLS: at once"),
        pytest.param(REFUSED, [RTT + 0.25], 2 * RTT + 0.25, id="refused, and again 250 ms later"),
        pytest.param(UNREACHABLE, [RTT + 0.25], 2 * RTT + 0.25, id="unreachable, and again 250 ms later"),
        pytest.param(TLS_RESETS, [2 * RTT + 0.25], 4 * RTT + 0.25, id="reset, and again 250 ms later"),
        pytest.param(DROPPED, [0.4], 1.5, id="silent: a second SYN at 0.4 s, confirmed at 1.5 s"),
        pytest.param(MUTE, [], RTT + 5, id="mute: 5 s"),
        pytest.param(None, [], 2 * RTT, id="TLS is not to be tried there"),
    ],
)
def test_absence_is_confirmed_by_each_evidence_in_its_time(
    secure: Port | None, again: list[float], confirmed: float
) -> None:
    network = challenged((secure, REGISTRY))
    assert network.pursue(Goal.ABSENCE) == Outcome(End.ABSENT)
    assert network.times("SYN", 443)[1:] == [pytest.approx(time) for time in again]
    assert network.now == pytest.approx(confirmed)
    assert len(network.times("question", 80)) == 1


@pytest.mark.parametrize(
    ("round_trip", "confirmed"),
    [
        pytest.param(0.1, 1.5, id="1.5 s are more than 4 round trips"),
        pytest.param(0.4, 1.9, id="two round trips from our second SYN, sent when the plain answer was there"),
    ],
)
def test_silence_is_judged_by_the_longest_round_trip(round_trip: float, confirmed: float) -> None:
    network = challenged((DROPPED, answers(round_trip=round_trip)))
    assert network.pursue(Goal.ABSENCE) == Outcome(End.ABSENT)
    assert network.now == pytest.approx(confirmed)


@pytest.mark.parametrize(
    ("round_trip", "confirmed"),
    [
        pytest.param(0.09, 1.5, id="1.5 s are enough"),
        pytest.param(0.3, 1.6, id="two round trips from the kernel's retransmission are more"),
        pytest.param(0.6, 2.4, id="4 round trips are more still"),
    ],
)
def test_the_longest_round_trip_counts_though_it_is_another_addresses(round_trip: float, confirmed: float) -> None:
    network = challenged((DROPPED, REGISTRY), (replace(SPEAKS_HTTP, round_trip=round_trip), DROPPED))
    assert network.pursue(Goal.ABSENCE) == Outcome(End.ABSENT)
    assert network.now == pytest.approx(confirmed, abs=0.002)


def test_the_answer_to_the_kernels_retransmission_is_waited_for() -> None:
    # Both our SYNs are lost; the kernel's, 1 s after the first, is answered a round trip later.
    far = tls(round_trip=0.29)
    network = challenged((replace(far, lost=2), answers(round_trip=0.29)))
    assert network.pursue(Goal.ABSENCE).attempt
    assert network.times("hello", 443) == [pytest.approx(1.29)]


@pytest.mark.parametrize(
    ("secure", "done"),
    [
        pytest.param(tls(1.0), 1.0 + 2 * RTT, id="TLS answers after 1 s"),
        pytest.param(tls(4.9), 4.9 + 2 * RTT, id="TLS answers after 4.9 s"),
        pytest.param(replace(TLS, lost=1), 0.4 + 2 * RTT, id="the first SYN is lost"),
        pytest.param(replace(TLS, lost=2), 1.0 + 2 * RTT, id="our two SYNs are lost, the kernel's is not"),
        pytest.param(tls(9.0, spoke=1.0), 9.0 + 2 * RTT, id="it speaks after 1 s and is done after 9 s"),
    ],
)
def test_tls_that_comes_late_wins_before_a_secret_is_sent(secure: Port, done: float) -> None:
    network = challenged((secure, REGISTRY))
    outcome = network.pursue(Goal.ABSENCE)
    assert outcome.attempt
    assert outcome.attempt.tls
    assert network.now == pytest.approx(done)


def test_tls_that_speaks_and_is_not_acceptable_forbids_plain() -> None:
    late = replace(BAD_CERTIFICATE, hello=tuple(replace(reply, after=1.0) for reply in BAD_CERTIFICATE.hello))
    network = challenged((late, REGISTRY))
    assert network.pursue(Goal.ABSENCE) == Outcome(End.LOST)


def test_a_port_that_is_refused_once_and_then_speaks_tls_wins() -> None:
    network = challenged((REFUSED, REGISTRY))
    network.network[network.race.attempts[0].address] = TLS
    outcome = network.pursue(Goal.ABSENCE)
    assert outcome.attempt
    assert network.now == pytest.approx(0.25 + 3 * RTT)


def test_every_address_must_lack_tls() -> None:
    network = challenged((REFUSED, REGISTRY), (DROPPED, REGISTRY), (MUTE, REGISTRY))
    assert network.pursue(Goal.ABSENCE) == Outcome(End.ABSENT)
    assert network.now == pytest.approx(5.0, abs=0.01)


def test_tls_at_any_address_wins() -> None:
    network = challenged((REFUSED, REGISTRY), (SPEAKS_HTTP, REGISTRY), (tls(0.8), DROPPED))
    outcome = network.pursue(Goal.ABSENCE)
    assert outcome.attempt
    assert str(outcome.attempt.address) == "10.0.0.3:443"


@pytest.mark.parametrize(
    ("secure", "lost_at"),
    [
        pytest.param(DROPPED, 5.0, id="silent: the bound of TCP"),
        pytest.param(MUTE, 5.0 + RTT, id="mute: the bound of the first byte"),
        pytest.param(REFUSED, 2 * RTT, id="refused: at once"),
    ],
)
def test_without_consent_tls_is_waited_for_to_its_bound(secure: Port, lost_at: float) -> None:
    network = challenged((secure, REGISTRY))
    assert network.pursue(Goal.TLS) == Outcome(End.LOST)
    assert network.now == pytest.approx(lost_at)
    assert len(network.times("SYN", 443)) == 1


# The challenge may come long after the plain answer: nobody looked at the sockets meanwhile.


@pytest.mark.parametrize(
    "secure",
    [
        pytest.param(tls(1.0), id="a handshake that was answered"),
        pytest.param(replace(TLS, lost=1), id="a SYN-ACK to the kernel's retransmission"),
        pytest.param(tls(0.0, round_trip=2.0), id="a SYN-ACK after 2 s"),
        pytest.param(tls(62.0, spoke=1.0), id="half a handshake"),
    ],
)
def test_tls_that_came_while_nobody_looked_is_seen(secure: Port) -> None:
    network = challenged((secure, REGISTRY))
    outcome = network.pursue(Goal.ABSENCE, after=60)
    assert outcome.attempt
    assert outcome.attempt.tls


def test_a_second_try_long_after_the_first_has_its_whole_time() -> None:
    network = challenged((REFUSED, REGISTRY))
    network.network[network.race.attempts[0].address] = TLS
    outcome = network.pursue(Goal.ABSENCE, after=60)
    assert outcome.attempt
    assert outcome.attempt.tls


def test_a_second_syn_that_is_late_is_given_time_to_be_answered() -> None:
    network = challenged((DROPPED, REGISTRY))
    assert network.pursue(Goal.ABSENCE, after=1.5) == Outcome(End.ABSENT)
    [_, second] = network.times("SYN", 443)
    assert network.now == pytest.approx(second + 0.06)


def test_an_open_second_try_is_waited_for_though_the_first_is_given_up() -> None:
    # The first one's bound is 5 s; our own second SYN, sent at 3.3 s after the plain answer, is answered at 5.2 s.
    network = challenged((replace(tls(0.5), lost=3, round_trip=1.9), answers(round_trip=1.5)))
    outcome = network.pursue(Goal.ABSENCE)
    assert outcome.attempt
    assert outcome.attempt.tls


def test_what_was_learnt_stays_learnt() -> None:
    network = challenged((REFUSED, REGISTRY))
    assert network.pursue(Goal.TLS) == Outcome(End.LOST)
    assert network.pursue(Goal.ABSENCE) == Outcome(End.ABSENT)
    assert {attempt.evidence for attempt in network.race.attempts if attempt.tls} == {Evidence.REFUSED}


def test_a_second_look_of_the_same_kind_does_not_begin_the_first_anew() -> None:
    network = Simulation.of((DROPPED, REGISTRY), bounds=Bounds(connect=9, connect_all=4))
    began = (network.run(), network.now)[1]
    network.at(began + 2, lambda time: network.race.pursue(Goal.TLS, time))
    assert network.pursue(Goal.TLS) == Outcome(End.LOST)
    assert network.now == pytest.approx(began + 4)
