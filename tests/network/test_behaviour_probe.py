"""Without permission for plain HTTP: what is found on port 80 is said, and not used.

The rows that wait do so side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxship.wire.message import USER_AGENT
from tests.behaviour.record import Asked
from tests.behaviour.scene import HOST, Played, in_time, limit
from tests.behaviour.stages import placed
from tests.network.namespace import SERVER, Network

pytestmark = pytest.mark.network

UNREACHABLE = 5
PUBLIC = "quay.io"


@dataclass(frozen=True, slots=True)
class Row:
    """What is at 443 and at 80, and what is listed."""

    at_443: str
    at_80: str
    host: str = HOST
    flags: tuple[str, ...] = ()
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A run, what port 80 was asked, and how many SYNs came there."""

    played: Played
    asked: tuple[Asked, ...]
    syns: int

    @property
    def words(self) -> str:
        """The error."""
        assert (self.played.status, self.played.stdout) == (UNREACHABLE, "")
        return self.played.stderr


FOUND = {f"80 is {at_80}": Row("dropped", at_80) for at_80 in ("open", "basic")}
AT_ONCE = {f"443 is {at_443}": Row(at_443, "open") for at_443 in ("refused", "open")}
NO_REGISTRY = {
    f"80: {at_80}": Row("dropped", at_80)
    for at_80 in ("portal", "portal elsewhere", "moved to TLS", "resets", "dropped", "refused")
}
TOLD = {
    "never plain": Row("dropped", "open", flags=("--plain-http=never",)),
    "a prefix": Row("dropped", "open", f"https://{HOST}"),
    "port 443": Row("dropped", "open", f"{HOST}:443"),
    "a public registry": Row("dropped", "open", PUBLIC),
}
SPEAKS_TLS = {"healthy": Row("TLS", "open", trusted=True), "expired": Row("expired", "open", trusted=True)}
WAITING = FOUND | NO_REGISTRY | TOLD | SPEAKS_TLS


def see(row: Row, materials: Path) -> Seen:
    places = {f"{SERVER}:443": row.at_443, f"{SERVER}:80": row.at_80}
    with (
        Network(names={HOST: [SERVER], PUBLIC: [SERVER]}) as network,
        placed(network, materials, places, forks=True) as scene,
    ):
        trust = ("--ca-file", str(scene.root)) if row.trusted else ()
        played = scene.boxship("ls", f"{row.host}/app", *row.flags, *trust)
        asked = () if row.at_80 in ("dropped", "refused") else scene.asked(80)
        return Seen(played, asked, network.firewall.syns(80))


@pytest.fixture(scope="module")
def seen(materials: Path) -> Mapping[str, Seen]:
    with ThreadPoolExecutor(5) as pool:
        runs = pool.map(lambda row: see(row, materials), WAITING.values())
        return dict(zip(WAITING, runs, strict=True))


@pytest.mark.parametrize("name", FOUND)
def test_a_registry_on_80_is_named_in_the_error_with_every_way_to_permit_it(
    name: str, seen: Mapping[str, Seen]
) -> None:
    found = seen[name]
    assert 3.0 <= found.played.seconds <= limit(3.0)
    for word in (
        f"{SERVER}:443 is silently dropped, most likely by a firewall",
        f"{SERVER}:80 answers as a registry over plain HTTP",
        "can be read and changed by anyone on the way",
        f"http://{HOST}",
        "--plain-http",
        "insecure-registries",
    ):
        assert word in found.words
    # The question carries nothing of the user's: not the path, no credential, no header.
    (asked,) = found.asked
    assert (asked.method, asked.target, asked.secret) == ("GET", "/v2/", False)
    assert dict(asked.headers) == {"host": HOST, "user-agent": USER_AGENT}


@pytest.mark.parametrize("row", AT_ONCE.values(), ids=AT_ONCE)
def test_where_443_fails_at_once_the_error_does_so_too(row: Row, materials: Path) -> None:
    runs: list[Seen] = []

    def run() -> Played:
        runs.append(see(row, materials))
        return runs[-1].played

    in_time(0.3, run)
    assert "answers as a registry over plain HTTP" in runs[-1].words
    assert len(runs[-1].asked) == 1


@pytest.mark.parametrize("name", NO_REGISTRY)
def test_what_is_no_registry_is_not_offered(name: str, seen: Mapping[str, Seen]) -> None:
    found = seen[name]
    assert "answers as a registry" not in found.words
    assert "--plain-http" not in found.words
    assert found.played.seconds <= limit(5.0)


@pytest.mark.parametrize("name", TOLD)
def test_where_tls_was_told_or_the_registry_is_public_80_is_not_asked(name: str, seen: Mapping[str, Seen]) -> None:
    assert seen[name].words
    assert seen[name].syns == 0


def test_a_host_that_speaks_tls_in_time_is_not_asked_on_80(seen: Mapping[str, Seen]) -> None:
    assert seen["healthy"].played.status == 0
    assert seen["healthy"].asked == ()
    assert "expired" in seen["expired"].words
    assert seen["expired"].syns == 0
