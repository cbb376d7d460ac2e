"""Names and addresses, in network namespaces: silent name servers, no route, IPv6 that is broken, dead addresses."""

from __future__ import annotations

__all__ = ["BROKEN", "WELL"]

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from tests.behaviour.ports import TLS_TAG
from tests.behaviour.scene import HOST
from tests.behaviour.stages import placed
from tests.doctor.case import Asking, Case
from tests.doctor.case import Network as Build
from tests.network import name_server
from tests.network.namespace import SERVER, SERVER6, Network

_ELSEWHERE, _ELSEWHERE6 = "203.0.113.9", "2001:db8::9"  # no route leads there
_DEAD, _ALSO_DEAD = "10.99.0.2", "10.99.0.3"
_SIX = f"[{SERVER6}]"
_TRUSTED = ("--ca-file", "@root", f"{HOST}/app:{TLS_TAG}")


def _built(
    *addresses: str,
    ports: Mapping[str, str] | None = None,
    change: Callable[[Network], None] = lambda _: None,
    words: Sequence[str] = _TRUSTED,
) -> Build:
    """`reg.test` with these addresses, and places (`ADDRESS:PORT`) that are what is said of each; then `change`."""

    @contextmanager
    def network(folder: Path) -> Iterator[Asking]:
        names = {HOST: addresses} if addresses else {}
        with Network(names=names, addresses=(SERVER, SERVER6, _DEAD, _ALSO_DEAD)) as built:
            built.answer_everybody()
            change(built)
            with placed(built, folder, ports or {}, forks=True) as scene:
                yield Asking(scene, tuple(words))

    return network


def _name_server(four: str, six: str = "empty", *, name: str = HOST) -> Callable[[Network], None]:
    def change(network: Network) -> None:
        argv = [sys.executable, name_server.__file__, SERVER, name, four, six]
        network.start(argv, ports=[53])

    return change


def _dead(*addresses: str) -> Callable[[Network], None]:
    def change(network: Network) -> None:
        for address, port in product(addresses, (443, 80)):
            network.firewall.drop(port, address=address)

    return change


def _prohibited(network: Network) -> None:
    for port in (443, 80):
        network.firewall.unreachable(port)


def _silent(network: Network) -> None:
    network.firewall.drop(53)


BROKEN: Mapping[str, Case] = {
    "a name server that is silent": Case(
        network=_built(change=_silent), verdict=(HOST, "no answer", f"name server {SERVER}"), red=frozenset({"names"})
    ),
    "a name that nobody has": Case(
        network=_built(change=_name_server(SERVER, name="other.test")),
        verdict=(HOST, "could not be resolved", SERVER),
        red=frozenset({"names"}),
    ),
    "a name server that fails": Case(
        network=_built(change=_name_server("servfail", "servfail")),
        verdict=(HOST, "could not be resolved"),
        red=frozenset({"names"}),
    ),
    "no route": Case(
        network=_built(_ELSEWHERE), verdict=("No route leads from here to",), red=frozenset({"tcp", "reach"})
    ),
    "no route over IPv6 either": Case(
        network=_built(_ELSEWHERE6, _ELSEWHERE),
        verdict=("No route leads from here to", "IPv6"),
        red=frozenset({"tcp", "reach"}),
    ),
    "prohibited by a router": Case(
        network=_built(SERVER, change=_prohibited), verdict=("prohibit",), red=frozenset({"tcp", "reach"})
    ),
    "IPv6 alone, and dropped": Case(
        network=_built(SERVER6, change=_dead(SERVER6)),
        verdict=("Nothing at", "no SYN-ACK and no RST"),
        red=frozenset({"tcp", "tcp.ipv6", "reach"}),
    ),
}
WELL: Mapping[str, Case] = {
    "IPv6 dropped, IPv4 serves": Case(
        network=_built(SERVER6, SERVER, ports={f"{SERVER}:443": "TLS"}, change=_dead(SERVER6)),
        verdict=("can be pulled from here, but not over IPv6", _SIX),
        amber=frozenset({"tcp", "tcp.ipv6"}),
    ),
    "IPv6 without a route, IPv4 serves": Case(
        network=_built(_ELSEWHERE6, SERVER, ports={f"{SERVER}:443": "TLS"}),
        verdict=("can be pulled from here", _ELSEWHERE6, "no route from here"),
        amber=frozenset({"tcp", "tcp.ipv6"}),
    ),
    "the first of three addresses is dead": Case(
        network=_built(_DEAD, _ALSO_DEAD, SERVER, ports={f"{SERVER}:443": "TLS"}, change=_dead(_DEAD)),
        verdict=("can be pulled from here", f"{_DEAD}:443", "dropped"),
        amber=frozenset({"tcp"}),
    ),
    "IPv6, and 80 is dropped": Case(
        network=_built(SERVER6, ports={f"{_SIX}:443": "TLS"}, change=_dead(SERVER)), verdict=("All is well",)
    ),
}
