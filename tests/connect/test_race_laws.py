"""What holds for the race in every network, however its ports behave."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.connect.attempt import End, Goal
from boxship.connect.evidence import Evidence
from tests.connect.networks import (
    BAD_CERTIFICATE,
    DROPPED,
    HTTP_RESETS,
    HTTP_SILENT,
    MUTE,
    PORTAL,
    REFUSED,
    SPEAKS_HTTP,
    TLS_RESETS,
    UNREACHABLE,
    answers,
    moved,
    tls,
)
from tests.connect.simulation import Port, Simulation

FIRST_BYTE = 10.0  # what a question is waited for
TO_CONNECT, TO_HANDSHAKE, TO_BE_MUTE = 8.0, 10.0, 5.0

round_trips = st.sampled_from([0.0001, 0.001, 0.02, 0.15, 0.4, 0.9])
delays = st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.3, 1.0, 3.0, 4.9, 6.0, 12.0])
lost = st.sampled_from([0, 0, 0, 1, 2, 3, math.inf])
nothing = st.sampled_from([DROPPED, REFUSED, UNREACHABLE])


def with_path(ports: st.SearchStrategy[Port]) -> st.SearchStrategy[Port]:
    return st.builds(lambda port, rtt, syns: replace(port, round_trip=rtt, lost=syns), ports, round_trips, lost)


def late_reply(port: Port, after: float) -> Port:
    return replace(port, hello=tuple(replace(reply, after=after) for reply in port.hello))


speaking_tls = st.builds(lambda begun, more: tls(begun + more, spoke=begun), delays, delays)
failing_tls = st.builds(late_reply, st.sampled_from([MUTE, SPEAKS_HTTP, TLS_RESETS, BAD_CERTIFICATE]), delays)
secure_ports = st.one_of(nothing, with_path(speaking_tls), with_path(failing_tls))
plain_ports = st.one_of(
    nothing,
    with_path(st.builds(answers, delays)),
    with_path(st.sampled_from([PORTAL, HTTP_RESETS, HTTP_SILENT, moved(443), moved(8443)])),
)
hosts = st.lists(st.tuples(secure_ports, plain_ports), min_size=1, max_size=4)
one_port = st.builds(
    lambda hello, question, single: replace(hello, question=question.question, single_threaded=single),
    secure_ports,
    plain_ports,
    st.booleans(),
)


@st.composite
def simulations(draw: st.DrawFn) -> Simulation:
    if draw(st.booleans()):
        return Simulation.of(*draw(hosts))
    return Simulation.explicit(*draw(st.lists(one_port, min_size=1, max_size=3)))


@st.composite
def decided(draw: st.DrawFn) -> Simulation:
    """A race in a random network that is over, perhaps with a second phase some time after a plain answer."""
    network = draw(simulations())
    outcome = network.run()
    if outcome.attempt and not outcome.attempt.tls:
        goal = draw(st.sampled_from([None, Goal.TLS, Goal.ABSENCE]))
        if goal:
            network.pursue(goal, after=draw(st.sampled_from([0.0, 0.0, 0.3, 1.1, 4.0, 60.0])))
    return network


many = settings(max_examples=4 * settings().max_examples, deadline=None, database=None)


@many
@given(simulations())
def test_a_race_ends_within_its_bounds(network: Simulation) -> None:
    outcome = network.run()
    asked = [attempt.asked for attempt in network.race.attempts if not math.isnan(attempt.asked)]
    assert outcome.end is not End.ABSENT
    assert network.now <= TO_CONNECT + TO_HANDSHAKE + FIRST_BYTE * len(asked) + 0.001


@many
@given(simulations(), st.sampled_from([Goal.TLS, Goal.ABSENCE]), st.sampled_from([0.0, 0.3, 1.1, 4.0, 60.0]))
def test_certainty_is_had_within_the_bounds_of_connecting_and_tls(
    network: Simulation, goal: Goal, after: float
) -> None:
    if (outcome := network.run()).attempt and not outcome.attempt.tls:
        begun = network.now + after
        network.pursue(goal, after=after)
        assert network.now - begun <= TO_CONNECT + TO_HANDSHAKE + 0.001


@many
@given(decided())
def test_nothing_is_asked_in_plain_once_a_tls_record_was_seen(network: Simulation) -> None:
    assert all(sent.at <= network.spoken_at for sent in network.sent if sent.what == "question")
    if network.spoken_at < math.inf:
        assert network.race.outcome
        assert network.race.outcome.attempt is None or network.race.outcome.attempt.tls


@many
@given(hosts)
def test_tls_wins_where_its_handshake_is_done_before_the_question_is_due(ports: list[tuple[Port, Port]]) -> None:
    network, healthy = Simulation.of(*ports), Simulation.of(*ports)
    network.run()
    first_question = min(network.times("question", 80), default=math.inf)
    if _done_by_itself(healthy) < first_question:
        assert network.race.outcome
        assert network.race.outcome.attempt
        assert network.race.outcome.attempt.tls


def _done_by_itself(network: Simulation) -> float:
    """When a handshake is done at the first address, where nothing is in its way; inf where it never is."""
    port = network.network[network.race._places[0].tls or pytest.fail("each place has TLS")]
    finishing = [reply for reply in port.hello if reply.fact.__name__ == "_shaken"]
    if port.fails or port.lost or not finishing:
        return math.inf
    begun, done = (port.round_trip + reply.after for reply in (port.hello[0], finishing[0]))
    if begun >= TO_BE_MUTE or done >= TO_HANDSHAKE:
        return math.inf
    return 2 * port.round_trip + finishing[0].after


@many
@given(decided())
def test_absence_is_never_certain_where_tls_has_spoken_or_may_yet(network: Simulation) -> None:
    assert network.race.outcome
    if network.race.outcome.end is End.ABSENT:
        secure = [attempt for attempt in network.race.attempts if attempt.tls]
        assert not any(attempt.spoke for attempt in secure)
        # An address that has said it speaks something else is believed, whatever another connection to it waits for.
        denied = {attempt.address for attempt in secure if attempt.evidence is Evidence.NOT_TLS}
        assert {attempt.address for attempt in secure if attempt.is_open} <= denied


@many
@given(decided())
def test_an_address_is_dialled_twice_for_tls_and_once_for_plain_at_most(network: Simulation) -> None:
    dials = Counter((attempt.address, attempt.tls) for attempt in network.race.attempts)
    assert all(count <= (2 if secure else 1) for (_, secure), count in dials.items())


@many
@given(decided())
def test_a_lost_race_has_evidence_of_every_candidate(network: Simulation) -> None:
    assert network.race.outcome
    if network.race.outcome.end is End.LOST and network.race.goal is Goal.ANSWER:
        assert not any(attempt.live for attempt in network.race.attempts)


@many
@given(hosts)
def test_a_handshake_wins_where_every_plain_side_is_dead(ports: list[tuple[Port, Port]]) -> None:
    only_tls = [(secure, DROPPED) for secure, _ in ports]
    network = Simulation.of(*only_tls)
    outcome = network.run()
    assert network.times("question", 80) == []
    if _done_by_itself(Simulation.of(*only_tls)) < 5.0:
        assert outcome.attempt
