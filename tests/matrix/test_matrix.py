"""The matrix: what comes of each network, on a simulated clock, behind a real firewall, and over a wire with delays."""

from __future__ import annotations

import pytest

from tests.matrix.addresses import lay
from tests.matrix.conftest import Proved
from tests.matrix.proof import simulate
from tests.matrix.row import REAL, Learns, Said, Stage
from tests.matrix.rows import ROWS, SUBJECTS

CONSENT = {Said.INSECURE, Said.AUTO, Said.ALWAYS, Said.LOOPBACK}


def _played(*stages: Stage) -> list[object]:
    return [
        pytest.param(stage, name, id=f"{stage}: {name}", marks=pytest.mark.network)
        for stage in stages
        for name, row in ROWS.items()
        if stage in row.stages
    ]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if Stage.SIMULATED in row.stages])
def test_a_network_on_the_simulated_clock_is_as_its_row_says(name: str) -> None:
    assert [complaint.words for complaint in simulate(name).complaints] == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("stage", "name"), _played(*REAL))
def test_a_network_is_as_its_row_says(stage: Stage, name: str, proved: Proved) -> None:
    assert [complaint.words for complaint in proved(stage, "blocking")[name].complaints] == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("stage", "name"), _played(Stage.FIREWALL))
def test_a_network_is_the_same_for_asyncio(stage: Stage, name: str, proved: Proved) -> None:
    assert [complaint.words for complaint in proved(stage, "asyncio")[name].complaints] == []


def test_there_are_enough_networks_and_each_has_a_name_of_its_own() -> None:
    assert sum(map(len, SUBJECTS.values())) == len(ROWS) >= 60
    networks = {(repr((row.hosts, row.proxy)), row.said, row.wish, row.port, row.before) for row in ROWS.values()}
    assert len(networks) == len(ROWS)


def test_most_networks_are_at_two_stages_or_three() -> None:
    assert all(row.stages for row in ROWS.values())
    assert sum(len(row.stages) >= 2 for row in ROWS.values()) > 0.9 * len(ROWS)


def test_no_secret_is_told_in_the_open_where_nobody_consented() -> None:
    assert all(row.said in CONSENT for row in ROWS.values() if row.learns is Learns.SECRET)


def test_rows_of_a_lab_have_addresses_of_their_own_in_an_order_that_systems_keep() -> None:
    laid = lay([row for row in ROWS.values() if Stage.WIRE in row.stages][::2])
    addresses = [address for each in laid for address in (*each.addresses, each.proxy) if address]
    assert len(addresses) == len(set(addresses))
    several = [address for each in laid if len(each.addresses) > 1 for address in each.addresses]
    assert all(":" in address or int(address.rpartition(".")[2]) >= 128 for address in several)
