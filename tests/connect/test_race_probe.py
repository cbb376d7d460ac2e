"""Without permission for plain HTTP: port 80 is asked once whether a registry is there, for the error to say so."""

from __future__ import annotations

import pytest

from boxship.connect.attempt import End, Outcome
from boxship.connect.evidence import Evidence
from tests.connect.networks import (
    BAD_CERTIFICATE,
    DROPPED,
    HTTP_SILENT,
    MUTE,
    PORTAL,
    REFUSED,
    REGISTRY,
    SPEAKS_HTTP,
    TLS,
    TLS_RESETS,
    UNREACHABLE,
    moved,
    tls,
)
from tests.connect.simulation import Port, Simulation

RTT = 0.001


def end(outcome: Outcome) -> End:
    return outcome.end


def showed(network: Simulation) -> dict[str, Evidence | None]:
    return {str(attempt.address): attempt.evidence for attempt in network.race.attempts}


@pytest.mark.parametrize(
    ("secure", "asked", "ended"),
    [
        pytest.param(DROPPED, 1 + RTT, 3.0, id="443 dropped: asked after 1 s, the error after 3 s"),
        pytest.param(REFUSED, 2 * RTT, 3 * RTT, id="443 refused: at once"),
        pytest.param(UNREACHABLE, 2 * RTT, 3 * RTT, id="443 unreachable: at once"),
        pytest.param(SPEAKS_HTTP, 3 * RTT, 4 * RTT, id="443 speaks plain HTTP: at once"),
        pytest.param(TLS_RESETS, 3 * RTT, 4 * RTT, id="443 resets: at once"),
        pytest.param(MUTE, 1 + RTT, 5 + RTT, id="443 mute: asked after 1 s, the error when it counts as mute"),
    ],
)
def test_a_registry_on_port_80_is_found_and_not_used(secure: Port, asked: float, ended: float) -> None:
    network = Simulation.of((secure, REGISTRY), permitted=False)
    assert end(network.run()) is End.LOST
    assert network.times("question", 80) == [pytest.approx(asked)]
    assert network.now == pytest.approx(ended)
    assert showed(network)["10.0.0.1:80"] is Evidence.PLAIN_REGISTRY


@pytest.mark.parametrize("secure", [TLS, tls(0.9), BAD_CERTIFICATE], ids=["healthy", "slow", "bad certificate"])
def test_a_host_that_speaks_tls_in_time_is_not_asked(secure: Port) -> None:
    network = Simulation.of((secure, REGISTRY), permitted=False)
    network.run()
    assert network.times("SYN", 80) == []


def test_tls_that_answers_after_the_question_still_wins() -> None:
    network = Simulation.of((tls(2.0), REGISTRY), permitted=False)
    outcome = network.run()
    assert outcome.end is End.WON
    assert outcome.attempt
    assert outcome.attempt.tls


@pytest.mark.parametrize(
    ("plain", "evidence"),
    [
        pytest.param(PORTAL, Evidence.NO_REGISTRY, id="a portal"),
        pytest.param(moved(8443), Evidence.NO_REGISTRY, id="it redirects to TLS"),
        pytest.param(HTTP_SILENT, Evidence.MUTE, id="it says nothing"),
        pytest.param(DROPPED, Evidence.SILENT, id="it is dropped, too"),
        pytest.param(REFUSED, Evidence.REFUSED, id="it is refused"),
    ],
)
def test_what_is_no_registry_changes_nothing_about_the_bound(plain: Port, evidence: Evidence) -> None:
    network = Simulation.of((DROPPED, plain), permitted=False)
    assert end(network.run()) is End.LOST
    assert network.now == pytest.approx(5.0)
    assert showed(network)["10.0.0.1:80"] is evidence


def test_a_refused_443_waits_two_seconds_at_most_for_a_silent_80() -> None:
    network = Simulation.of((REFUSED, DROPPED), permitted=False)
    assert end(network.run()) is End.LOST
    assert network.now == pytest.approx(RTT + 2.0)


def test_of_several_addresses_one_is_asked_and_once() -> None:
    network = Simulation.of((DROPPED, DROPPED), (DROPPED, REGISTRY), (DROPPED, REGISTRY), permitted=False)
    assert end(network.run()) is End.LOST
    assert len(network.times("question", 80)) == 1
    assert network.now == pytest.approx(3.0)
