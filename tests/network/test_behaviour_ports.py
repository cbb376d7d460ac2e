"""A port that is written is the only one that is tried, by one connection where that is enough (rule 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.ports import PLAIN_TAG, TLS_TAG
from tests.behaviour.scene import HOST
from tests.behaviour.stages import placed
from tests.network.namespace import SERVER, Network

pytestmark = pytest.mark.network

UNREACHABLE = 5
EVERYWHERE = {443: "TLS", 80: "open"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The port that is written, what is at each port, what is listed, and how many connections each port sees."""

    port: int = 5000
    ports: Mapping[int, str]
    tags: list[str]
    connections: int


ROWS = {
    "TLS": Row(ports={5000: "TLS", **EVERYWHERE}, tags=[TLS_TAG], connections=1),
    "single-threaded TLS": Row(ports={5000: "single-threaded TLS", **EVERYWHERE}, tags=[TLS_TAG], connections=1),
    "plain, after the hello": Row(ports={5000: "open", **EVERYWHERE}, tags=[PLAIN_TAG], connections=2),
    "refused is final": Row(ports={5000: "refused", **EVERYWHERE}, tags=[], connections=1),
    ":443 is https": Row(port=443, ports={443: "open", 80: "open"}, tags=[], connections=1),
    ":80 is plain without a hello": Row(port=80, ports=EVERYWHERE, tags=[PLAIN_TAG], connections=1),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_no_other_port_is_tried(row: Row, materials: Path) -> None:
    places = {f"{SERVER}:{port}": what for port, what in row.ports.items()}
    with Network(names={HOST: [SERVER]}) as network, placed(network, materials, places, forks=True) as scene:
        played = scene.boxship("ls", "--insecure", f"{HOST}:{row.port}/app")
        assert (played.status, played.tags) == (0 if row.tags else UNREACHABLE, row.tags)
        seen = {port: network.firewall.syns(port) for port in row.ports}
        assert seen == {port: row.connections if port == row.port else 0 for port in row.ports}
