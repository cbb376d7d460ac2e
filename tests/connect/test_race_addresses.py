"""Rules 1, 2 and 11: told schemes, several addresses, names that come late, and the bounds at which a race is lost."""

from __future__ import annotations

import pytest

from boxship.connect.attempt import End, Goal, Outcome
from boxship.connect.deadline import Bounds
from boxship.connect.evidence import Evidence
from boxship.connect.race import FINDING_AFTER, LATE_NAMES, Race
from tests.connect.networks import (
    DROPPED,
    MUTE,
    REFUSED,
    REGISTRY,
    TLS,
    TLS_RESETS,
    UNREACHABLE,
    answers,
    tls,
)
from tests.connect.simulation import Port, Simulation, place

RTT = 0.001
BLACK_HOLE = (DROPPED, DROPPED)
HEALTHY = (TLS, REGISTRY)


def winner(network: Simulation) -> str:
    outcome = network.run()
    assert outcome.attempt
    return str(outcome.attempt.address)


# Rule 2.


@pytest.mark.parametrize(
    ("hosts", "starts"),
    [
        pytest.param([BLACK_HOLE] * 3, [0.0, 0.1, 0.2], id="silent: 100 ms apart"),
        pytest.param([(MUTE, DROPPED)] * 3, [0.0, 0.1, 0.2], id="443 open and mute: 100 ms apart"),
        pytest.param([(REFUSED, DROPPED)] * 3, [0.0, RTT, 2 * RTT], id="443 refused: at once"),
        pytest.param([(DROPPED, REFUSED)] * 3, [0.0, RTT, 2 * RTT], id="80 refused: at once"),
        pytest.param([(DROPPED, REGISTRY), *[BLACK_HOLE] * 2], [0.0, RTT, RTT], id="80 connects: all the others"),
        pytest.param([HEALTHY] * 3, [0.0, RTT, RTT], id="healthy: as soon as 80 connects"),
        pytest.param([(tls(round_trip=0.09), DROPPED)] * 3, [0.0, 0.1], id="TLS done before the third"),
    ],
)
def test_addresses_start_100_ms_apart_and_sooner_where_that_helps(
    hosts: list[tuple[Port, Port]], starts: list[float]
) -> None:
    network = Simulation.of(*hosts)
    network.run()
    assert network.times("SYN", 443) == [pytest.approx(time) for time in starts]
    assert network.times("SYN", 80) == [pytest.approx(time) for time in starts]


def test_the_hello_is_sent_before_the_plain_connection_is_tried() -> None:
    network = Simulation.of(HEALTHY)
    network.race.step(0.0)
    assert [attempt.tls for attempt in network.race.attempts] == [True, False]


def test_the_third_address_is_reached_within_half_a_second() -> None:
    network = Simulation.of(BLACK_HOLE, BLACK_HOLE, HEALTHY)
    assert winner(network) == "10.0.0.3:443"
    assert network.now == pytest.approx(0.2 + 2 * RTT)


def test_tls_at_the_second_address_is_found_although_the_first_one_serves_plain() -> None:
    network = Simulation.of((DROPPED, REGISTRY), HEALTHY)
    assert winner(network) == "10.0.0.2:443"
    assert network.times("question", 80) == []


def test_a_slow_second_address_is_waited_for_as_long_as_it_is_open() -> None:
    network = Simulation.of((DROPPED, REGISTRY), (tls(0.05), DROPPED))
    assert winner(network) == "10.0.0.2:443"
    assert network.times("question", 80) == []


def test_the_wait_for_silence_begins_with_the_last_start() -> None:
    # The second 80 connects at 101 ms, which starts the third address: G counts from there.
    network = Simulation.of(BLACK_HOLE, (DROPPED, REGISTRY), BLACK_HOLE)
    assert winner(network) == "10.0.0.2:80"
    assert network.times("question", 80) == [pytest.approx(0.1 + RTT + 0.02)]


def test_one_plain_side_is_asked_at_a_time() -> None:
    network = Simulation.of(*[(DROPPED, answers(0.2))] * 3)
    winner(network)
    assert len(network.times("question", 80)) == 1


# Rule 1.


def test_a_told_scheme_does_not_race() -> None:
    network = Simulation.of((DROPPED, None), (TLS, None), told=True)
    assert winner(network) == "10.0.0.2:443"
    assert network.now == pytest.approx(0.1 + 2 * RTT)


def test_told_plain_wins_by_connecting() -> None:
    network = Simulation.of((None, DROPPED), (None, REGISTRY), told=True)
    assert winner(network) == "10.0.0.2:80"
    assert network.now == pytest.approx(0.1 + RTT)
    assert network.times("question", 80) == []


# Rule 11.


@pytest.mark.parametrize(
    ("hosts", "lost_at"),
    [
        pytest.param([BLACK_HOLE], 5.0, id="one address dropped"),
        pytest.param([BLACK_HOLE] * 3, 5.2, id="three dropped: 5 s from the last start"),
        pytest.param([BLACK_HOLE] * 16, 6.5, id="sixteen dropped"),
        pytest.param([(REFUSED, REFUSED)], RTT, id="refused: at once"),
        pytest.param([(REFUSED, REFUSED)] * 3, 3 * RTT, id="refused thrice: one after the other, at once"),
        pytest.param([(UNREACHABLE, UNREACHABLE)], RTT, id="unreachable: at once"),
        pytest.param([(TLS_RESETS, REFUSED)], 2 * RTT, id="reset and refused: at once"),
        pytest.param([(MUTE, DROPPED)], 5.0 + RTT, id="mute: 5 s from the hello"),
        pytest.param([(MUTE, REFUSED)], 5.0 + RTT, id="mute and refused"),
        pytest.param([(tls(11.0, spoke=1.0), DROPPED)], 10.0 + RTT, id="a handshake without end: 10 s from the hello"),
    ],
)
def test_a_race_is_lost_at_its_bound_and_no_sooner(hosts: list[tuple[Port, Port]], lost_at: float) -> None:
    network = Simulation.of(*hosts)
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(lost_at)


