"""Rules 3 to 6: which answer is taken, at which moment, and when the plain side is asked at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from boxship.connect.attempt import Attempt, End, Outcome
from boxship.connect.deadline import Bounds
from boxship.connect.evidence import Evidence
from boxship.seconds import Seconds
from tests.connect.networks import (
    BAD_CERTIFICATE,
    DROPPED,
    HTTP_RESETS,
    HTTP_SILENT,
    MUTE,
    PORTAL,
    REFUSED,
    REGISTRY,
    SPEAKS_HTTP,
    TLS,
    TLS_ALERT,
    TLS_RESETS,
    UNREACHABLE,
    answers,
    moved,
    tls,
)
from tests.connect.simulation import Port, Simulation

RTT = 0.001
G, H = 0.02, 0.06


def winner(outcome: Outcome) -> Attempt:
    assert outcome.end is End.WON
    assert outcome.attempt
    return outcome.attempt


@pytest.mark.parametrize(
    ("secure", "asked"),
    [
        pytest.param(DROPPED, RTT + G, id="443 dropped: G after the plain connect"),
        pytest.param(REFUSED, RTT, id="443 refused: at once"),
        pytest.param(UNREACHABLE, RTT, id="443 unreachable: at once"),
        pytest.param(SPEAKS_HTTP, 2 * RTT, id="443 speaks plain HTTP: at once"),
        pytest.param(TLS_RESETS, 2 * RTT, id="443 resets after the hello: at once"),
        pytest.param(MUTE, RTT + H, id="443 accepts and never answers: H after it opened"),
        pytest.param(tls(1.0), RTT + H, id="443 answers TLS after 1 s: H after it opened"),
        pytest.param(None, RTT, id="443 is not tried: at once"),
    ],
)
def test_the_plain_side_is_asked_once_and_wins_by_its_answer(secure: Port | None, asked: float) -> None:
    network = Simulation.of((secure, REGISTRY))
    assert not winner(network.run()).tls
    assert network.times("question", 80) == [pytest.approx(asked)]
    assert network.now == pytest.approx(asked + RTT)


@pytest.mark.parametrize(
    ("round_trip", "grace"),
    [
        pytest.param(0.0001, 0.02, id="at least 20 ms"),
        pytest.param(0.005, 0.02, id="20 ms are 4 of 5 ms"),
        pytest.param(0.01, 0.04, id="4 round trips"),
        pytest.param(0.2, 0.3, id="at most 300 ms"),
    ],
)
def test_a_silent_443_is_waited_for_as_long_as_the_round_trip_says(round_trip: float, grace: float) -> None:
    network = Simulation.of((DROPPED, answers(round_trip=round_trip)))
    network.run()
    assert network.times("question", 80) == [pytest.approx(round_trip + grace)]


@pytest.mark.parametrize(
    ("round_trip", "grace"),
    [
        pytest.param(0.001, 0.06, id="at least 60 ms"),
        pytest.param(0.05, 0.2, id="4 round trips of 443"),
        pytest.param(0.4, 1.0, id="at most 1 s"),
    ],
)
def test_an_open_443_is_waited_for_as_long_as_its_own_round_trip_says(round_trip: float, grace: float) -> None:
    network = Simulation.of((replace(MUTE, round_trip=round_trip), answers(round_trip=round_trip)))
    network.run()
    assert network.times("question", 80) == [pytest.approx(round_trip + grace)]


@pytest.mark.parametrize(
    ("secure", "plain"),
    [
        pytest.param(TLS, REGISTRY, id="both healthy"),
        pytest.param(tls(0.055), REGISTRY, id="TLS just within H"),
        pytest.param(tls(1.0, spoke=0.05), REGISTRY, id="the first byte within H, the rest after 1 s"),
        pytest.param(TLS, HTTP_SILENT, id="80 accepts and says nothing"),
        pytest.param(TLS, DROPPED, id="80 dropped"),
        pytest.param(TLS, REFUSED, id="80 refused"),
        pytest.param(tls(4.9), DROPPED, id="80 dropped, 443 slow"),
    ],
)
def test_tls_wins_and_nothing_is_asked_in_plain(secure: Port, plain: Port) -> None:
    network = Simulation.of((secure, plain))
    assert winner(network.run()).tls
    assert network.times("question", 80) == []


@pytest.mark.parametrize("late", [0.07, 0.4], ids=["while the answer is on its way", "just before it"])
def test_a_handshake_wins_until_a_plain_answer_is_there(late: float) -> None:
    network = Simulation.of((tls(late), answers(0.5)))
    assert winner(network.run()).tls
    assert network.now == pytest.approx(2 * RTT + late)
    assert network.times("question", 80) == [pytest.approx(RTT + H)]


@pytest.mark.parametrize("secure", [TLS_ALERT, BAD_CERTIFICATE], ids=["alert", "bad certificate"])
@pytest.mark.parametrize("plain", [REGISTRY, PORTAL, moved(443)], ids=["registry", "portal", "redirect"])
@pytest.mark.parametrize("round_trip", [0.0001, 0.01], ids=["before the plain connect", "after it"])
def test_bad_tls_is_the_error_whatever_port_80_says(secure: Port, plain: Port, round_trip: float) -> None:
    network = Simulation.of((replace(secure, round_trip=round_trip), plain))
    assert network.run() == Outcome(End.LOST)
    assert network.race.attempts[0].evidence is Evidence.SPOKE_TLS
    assert network.times("question", 80) == []


def test_bad_tls_at_one_address_forbids_plain_at_another() -> None:
    network = Simulation.of((DROPPED, REGISTRY), (replace(BAD_CERTIFICATE, round_trip=0.009), REGISTRY))
    network.run()
    assert network.race.outcome == Outcome(End.LOST)
    assert network.times("question", 80) == []


def test_bad_tls_while_the_answer_is_on_its_way_takes_the_answer_out() -> None:
    late = replace(BAD_CERTIFICATE, hello=tuple(replace(reply, after=0.1) for reply in BAD_CERTIFICATE.hello))
    network = Simulation.of((late, answers(0.3)))
    assert network.run() == Outcome(End.LOST)
    assert [attempt.evidence for attempt in network.race.attempts] == [Evidence.SPOKE_TLS, Evidence.LEFT]


@pytest.mark.parametrize("answer_first", [True, False])
def test_of_a_handshake_and_an_answer_at_the_same_moment_the_handshake_wins(*, answer_first: bool) -> None:
    network = Simulation.of((TLS, REGISTRY))
    network.race.step(0.0)
    secure, plain = network.race.attempts
    facts: list[Callable[[], None]] = [
        lambda: network.race.answered(plain, 0.2),
        lambda: network.race.shaken(secure, 0.2),
    ]
    for fact in facts if answer_first else facts[::-1]:
        fact()
    assert winner(network.race.outcome or Outcome(End.LOST)) is secure


@pytest.mark.parametrize("answer_first", [True, False])
def test_of_a_tls_record_and_an_answer_at_the_same_moment_the_record_counts(*, answer_first: bool) -> None:
    network = Simulation.of((BAD_CERTIFICATE, REGISTRY))
    network.race.step(0.0)
    secure, plain = network.race.attempts
    facts: list[Callable[[], None]] = [
        lambda: network.race.answered(plain, 0.2),
        lambda: network.race.spoke(secure, 0.2),
    ]
    for fact in facts if answer_first else facts[::-1]:
        fact()
    assert network.race.outcome is None
    assert plain.evidence is Evidence.LEFT


@pytest.mark.parametrize(
    ("plain", "evidence"),
    [
        pytest.param(PORTAL, Evidence.NO_REGISTRY, id="a captive portal"),
        pytest.param(HTTP_RESETS, Evidence.RESET, id="a reset"),
    ],
)
def test_what_is_no_registry_is_taken_out_and_443_waited_for(plain: Port, evidence: Evidence) -> None:
    network = Simulation.of((DROPPED, plain))
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(5.0)
    assert [attempt.evidence for attempt in network.race.attempts] == [Evidence.SILENT, evidence]


def test_the_next_address_is_asked_where_the_first_is_no_registry() -> None:
    network = Simulation.of((DROPPED, PORTAL), (DROPPED, REGISTRY))
    assert str(winner(network.run()).address) == "10.0.0.2:80"
    assert len(network.times("question", 80)) == 2


def test_the_next_address_is_asked_a_second_after_one_that_says_nothing() -> None:
    network = Simulation.of((REFUSED, HTTP_SILENT), (REFUSED, REGISTRY))
    assert str(winner(network.run()).address) == "10.0.0.2:80"
    first, second = network.times("question", 80)
    assert second - first == pytest.approx(1.0)


def test_the_losers_of_a_plain_win_are_closed() -> None:
    network = Simulation.of((REFUSED, REGISTRY), (DROPPED, REGISTRY))
    won = winner(network.run())
    plain = [attempt for attempt in network.race.attempts if not attempt.tls]
    assert {attempt.evidence for attempt in plain if attempt is not won} == {Evidence.LEFT}


def test_an_answer_that_does_not_come_ends_at_the_bound_of_the_question() -> None:
    network = Simulation.of((REFUSED, HTTP_SILENT))
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(RTT + 10.0)
    assert network.race.attempts[1].evidence is Evidence.MUTE


# Rule 8.


def test_a_redirect_to_tls_on_the_same_port_waits_for_it() -> None:
    network = Simulation.of((tls(1.0), moved(443)))
    assert winner(network.run()).tls
    assert network.now == pytest.approx(1.0 + 2 * RTT)
    assert network.race.attempts[1].evidence is Evidence.LEFT


def test_a_redirect_to_tls_on_another_port_is_the_outcome() -> None:
    network = Simulation.of((DROPPED, moved(8443)))
    assert network.run() == Outcome(End.MOVED, port=8443)


def test_a_redirect_to_tls_that_does_not_come_is_no_way_back_to_plain() -> None:
    network = Simulation.of((DROPPED, moved(443)), (DROPPED, REGISTRY))
    assert network.run() == Outcome(End.LOST)
    assert len(network.times("question", 80)) == 1


@pytest.mark.parametrize(
    ("secure", "bounds", "words"),
    [
        (DROPPED, Bounds(connect=Seconds(1.0, "flag --connect-timeout")), "the bound is 1 s (flag --connect-timeout)"),
        (DROPPED, Bounds(connect_all=2.0), "the bound is 2 s (Bounds.connect_all)"),
        (DROPPED, Bounds(), ""),
        (MUTE, Bounds(tls_first_byte=2.0), "the bound is 2 s (Bounds.tls_first_byte)"),
        (tls(30.0, spoke=0.0), Bounds(tls=2.0), "handshake unfinished; the bound is 2 s (Bounds.tls)"),
        (tls(30.0, spoke=0.0), Bounds(), "handshake unfinished"),
    ],
    ids=["connect", "connect in all", "the default", "mute", "tls", "the default of tls"],
)
def test_the_bound_that_ended_an_attempt_is_named_where_somebody_chose_it(
    secure: Port, bounds: Bounds, words: str
) -> None:
    network = Simulation.of((secure, None), told=True, bounds=bounds)
    assert network.run().end is End.LOST
    assert [attempt.detail for attempt in network.race.attempts] == [words]
