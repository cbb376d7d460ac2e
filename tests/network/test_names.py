"""Names, asked of name servers that answer, fail or are silent: in real time, through the system's own resolver.

Some of it takes as long as glibc has patience; all scenes are played at once, and then looked at.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxship.connect.deadline import Bounds
from boxship.connect.patience import FIRST_PAUSE
from boxship.connect.race import LATE_NAMES
from tests.network.namespace import SERVER, Network
from tests.network.system import NAMES

pytestmark = pytest.mark.network

DEAD, ALSO_DEAD = "10.99.0.2", "10.99.0.3"
NAME = "registry.names.test"
GLIBC_WAITS = 5.0  # for each server
BOUND = 12.0
EXITS = 2.0  # a process does not wait for its resolver's threads, which glibc keeps for several times as long
STARTS = 1.5  # what an interpreter takes on a busy machine
CLIENT = f"""
import time
from boxship import Client
from boxship.errors import BoxshipError
began = time.monotonic()
events = []
with Client(on_event=events.append) as client:
    try:
        words = " ".join(client.tags("http://{NAME}/app"))
    except BoxshipError as error:
        words = f"{{type(error).__name__}}: {{error}}"
seconds = time.monotonic() - began
print(words, seconds, time.time(), " ".join(event.name for event in events), sep="\\n", flush=True)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of listing: words, after how many seconds, which events, and how long the process lived on."""

    words: str
    seconds: float
    events: tuple[str, ...]
    lived_on: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The name servers that the client knows, and what the living one says of the name."""

    servers: tuple[str, ...] = (SERVER,)
    four: str = SERVER
    six: str = "empty"
    port: str = "open"
    """What becomes of a SYN to the registry: `refuse` or `drop` is the firewall's."""


SCENES: Mapping[str, Scene] = {
    "all is well": Scene(),
    "the first server is dead": Scene(servers=(DEAD, SERVER)),
    "no answer for IPv6": Scene(six="drop"),
    "no answer for IPv6, and IPv4 refused": Scene(six="drop", port="refuse"),
    "no answer for IPv6, and IPv4 dropped": Scene(six="drop", port="drop"),
    "no answer at all": Scene(servers=(DEAD, ALSO_DEAD)),
    "no such name": Scene(four="nxdomain", six="nxdomain"),
    "no address": Scene(four="empty"),
    "the server fails": Scene(four="servfail", six="servfail"),
    "the server fails for IPv6": Scene(six="servfail"),
}


def _play(scene: Scene) -> Told:
    with Network(addresses=(SERVER, DEAD, ALSO_DEAD)) as network:
        network.listen("registry", 80)
        script = str(Path(__file__).with_name("name_server.py"))
        network.start([sys.executable, script, SERVER, NAME, scene.four, scene.six], ports=[53])
        for dead in (DEAD, ALSO_DEAD):
            network.firewall.drop(53, address=dead)
        if scene.port != "open":
            (network.firewall.drop if scene.port == "drop" else network.firewall.refuse)(80, address=SERVER)
        lines = "".join(f"nameserver {server}\n" for server in scene.servers)
        (NAMES / network.client / "resolv.conf").write_text(lines)
        return _listed(network)


def _listed(network: Network) -> Told:
    done = network.python(CLIENT)
    ended = time.time()
    assert done.status == 0, done.stderr
    words, seconds, at, events = done.stdout.splitlines()
    return Told(words, float(seconds), tuple(events.split()), ended - float(at))


@pytest.fixture(scope="module")
def played() -> Iterator[Callable[[str], Told]]:
    """What each scene comes to; all have begun."""
    with ThreadPoolExecutor(len(SCENES)) as pool:
        begun: dict[str, Future[Told]] = {name: pool.submit(_play, scene) for name, scene in SCENES.items()}
        yield lambda name: begun[name].result()


def test_a_name_is_asked_for_and_the_story_says_so(played: Callable[[str], Told]) -> None:
    told = played("all is well")
    assert (told.words, told.events[:2]) == ("latest", ("DNSStart", "DNSDone"))
    assert told.seconds < STARTS


def test_a_dead_first_server_costs_what_it_costs_glibc(played: Callable[[str], Told]) -> None:
    told = played("the first server is dead")
    assert told.words == "latest"
    assert GLIBC_WAITS <= told.seconds < GLIBC_WAITS + STARTS


@pytest.mark.parametrize("name", ["no answer for IPv6", "the server fails for IPv6"])
def test_an_ipv4_address_does_not_wait_for_ipv6(played: Callable[[str], Told], name: str) -> None:
    told = played(name)
    assert told.words == "latest"
    assert told.seconds < STARTS


@pytest.mark.parametrize(("how", "bound"), [("refused", LATE_NAMES + FIRST_PAUSE), ("dropped", Bounds().connect)])
def test_an_error_does_not_wait_for_ipv6_for_long(played: Callable[[str], Told], how: str, bound: float) -> None:
    told = played(f"no answer for IPv6, and IPv4 {how}")
    assert told.words.startswith("ConnectFailed")
    assert how in told.words
    assert told.seconds < bound + STARTS
    assert told.events.count("DNSStart") == told.events.count("DNSDone") == 1 + (how == "refused")


def test_silence_ends_at_the_bound_with_the_servers_named(played: Callable[[str], Told]) -> None:
    told = played("no answer at all")
    assert told.words.startswith("TimedOut")
    assert BOUND <= told.seconds < BOUND + 1.0
    for words in (NAME, f"{DEAD}, {ALSO_DEAD}", "--resolve"):
        assert words in told.words


@pytest.mark.parametrize("name", ["no answer at all", "no answer for IPv6"])
def test_a_process_ends_though_a_resolver_still_waits(played: Callable[[str], Told], name: str) -> None:
    assert played(name).lived_on < EXITS


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no such name", "Name or service not known"),
        ("no address", "No address associated with hostname"),
        ("the server fails", "Temporary failure in name resolution"),
    ],
)
def test_a_name_without_an_address_is_an_error_at_once_that_says_why(
    played: Callable[[str], Told], name: str, said: str
) -> None:
    told = played(name)
    assert told.words.startswith("NameFailed")
    assert said in told.words
    assert NAME in told.words
    assert SERVER in told.words
    assert told.seconds < STARTS
