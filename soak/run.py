"""Two registries and their clients: one registry is stopped and killed again and again, the other one is watched.

The client of this process uses both of them for all the time, and is watched, too.
"""

from __future__ import annotations

__all__ = ["Soak", "soak"]

import os
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.server.upkeep.check import check
from boxship.testing import Image, put_image
from soak.actor import SHARED, Actor
from soak.gauge import Gauge
from soak.served import Registry, memory_of, open_files, program
from soak.tally import Tally

_ACTORS = 3  # at each registry
_TICK = 1.0  # seconds between samples
_RESTARTS = 12  # in all the time, at least
_LONGEST_LIFE = 45.0  # seconds
_SWEEP = 20.0  # seconds between sweeps
_GRACE = "30"  # seconds: what a push takes here at most
_BOUND = 20.0  # seconds for a client's operation
_CLOSED = 30.0  # seconds for connections to be noticed as closed


@dataclass(slots=True)
class Soak:
    """What came of it."""

    seconds: float
    tally: Tally = field(default_factory=Tally)
    registry: Gauge = field(default_factory=Gauge)
    client: Gauge = field(default_factory=Gauge)
    lives: int = 0
    sweeps: int = 0
    left_open: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept."""
        grown = [
            f"the {name}'s memory has grown by {gauge.growth / 1024**2:.1f} MiB"
            for name, gauge in (("registry", self.registry), ("client", self.client))
            if gauge.growth > gauge.allowed
        ]
        return [*self.tally.broken, *grown, *(f"left open: {name}" for name in self.left_open)]


def soak(seconds: float, seed: int = 0) -> Soak:
    """Let them have traffic for so long."""
    told = Soak(seconds)
    with tempfile.TemporaryDirectory(prefix="boxship-soak-") as folder:
        _Running(told, Path(folder), random.Random(seed)).run()
    return told


class _Running:
    def __init__(self, told: Soak, folder: Path, chance: random.Random) -> None:
        self._told, self._folder, self._chance = told, folder, chance
        self._restarted, self._steady = (Registry(folder / name) for name in ("restarted", "steady"))
        self._sweeps: list[subprocess.Popen[bytes]] = []
        for registry in (self._restarted, self._steady):
            put_image(registry.address, "shared/base", "v1", Image.of(SHARED))

    def run(self) -> None:
        """Traffic, then a look at all that is left."""
        try:
            before = self._open
            with self._roads() as roads:
                actors = self._with_client(roads)
            for actor in actors:
                actor.check_all()
            self._judge_sweeps()
            self._see_closed(before)
            self._end()
        finally:
            for registry in (self._restarted, self._steady):
                registry.kill()
        self._told.lives = self._restarted.lives

    def _with_client(self, roads: dict[Registry, str]) -> list[Actor]:
        bounds = Bounds(silence=5.0, first_byte=10.0)
        with Client(memory=None, timeout=_BOUND, bounds=bounds) as client:
            over = threading.Event()
            actors = [
                self._actor(client, registry, road, over, number)
                for registry, road in roads.items()
                for number in range(_ACTORS)
            ]
            threads = [threading.Thread(target=actor.run) for actor in actors]
            for thread in threads:
                thread.start()
            try:
                self._tick_until_over()
            finally:
                over.set()
                for thread in threads:
                    thread.join()
        return actors

    def _actor(self, client: Client, registry: Registry, road: str, over: threading.Event, number: int) -> Actor:
        name = f"team{number}/app"
        scratch = self._folder / f"scratch-{registry.folder.name}-{number}"
        scratch.mkdir()
        chance = random.Random(self._chance.getrandbits(60))
        return Actor(client, registry, road, name, scratch, self._told.tally, chance, over)

    @contextmanager
    def _roads(self) -> Iterator[dict[Registry, str]]:
        processes = {
            registry: subprocess.Popen(
                program("soak.road", registry.address, str(self._chance.getrandbits(30))),
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[1],
            )
            for registry in (self._restarted, self._steady)
        }
        try:
            yield {registry: f"127.0.0.1:{_line(process)}" for registry, process in processes.items()}
        finally:
            for process in processes.values():
                process.kill()
                process.communicate()

    # While there is traffic.

    def _tick_until_over(self) -> None:
        began = time.monotonic()
        life = min(_LONGEST_LIFE, self._told.seconds / _RESTARTS)
        restart = sweep = began + life
        while (now := time.monotonic()) < began + self._told.seconds:
            self._told.registry.note(now - began, self._steady.memory)
            self._told.client.note(now - began, memory_of(os.getpid()))
            if now >= restart:
                self._disturb()
                restart = time.monotonic() + life * self._chance.uniform(0.5, 1.5)
            if now >= sweep:
                self._sweep()
                sweep = time.monotonic() + min(_SWEEP, life)
            time.sleep(_TICK)

    def _disturb(self) -> None:
        match self._chance.randrange(4):
            case 0:
                self._restarted.kill_worker()
            case 1:
                self._restarted.stop()
                self._restarted.start()
            case _:
                self._restarted.kill()
                self._restarted.start()

    def _sweep(self) -> None:
        self._judge_sweeps()
        self._told.sweeps += 1
        for registry in (self._restarted, self._steady):
            words = ("boxship", "registry", "gc", "--disk", str(registry.folder), "--grace", _GRACE, "--untagged")
            self._sweeps.append(subprocess.Popen(program(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))

    def _judge_sweeps(self) -> None:
        for process in self._sweeps:
            _, said = process.communicate(timeout=120)
            if process.returncode:
                self._told.tally.breaks(f"a sweep ended with {process.returncode}: {said.decode()[-300:]}")
        self._sweeps.clear()

    # Afterwards.

    @property
    def _open(self) -> Counter[str]:
        """What is open: of the client, and of the registry that runs on."""
        pids = {"client": [os.getpid()], "registry": self._steady.processes}
        return Counter(f"{who}: {name}" for who, ids in pids.items() for pid in ids for name in open_files(pid))

    def _see_closed(self, before: Counter[str]) -> None:
        """Nothing is open that was not before there was traffic, soon."""
        until = time.monotonic() + _CLOSED
        while (left := self._open - before) and time.monotonic() < until:
            time.sleep(0.1)
        self._told.left_open = sorted(left.elements())

    def _end(self) -> None:
        for registry in (self._restarted, self._steady):
            registry.stop()
            for finding in check(registry.folder, verify=True).damage:
                self._told.tally.breaks(f"the folder is damaged: {finding}")


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()
