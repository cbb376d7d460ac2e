"""A name with several addresses: the dead ones cost little, and TLS at one of them is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.interrupt import INTERRUPTED, interrupt
from tests.behaviour.ports import PLAIN_TAG, TLS_TAG, record_of
from tests.behaviour.record import asked
from tests.behaviour.scene import HOST, in_time, limit
from tests.behaviour.stages import placed
from tests.network.namespace import Network

pytestmark = pytest.mark.network

ONE, TWO, THREE = ADDRESSES = ("10.99.0.1", "10.99.0.2", "10.99.0.3")
BLACK_HOLES = {f"{address}:{port}": "dropped" for address in (ONE, TWO) for port in (443, 80)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is at each place, the addresses of the name, what is listed and how soon."""

    places: Mapping[str, str]
    addresses: tuple[str, ...] = ADDRESSES
    tags: list[str]
    within: float = 0.5


ROWS = {
    "two black holes, then TLS": Row(places={**BLACK_HOLES, f"{THREE}:443": "TLS"}, tags=[TLS_TAG]),
    "two black holes, then plain": Row(
        places={**BLACK_HOLES, f"{THREE}:443": "dropped", f"{THREE}:80": "open"}, tags=[PLAIN_TAG]
    ),
    "plain behind a dropped 443, then TLS": Row(
        places={f"{ONE}:443": "dropped", f"{ONE}:80": "basic", f"{TWO}:443": "TLS"},
        addresses=(ONE, TWO),
        tags=[TLS_TAG],
    ),
    "plain behind a dropped 443, then TLS and plain": Row(
        places={f"{ONE}:443": "dropped", f"{ONE}:80": "open", f"{TWO}:443": "TLS", f"{TWO}:80": "open"},
        addresses=(ONE, TWO),
        tags=[TLS_TAG],
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_address_that_works_is_found(row: Row, materials: Path) -> None:
    with (
        Network(addresses=ADDRESSES, names={HOST: row.addresses}) as network,
        placed(network, materials, row.places) as scene,
    ):
        played = in_time(row.within, lambda: scene.boxship("ls", "--insecure", f"{HOST}/app"))
        assert (played.status, played.tags) == (0, row.tags)
        assert network.firewall.syns(443, address=ONE) >= 1
        requests = [request for place in row.places for request in asked(scene.folder / record_of(place))]
        assert not any(request.secret for request in requests if not request.tls)


def test_an_interrupt_ends_a_lookup_that_hangs(network: Network, materials: Path) -> None:
    network.firewall.drop(53)
    with (
        placed(network, materials, {}) as scene,
        scene.started("ls", "-v", "--insecure", "unknown.test/app") as (process, said),
    ):
        status, seconds = interrupt(process, said, after="DNSStart")
        assert status == INTERRUPTED
        assert seconds <= limit(0.2)
        assert "Traceback" not in said.read_text()
