"""Paths on which small packets come through and large ones are lost, without a word: black holes of the MTU."""

from __future__ import annotations

__all__ = ["BROKEN"]

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.behaviour.ports import PLAIN_TAG, TLS_TAG
from tests.behaviour.scene import HOST
from tests.behaviour.stages import placed
from tests.doctor.case import Asking, Case
from tests.doctor.case import Network as Build
from tests.network.namespace import SERVER, Network
from tests.network.road import Kind, Loss, Road, write_roads

_PASSES = 800  # bytes of a packet: less than what a certificate takes
_TLS = ("--ca-file", "@root", f"{HOST}/app:{TLS_TAG}")


def _narrow(kind: Kind, port: int, what: str, *words: str) -> Build:
    """A port whose way loses packets of that kind that are longer, and tells nobody."""

    @contextmanager
    def network(folder: Path) -> Iterator[Asking]:
        with TemporaryDirectory() as name:
            roads = Path(name, "roads.json")
            write_roads(roads, [Road(port=port, losses=(Loss(kind=kind, longer=_PASSES),))])
            with (
                Network(
                    names={HOST: [SERVER]}, addresses=[SERVER], roads=(str(roads), str(roads.with_name("tally.json")))
                ) as built,
                placed(built, folder, {f"{SERVER}:{port}": what}, forks=True) as scene,
            ):
                yield Asking(scene, words)

    return network


_RED = frozenset({"tcp.mtu"})
BROKEN: Mapping[str, Case] = {
    "large packets are lost on the way to the client, in TLS": Case(
        network=_narrow(Kind.ANSWERED, 443, "TLS", *_TLS), verdict=("MTU", "large", "VPN"), red=_RED
    ),
    "large packets are lost on the way to the client": Case(
        network=_narrow(Kind.ANSWERED, 80, "open, large", f"http://{HOST}/app:{PLAIN_TAG}"),
        verdict=("MTU", "large", "VPN"),
        red=_RED,
    ),
    "large packets are lost on the way to the server": Case(
        network=_narrow(Kind.SENT, 80, "open", "--header", f"X-Long: {'x' * 3000}", f"http://{HOST}/app:{PLAIN_TAG}"),
        verdict=("MTU", "large", "VPN"),
        red=_RED,
    ),
}
