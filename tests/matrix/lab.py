"""Rows in network namespaces: every row at addresses of its own, all at once, in front of one client program.

At one stage a firewall drops and refuses, and a sniffer counts; at the other a wire does both, and has delays. What is
found out comes from these counters and from the listeners' records; the client only says how it ended, and when.
"""

from __future__ import annotations

__all__ = ["Way", "cancel", "play"]

import json
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tests.behaviour.ports import PASSWORD, USER, record_of
from tests.behaviour.record import Asked, asked
from tests.behaviour.scene import environment
from tests.matrix.addresses import Laid, lay
from tests.matrix.findings import Seen, found
from tests.matrix.job import Done, Job, read_done, write_jobs
from tests.matrix.result import Result
from tests.matrix.row import Row, Stage, Wish
from tests.network.namespace import ROOT, SERVER, Network
from tests.network.road import Forged, Kind, Loss, Road, write_roads
from tests.network.tally import Tally
from tests.peers.process import inside, running

Way = Literal["blocking", "asyncio"]
MARKS = ("uthorization:", "of the user", b64encode(f"{USER}:{PASSWORD}".encode()).decode())
# What else the machine does comes second: a wire or a server that sleeps is a network of another kind.
_FIRST = ("nice", "-n", "-10", "env", f"PYTHONPATH={ROOT}", sys.executable)
_CALM = 0.4  # seconds in which packets that are under way are counted


def play(rows: Sequence[Row], stage: Stage, materials: Path, way: Way = "blocking") -> tuple[Result, ...]:
    """What comes of the rows at a stage, for a client that is `blocking` or of `asyncio`."""
    with _lab(rows, stage, materials) as lab:
        done = lab.run(way)
        counts = Tally.read(lab.tally)
        seen = (
            Seen(stage=stage, done=done[laid.row.name], counts=counts, records=lab.records(laid)) for laid in lab.laid
        )
        return tuple(found(laid.row, tuple(laid.places), each) for laid, each in zip(lab.laid, seen, strict=True))


def cancel(rows: Sequence[Row], stage: Stage, materials: Path, *, after: float) -> tuple[Done, ...]:
    """How the rows end for an `AsyncClient` whose tasks are cancelled after so many seconds."""
    with _lab(rows, stage, materials, cancel=after) as lab:
        done = lab.run("asyncio")
        return tuple(done[row.name] for row in rows)


@contextmanager
def _lab(rows: Sequence[Row], stage: Stage, materials: Path, *, cancel: float | None = None) -> Iterator[_Lab]:
    with TemporaryDirectory() as name:
        yield _Lab(lay(rows), stage, Path(shutil.copytree(materials, Path(name) / "lab")), cancel)


class _Lab:
    def __init__(self, laid: tuple[Laid, ...], stage: Stage, folder: Path, cancel: float | None) -> None:
        self.laid, self._stage, self._folder, self._cancel = laid, stage, folder, cancel
        self.tally = folder / "tally.json"

    def records(self, laid: Laid) -> Mapping[tuple[str, int], tuple[Asked, ...]]:
        """What the listeners were asked, by place."""
        return {
            (address, number): asked(self._folder / record_of(_place(address, number)))
            for address, number, _ in laid.places
        }

    def run(self, way: Way) -> Mapping[str, Done]:
        """Every row, all at once."""
        with ExitStack() as stack:
            network = stack.enter_context(self._network())
            network.answer_everybody()
            for namespace, laid in ((network.server, self._there), (network.client, self._here)):
                self._serve(stack, namespace, laid)
            if self._stage is Stage.FIREWALL:
                self._raise_firewall(network)
                sniffer = ["-m", "tests.network.sniffer", str(self.tally), *MARKS]
                self._start(stack, network.client, sniffer, "sniffer")
            done = self._drive(network, way)
            time.sleep(_CALM)
        return {each.name: each for each in done}

    @property
    def _there(self) -> tuple[Laid, ...]:
        return tuple(laid for laid in self.laid if not laid.here)

    @property
    def _here(self) -> tuple[Laid, ...]:
        return tuple(laid for laid in self.laid if laid.here)

    def _network(self) -> Network:
        routed = (
            address
            for laid in self._there
            for address, host in zip(laid.addresses, laid.row.hosts, strict=True)
            if host.routed
        )
        proxies = (laid.proxy for laid in self._there if laid.proxy)
        names = {laid.name: laid.addresses for laid in self.laid}
        roads: tuple[str, ...] = ()
        if self._stage is Stage.WIRE:
            write_roads(self._folder / "roads.json", self._roads())
            roads = (str(self._folder / "roads.json"), str(self.tally), *MARKS)
        return Network(addresses=(SERVER, *routed, *proxies), names=names, roads=roads)

    def _roads(self) -> Iterator[Road]:
        for laid in self._there:
            for address, number, port in laid.places:
                losses = port.losses + _LOSSES.get(port.does, ())
                yield Road(address=address, port=number, there=port.there, back=port.back, losses=losses)

    def _raise_firewall(self, network: Network) -> None:
        rules = {"dropped": network.firewall.drop, "unreachable": network.firewall.unreachable}
        for laid in self._there:
            for address, number, port in laid.places:
                if port.does in rules:
                    rules[port.does](number, address=address)
                if port.losses:
                    network.firewall.lose_first_syn(number, address=address)

    def _serve(self, stack: ExitStack, namespace: str, laid: Sequence[Laid]) -> None:
        words = [
            f"{_place(address, number)}={port.does}"
            for each in laid
            for address, number, port in each.places
            if port.listens
        ]
        if words:
            self._start(stack, namespace, ["-m", "tests.behaviour.ports", str(self._folder), *words], "ports")

    def _start(self, stack: ExitStack, namespace: str, words: Sequence[str], name: str) -> None:
        log = self._folder / f"{name}-{namespace}.log"
        process = stack.enter_context(running([*_FIRST, *words], log=log, namespace=namespace))
        while "ready" not in log.read_text():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended: {log.read_text()}")
            time.sleep(0.01)

    def _drive(self, network: Network, way: Way) -> tuple[Done, ...]:
        argv = inside(network.client, [*_FIRST, "-m", "tests.matrix.drive", way])
        driven = subprocess.run(
            argv,
            input=write_jobs(self._jobs()),
            env=environment(self._folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if driven.returncode or driven.stderr:
            raise RuntimeError(f"the client's program ended with {driven.returncode}: {driven.stderr}")
        return read_done(driven.stdout)

    def _jobs(self) -> Iterator[Job]:
        known, unknown = self._settings("known"), self._settings("unknown", login=False)
        for laid in self.laid:
            yield Job(
                name=laid.row.name,
                registry=laid.registry,
                said=laid.row.said,
                wish=laid.row.wish,
                bounds=laid.row.bounds,
                config=str(unknown if laid.row.wish is Wish.ANONYMOUS else known),
                authority=str(self._folder / "root.pem"),
                proxies=laid.proxies,
                before=laid.row.before,
                address=laid.addresses[0],
                cancel=self._cancel,
            )

    def _settings(self, name: str, *, login: bool = True) -> Path:
        """A folder with docker's settings: a credential for every registry, or none."""
        auth = {"auth": b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
        auths = {laid.registry: auth for laid in self.laid} if login else {}
        (self._folder / name).mkdir()
        (self._folder / name / "config.json").write_text(json.dumps({"auths": auths}))
        return self._folder / name


_LOSSES: Mapping[str, tuple[Loss, ...]] = {
    "dropped": (Loss(),),
    "unreachable": (Loss(kind=Kind.SYN, forged=Forged.PROHIBITED),),
}


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
