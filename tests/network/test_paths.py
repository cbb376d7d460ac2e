"""A dead path is known soon in every phase, and a slow server on a living one is waited for: in real time.

What each scene waits for takes up to a minute; all of them are played at once, and then looked at.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.running import COMMAND
from tests.cli.terminal import watch
from tests.network.namespace import SERVER, Network, Started
from tests.network.visitor import Told, Visitor
from tests.peers.process import inside

pytestmark = pytest.mark.network

KNOWN = 30.0  # "a dead path is known within about 25 s", on a busy machine
MEGABYTES = 3_000_000
ONE_MEGABIT = 125_000  # bytes a second


@dataclass(frozen=True, slots=True)
class Stage:
    """A network with the server that takes its time, at two ports."""

    network: Network
    plain: Started
    secure: Started

    def visitor(self, *, tls: bool = False, sending: float = 60.0) -> Visitor:
        """A client for one of them."""
        return Visitor(self.network, f"{'https' if tls else 'http'}://{SERVER}", sending=sending)

    def ports(self, path: str) -> list[int]:
        """From which of the client's ports that path was asked for, waited for."""
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            printed = self.plain.printed + self.secure.printed
            if found := re.findall(rf"^(\d+) \w+ {re.escape(path)}$", printed, re.MULTILINE):
                return [int(port) for port in found]
            time.sleep(0.1)
        raise TimeoutError(f"{path} was not asked for")

    def cut(self, path: str) -> None:
        """Let nothing through any more on the connection that a path was asked for on."""
        self.network.firewall.cut(self.ports(path)[-1])


Scene = Callable[[Stage], Told]


def _thinks(stage: Stage) -> Told:
    with stage.visitor() as visitor:
        return visitor.ask("GET", "/think/40/living")


def _is_watched(stage: Stage) -> Told:
    """The same in a command, whose words are what it writes to a terminal."""
    began = time.monotonic()
    command = inside(stage.network.client, COMMAND)
    watched = watch("api", "GET", f"http://{SERVER}/think/40/watched", command=command, patience=60.0)
    assert (watched.status, watched.seen) == (0, [])
    return Told(time.monotonic() - began, watched.written)


def _pauses(stage: Stage, *, tls: bool) -> Told:
    with stage.visitor(tls=tls) as visitor:
        return visitor.ask("PUT", "/pause/20", MEGABYTES)


def _reads_slowly(stage: Stage) -> Told:
    with stage.visitor(sending=5.0) as visitor:
        return visitor.ask("PUT", f"/rate/{ONE_MEGABIT}", MEGABYTES)


def _dies_at_rest(stage: Stage, method: str) -> Told:
    path = f"/think/0/{method}"
    with stage.visitor() as visitor:
        visitor.ask("GET", path)
        stage.cut(path)
        return visitor.ask(method, path)


def _dies_in_thought(stage: Stage, method: str, size: int = 0, *, tls: bool = False) -> Told:
    path = f"/think/100/{method}/{'TLS' if tls else 'plain'}"
    with stage.visitor(tls=tls) as visitor:
        visitor.begin(method, path, size)
        stage.cut(path)
        return visitor.end()


def _dies_in_an_upload(stage: Stage) -> Told:
    path = f"/rate/{ONE_MEGABIT}/dies"
    with stage.visitor() as visitor:
        visitor.begin("PUT", path, 10 * MEGABYTES)
        stage.cut(path)
        return visitor.end()


