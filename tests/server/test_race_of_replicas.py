"""Three replicas that are killed at random and sweep, others that sweep and scrub, and clients beside all that.

Graces are far shorter than a push may take, so that what is being pushed goes and its push is refused; what was
acknowledged stays. `RACE=600:7` makes it a race of 600 seconds with the seed 7; of 10 it is in CI, of 5 by hand.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boxship.server.database.lease import Leased
from boxship.server.registry import Registry, Settings
from boxship.server.upkeep.backup import backup
from boxship.server.upkeep.check import check
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.place import Place
from boxship.server.upkeep.scrub import scrub
from boxship.server.upkeep.sweep import sweep
from tests.cli.ready_registry import Forked
from tests.peers.object_stores import Store
from tests.peers.postgresql import Cluster
from tests.server.conftest import ASKED, CEPH, POSTGRES, Stores
from tests.server.racing import Client
from tests.server.running import forked

LOG = logging.getLogger(__name__)
SECONDS, SEED = (int(each) for each in os.environ.get("RACE", "10:0" if ASKED == "all" else "5:0").split(":"))
CLIENTS = 4
AHEAD = 400.0  # seconds: by such a clock the lease of whoever was killed is over, and of whoever sweeps, too
WHILE = 25 * 3600.0  # after it every upload is over
SWEEPS = ("--allow-delete", "--gc-interval", "0.5", "--gc-grace", "1", "--gc-untagged")
STORES = ("files", "moto", "ceph") if ASKED == "all" else ("files",)

pytestmark = [POSTGRES, pytest.mark.timeout(180 + 2 * SECONDS)]


@dataclass(slots=True)
class Shared:
    """What replicas have in common: names, and content in the folder or in a store."""

    folder: Path
    settings: Settings
    number: Iterator[int] = field(default_factory=itertools.count)

    @property
    def options(self) -> tuple[str, ...]:
        storage = ("--storage", self.settings.storage) if self.settings.storage else ()
        return ("--database", self.settings.database, *storage)

    @property
    def place(self) -> Path:
        """The folder of one more: a new one, unless content is in it."""
        return self.folder / (f"replica{next(self.number)}" if self.settings.storage else "registry")

    @contextmanager
    def opened(self, ahead: float = 0.0) -> Iterator[Registry]:
        """It, in this process, with a clock that is ahead."""
        with closing(Registry.open(self.place, self.settings, clock=lambda: time.time() + ahead)) as found:
            yield found


@dataclass(slots=True)
class Race:
    """What goes on until it is over, and what came of it."""

    shared: Shared
    chance: random.Random
    addresses: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    found: Counter[str] = field(default_factory=Counter)

    def run(self, seconds: float) -> list[Client]:
        """Everything at once, for so long; the clients, of whose tags every replica has what they remember."""
        names = [f"team{number}/app" for number in range(CLIENTS)]
        clients = [Client(name, self.addresses, names, random.Random(self.chance.random())) for name in names]
        going_on: list[Callable[[], None]] = [self._keep_sweeping, self._keep_scrubbing, self._keep_commanding]
        going_on += [lambda client=client: self._keep_acting(client) for client in clients]  # type: ignore[misc]
        with ExitStack() as stack, ThreadPoolExecutor(len(going_on)) as threads:
            running = [stack.enter_context(self._replica()) for _ in range(3)]
            self.addresses[:] = [address for _, address in running]
            done = [threads.submit(self._guarded, each) for each in going_on]
            until = time.monotonic() + seconds
            while not self.over.wait(self.chance.uniform(0.3, 2.0)) and time.monotonic() < until:
                which = self.chance.randrange(3)
                running[which][0].kill()
                running[which] = stack.enter_context(self._replica())
                self.addresses[which] = running[which][1]
                self.found["kills"] += 1
            self.over.set()
            for each in done:
                each.result()
            for client in clients:
                client.look_at_all()
        return clients

    def _replica(self) -> AbstractContextManager[tuple[Forked, str]]:
        return forked(self.shared.place, *self.shared.options, *SWEEPS)

    def _guarded(self, work: Callable[[], None]) -> None:
        """What fails ends the race for all."""
        try:
            work()
        finally:
            self.over.set()

    def _keep_acting(self, client: Client) -> None:
        while not self.over.is_set():
            client.act()

    def _keep_sweeping(self) -> None:
        """Beside the replicas' own sweeps, which wait for 15 minutes with what they find: this takes it at once."""
        chance = random.Random(self.chance.random())
        with self.shared.opened(AHEAD) as here:
            while not self.over.wait(0.05):
                grace = AHEAD + chance.choice((0.2, 1.0, 3.0))
                policy = Policy(grace=grace, wait=chance.choice((0.0, 1.0)), untagged=True)
                with suppress(Leased):
                    self.found["deleted"] += asyncio.run(sweep(here, policy)).deleted

    def _keep_scrubbing(self) -> None:
        with self.shared.opened() as here:
            while not self.over.wait(0.1):
                scrubbed = asyncio.run(scrub(here))
                assert (scrubbed.condemned, scrubbed.unreadable) == ((), ())
                self.found["scrubbed"] += scrubbed.blobs

    def _keep_commanding(self) -> None:
        commands = itertools.cycle((("gc", "--grace", "1", "--untagged"), ("scrub",)))
        while not self.over.wait(0.5):
            name, *options = next(commands)
            command = (sys.executable, "-m", "boxship", "registry", name, "--disk", str(self.shared.place))
            ended = subprocess.run(
                [*command, *self.shared.options, *options], capture_output=True, text=True, check=False
            )
            assert ended.returncode == 0 or "another process sweeps" in ended.stderr, (ended.args, ended.stderr)
            self.found[name] += 1


@pytest.fixture(params=[pytest.param(each, marks=CEPH if each == "ceph" else ()) for each in STORES])
def store(request: pytest.FixtureRequest, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> Store | None:
    """Where content is; None where it is in the folder."""
    if request.param == "files":
        return None
    found = stores[request.param]
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


def test_nothing_acknowledged_is_lost_and_nothing_is_left_over(
    tmp_path: Path, postgresql: Cluster, store: Store | None
) -> None:
    bucket = store.new() if store else ""
    settings = Settings(database=postgresql.new(), storage=f"s3://{bucket}/registry" if store else "")
    shared = Shared(tmp_path, settings)
    race = Race(shared, random.Random(SEED))
    clients = race.run(SECONDS)
    statuses = sum((client.statuses for client in clients), Counter[str]())
    told = f"{dict(race.found)}, {dict(sorted(statuses.items()))}"
    LOG.info(told)
    assert min(race.found["kills"], race.found["deleted"], race.found["scrubbed"], statuses["name 201"]) > 0, told
    with shared.opened(WHILE) as later:
        asyncio.run(sweep(later, Policy(grace=3600, wait=0, untagged=True)))
        needed = {name for (name,) in later.database.read_now("SELECT child FROM manifest_ref WHERE kind = 'blob'")}
        rows = later.database.read_now("SELECT digest, state, location FROM blob").fetchall()
        assert {(name, state) for name, state, _ in rows} == {(name, 0) for name in needed}
        assert later.database.read_now("SELECT 1 FROM upload").fetchall() == []
        assert asyncio.run(scrub(later)).blobs == len(rows)
    if store:
        assert set(store.objects(bucket, "registry/blobs/")) == {f"registry/{location}" for _, _, location in rows}
    else:
        backup(Place(shared.place, settings.database), tmp_path / "backup")
        assert check(tmp_path / "backup", verify=True, grace=0).findings == ()