def test_every_candidate_has_its_evidence_at_the_end() -> None:
    network = Simulation.of((REFUSED, DROPPED), (UNREACHABLE, REFUSED))
    network.run()
    assert [attempt.evidence for attempt in network.race.attempts] == [
        Evidence.REFUSED,
        Evidence.SILENT,
        Evidence.UNREACHABLE,
        Evidence.REFUSED,
    ]


def test_without_an_address_the_race_is_lost_at_once() -> None:
    assert Simulation.of().run() == Outcome(End.LOST)


# Names that come later.


def late(network: Simulation, at: float, number: int, host: tuple[Port, Port], *, more: bool = False) -> None:
    """Let another address become known at that time."""
    found = place(number)
    network.network |= {address: port for address, port in zip((found.tls, found.plain), host, strict=True) if address}
    network.at(at, lambda _: network.race.found((found,), network.now, more=more))


def test_an_address_that_comes_late_joins_the_race() -> None:
    network = Simulation.of(BLACK_HOLE, names_until=12.0)
    late(network, 0.5, 2, HEALTHY)
    assert winner(network) == "10.0.0.2:443"
    assert network.now == pytest.approx(0.5 + 2 * RTT)


def test_a_race_is_not_lost_while_a_name_is_being_resolved() -> None:
    network = Simulation.of((REFUSED, REFUSED), names_until=12.0)
    late(network, 2.0, 2, HEALTHY)
    assert winner(network) == "10.0.0.2:443"


@pytest.mark.parametrize(
    ("until", "lost_at"), [(2.0, 2.0), (12.0, LATE_NAMES)], ids=["to the bound of names", "for a while"]
)
def test_names_are_waited_for_to_a_bound(until: float, lost_at: float) -> None:
    network = Simulation.of((REFUSED, REFUSED), names_until=until)
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(lost_at)


def test_a_late_name_does_not_keep_up_the_end_of_what_took_longer() -> None:
    network = Simulation.of(BLACK_HOLE, names_until=12.0)
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(Bounds().connect)


def test_a_late_name_does_not_keep_up_what_was_found_without_permission() -> None:
    network = Simulation.of((DROPPED, REGISTRY), names_until=12.0, permitted=False)
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(FINDING_AFTER)


def test_a_proxy_that_refuses_is_not_asked_at_its_other_addresses() -> None:
    network = Simulation.of((Port(fails=Evidence.PROXY), None), names_until=12.0)
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(RTT)


def test_a_proxy_that_says_nothing_has_a_bound_of_its_own() -> None:
    race = Race((place(1, plain=None),), Bounds(proxy=3.0), 0.0, told=True, hello_first=False)
    ((_, attempt),) = race.step(0.0)
    race.entered(attempt, 1.0)
    race.step(3.9)
    assert race.outcome is None
    assert race.wake() == pytest.approx(4.0)
    race.step(4.0)
    assert race.outcome == Outcome(End.LOST)
    assert (attempt.evidence, attempt.detail) == (
        Evidence.SILENT,
        "the proxy said nothing within 3 s (Bounds.proxy)",
    )


def test_a_late_answer_without_an_address_ends_the_wait() -> None:
    network = Simulation.of((REFUSED, REFUSED), names_until=12.0)
    network.at(0.3, lambda _: network.race.found((), network.now, more=False))
    assert network.run() == Outcome(End.LOST)
    assert network.now == pytest.approx(0.3)


def test_absence_is_not_confirmed_before_every_address_is_known() -> None:
    network = Simulation.of((REFUSED, REGISTRY), names_until=12.0)
    winner(network)
    late(network, 1.0, 2, HEALTHY)
    outcome = network.pursue(Goal.ABSENCE)
    assert outcome.attempt
    assert str(outcome.attempt.address) == "10.0.0.2:443"


def test_absence_waits_longer_for_names_than_an_error_does() -> None:
    network = Simulation.of((REFUSED, REGISTRY), names_until=12.0)
    winner(network)
    late(network, LATE_NAMES + 1, 2, HEALTHY)
    outcome = network.pursue(Goal.ABSENCE)
    assert outcome.attempt
    assert str(outcome.attempt.address) == "10.0.0.2:443"


def test_names_that_are_late_still_count_after_a_plain_answer_that_was_late() -> None:
    network = Simulation.of((MUTE, answers(LATE_NAMES + 0.5)), names_until=12.0)
    assert winner(network) == "10.0.0.1:80"
    late(network, LATE_NAMES + 3, 2, HEALTHY)
    outcome = network.pursue(Goal.ABSENCE)
    assert outcome.attempt
    assert str(outcome.attempt.address) == "10.0.0.2:443"


def test_an_address_that_is_known_already_is_not_tried_again() -> None:
    network = Simulation.of(BLACK_HOLE, names_until=12.0)
    late(network, 0.5, 1, BLACK_HOLE)
    network.run()
    assert len(network.sent) == 2


def test_late_addresses_make_no_more_than_sixteen() -> None:
    network = Simulation.of(*[BLACK_HOLE] * 15, names_until=12.0)
    late(network, 0.2, 16, BLACK_HOLE, more=True)
    late(network, 0.3, 17, HEALTHY)
    assert network.run() == Outcome(End.LOST)
    assert len(network.times("SYN", 443)) == 16