SCENES: Mapping[str, Scene] = {
    "thinks": _thinks,
    "thinks, and is watched": _is_watched,
    "pauses": lambda stage: _pauses(stage, tls=False),
    "pauses, TLS": lambda stage: _pauses(stage, tls=True),
    "reads slowly": _reads_slowly,
    "dies at rest": lambda stage: _dies_at_rest(stage, "GET"),
    "dies at rest before a change": lambda stage: _dies_at_rest(stage, "POST"),
    "dies in thought": lambda stage: _dies_in_thought(stage, "GET"),
    "dies in thought, TLS": lambda stage: _dies_in_thought(stage, "GET", tls=True),
    "dies in thought after an upload": lambda stage: _dies_in_thought(stage, "PUT", 100_000),
    "dies in thought after an upload, TLS": lambda stage: _dies_in_thought(stage, "PUT", 100_000, tls=True),
    "dies in an upload": _dies_in_an_upload,
}


@pytest.fixture(scope="module")
def stage(materials: Path) -> Iterator[Stage]:
    script = str(Path(__file__).with_name("pacing.py"))
    pair = [str(materials / "good" / name) for name in ("chain.pem", "key.pem")]
    with Network() as network:
        plain = network.start([sys.executable, script, "80"], ports=[80])
        secure = network.start([sys.executable, script, "443", *pair], ports=[443])
        yield Stage(network, plain, secure)


@pytest.fixture(scope="module")
def played(stage: Stage) -> Iterator[Callable[[str], Told]]:
    """What each scene comes to; all have begun."""
    with ThreadPoolExecutor(len(SCENES)) as pool:
        begun: dict[str, Future[Told]] = {name: pool.submit(scene, stage) for name, scene in SCENES.items()}
        yield lambda name: begun[name].result()


def test_a_server_that_thinks_for_40_seconds_is_waited_for(played: Callable[[str], Told]) -> None:
    told = played("thinks")
    assert told.words == "200"
    assert told.seconds >= 40.0


def test_somebody_at_a_terminal_is_told_to_the_end_that_it_thinks(played: Callable[[str], Told]) -> None:
    told = played("thinks, and is watched")
    seconds = [int(number) for number in re.findall(r"connection alive, server working, (\d+) s", told.words)]
    assert (seconds[0], seconds) == (2, sorted(set(seconds)))
    assert seconds[-1] >= 38
    assert len(seconds) >= 30  # a busy machine may be late for some


@pytest.mark.parametrize("name", ["pauses", "pauses, TLS"])
def test_a_peer_that_reads_nothing_for_20_seconds_gets_the_rest(played: Callable[[str], Told], name: str) -> None:
    told = played(name)
    assert told.words == "200"
    assert told.seconds >= 20.0


def test_an_upload_at_one_megabit_a_second_arrives(played: Callable[[str], Told]) -> None:
    told = played("reads slowly")
    assert told.words == "200"
    assert told.seconds >= 0.8 * MEGABYTES / ONE_MEGABIT


def test_a_read_on_a_connection_whose_path_died_at_rest_goes_on_on_a_new_one(
    stage: Stage, played: Callable[[str], Told]
) -> None:
    told = played("dies at rest")
    assert told.words == "200"
    assert told.seconds < KNOWN
    assert len(set(stage.ports("/think/0/GET"))) == 2


def test_a_change_on_a_connection_whose_path_died_at_rest_is_an_error_and_not_repeated(
    stage: Stage, played: Callable[[str], Told]
) -> None:
    told = played("dies at rest before a change")
    assert "BrokenAnswer" in told.words or "Stale" in told.words
    assert told.seconds < KNOWN
    assert len(stage.ports("/think/0/POST")) == 1


@pytest.mark.parametrize("name", [name for name in SCENES if "in thought" in name])
def test_a_path_that_dies_while_a_server_thinks_is_known(played: Callable[[str], Told], name: str) -> None:
    told = played(name)
    # Where the last acknowledgement of an upload was cut off as well, it is that which is missed.
    assert "timed out" in told.words or "the path is dead" in told.words
    assert told.seconds < KNOWN


def test_a_path_that_dies_in_an_upload_is_known(played: Callable[[str], Told]) -> None:
    told = played("dies in an upload")
    assert "the path is dead" in told.words
    assert told.seconds < KNOWN
