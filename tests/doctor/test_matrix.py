"""Networks that are broken, each for real: what the doctor says first, which check is red, and that it ends in time.

Hosts that nothing permits to be spoken to in plain are in network namespaces, with real packets: loopback permits it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.behaviour.ports import certificates
from tests.behaviour.scene import HOST
from tests.doctor.case import Said, complaints
from tests.doctor.matrix import ON_LOOPBACK, WITH_PACKETS, WITH_PEERS, played

BROKEN, WELL = 50, 15  # at least


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certificates(folder, HOST, "10.99.0.1")
    return folder


@pytest.fixture(scope="module")
def on_loopback(materials: Path) -> Iterator[Mapping[str, Future[Said]]]:
    with played(ON_LOOPBACK, materials) as said:
        yield said


@pytest.fixture(scope="module")
def with_packets(materials: Path) -> Iterator[Mapping[str, Future[Said]]]:
    with played(WITH_PACKETS, materials) as said:
        yield said


@pytest.mark.parametrize("name", ON_LOOPBACK)
def test_the_verdict_names_the_cause(name: str, on_loopback: Mapping[str, Future[Said]]) -> None:
    assert list(complaints(ON_LOOPBACK[name], on_loopback[name].result())) == []


@pytest.mark.network
@pytest.mark.parametrize("name", WITH_PACKETS)
def test_the_verdict_names_the_cause_where_packets_are_lost(
    name: str, with_packets: Mapping[str, Future[Said]]
) -> None:
    assert list(complaints(WITH_PACKETS[name], with_packets[name].result())) == []


@pytest.mark.peer("docker-registry")
@pytest.mark.parametrize("name", WITH_PEERS)
def test_registries_of_others_are_well(name: str, materials: Path) -> None:
    case = WITH_PEERS[name]
    assert list(complaints(case, case.said(materials))) == []


def test_there_are_as_many_as_were_promised() -> None:
    cases = [*ON_LOOPBACK.values(), *WITH_PACKETS.values()]
    assert sum(bool(case.red) for case in cases) >= BROKEN
    assert sum(not case.red for case in cases) >= WELL
