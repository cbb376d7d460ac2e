"""The two stages: loopback, for everybody, and network namespaces, for root."""

from __future__ import annotations

__all__ = ["Namespaced", "OnLoopback", "placed"]

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from boxship.testing import black_hole, refused
from tests.behaviour.lost import first_syn_lost
from tests.behaviour.ports import Port, open_port, record_of
from tests.behaviour.scene import HOST, Scene
from tests.cli.running import COMMAND
from tests.network.namespace import SERVER, Network

HOLE = "10.99.0.99"  # nobody has this address, and the firewall swallows what asks for it
LOST = ", first SYN lost"


class OnLoopback:
    """Listeners in this process; the host's ports are free ones of 127.0.0.1, told by `--resolve`."""

    def __init__(self, materials: Path) -> None:
        self._materials = materials

    @contextmanager
    def scene(self, ports: Mapping[int, str], *, holes: Sequence[str] = ()) -> Iterator[Scene]:
        """`reg.test` with these ports."""
        with TemporaryDirectory() as name, ExitStack() as stack:
            folder = Path(shutil.copytree(self._materials, Path(name) / "scene"))
            dialled = {port: self._open(stack, what, folder, f"{port}.jsonl") for port, what in ports.items()}
            resolved = [f"{HOST}:{port}:{place}" for port, place in dialled.items()]
            resolved += [f"{hole}:443:{stack.enter_context(black_hole()).address}" for hole in holes]
            options = tuple(word for place in resolved for word in ("--resolve", place))
            records = {port: f"{port}.jsonl" for port in ports}
            yield Scene(program=COMMAND, options=options, dialled=dialled, records=records, folder=folder)

    def _open(self, stack: ExitStack, what: str, folder: Path, record: str) -> str:
        if what == "dropped":
            return stack.enter_context(black_hole()).address
        if what == "refused":
            return stack.enter_context(refused()).address
        if what.endswith(LOST):
            upstream = self._open(stack, what.removesuffix(LOST), folder, record)
            # A request on another port comes only after the first SYN to this one.
            lost = first_syn_lost(_port(upstream), lambda: any(folder.glob("*.jsonl")))
            return stack.enter_context(lost)
        where = Port(host="127.0.0.1", port=0, folder=folder, record=record)
        return stack.enter_context(open_port(what, where)).address


class Namespaced:
    """Listeners on the real ports of another machine, in network namespaces; its firewall drops what is `dropped`."""

    def __init__(self, materials: Path) -> None:
        self._materials = materials

    @contextmanager
    def scene(self, ports: Mapping[int, str], *, holes: Sequence[str] = ()) -> Iterator[Scene]:
        """`reg.test` with these ports."""
        names = {HOST: [SERVER], **{hole: [HOLE] for hole in holes}}
        with Network(names=names, addresses=[SERVER, HOLE]) as network:
            network.firewall.drop(address=HOLE)
            with placed(network, self._materials, {f"{SERVER}:{port}": what for port, what in ports.items()}) as scene:
                yield scene


@contextmanager
def placed(network: Network, materials: Path, places: Mapping[str, str], *, forks: bool = False) -> Iterator[Scene]:
    """The server with places, `ADDRESS:PORT`, that are what is said of each; the first of each port is the scene's.

    Where it `forks`, its commands are forked off: for tests that do not hold how soon a whole program answers.
    """
    with TemporaryDirectory() as name:
        folder = Path(shutil.copytree(materials, Path(name) / "scene"))
        _serve(network, folder, places)
        dialled = {_port(place): place for place in reversed(tuple(places))}
        yield Scene(
            prefix=("ip", "netns", "exec", network.client),
            namespace=network.client if forks else "",
            dialled=dialled,
            records={port: record_of(place) for port, place in dialled.items()},
            folder=folder,
        )


def _serve(network: Network, folder: Path, places: Mapping[str, str]) -> None:
    """Let each place of the server, `ADDRESS:PORT`, be what is said of it."""
    listening = {place: what.removesuffix(LOST) for place, what in places.items() if what not in ("dropped", "refused")}
    words = [f"{place}={what}" for place, what in listening.items()]
    if words:
        network.fork("ports", str(folder), *words)
    for place, what in places.items():
        host = place.rpartition(":")[0]
        if what == "dropped":
            network.firewall.drop(_port(place), address=host)
        if what.endswith(LOST):
            network.firewall.lose_first_syn(_port(place), address=host)


def _port(place: str) -> int:
    return int(place.rpartition(":")[2])
