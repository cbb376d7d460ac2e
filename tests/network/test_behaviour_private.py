"""A private address, and nobody said anything about plain HTTP: anonymous reads go over it, and nothing else does.

The rows that wait do so side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.ports import PLAIN_TAG
from tests.behaviour.record import Asked
from tests.behaviour.scene import Played, in_time, limit
from tests.behaviour.stages import placed
from tests.network.namespace import SERVER, Network

pytestmark = pytest.mark.network

UNREACHABLE = 5
CONNECT = 5.0  # seconds until a silent TLS candidate is given up
LIST = ("ls", f"{SERVER}/app")
PUT = ("api", "PUT", f"{SERVER}/v2/app/manifests/v1", "--data", "{}")
HEADER = ("api", "GET", f"{SERVER}/v2/app/tags/list", "--header", "X-Mine: a secret")
POST = ("api", "POST", f"{SERVER}/v2/app/blobs/uploads/", "--data", "a layer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is at 443 and 80, what is asked for, and the bound of its error."""

    at_443: str
    at_80: str
    words: tuple[str, ...]
    within: float


def rows(at_443: str, within: float) -> dict[str, Row]:
    wanted = {"Basic": ("basic", LIST), "Bearer": ("bearer", LIST), "PUT": ("takes anything", PUT)}
    wanted |= {"POST": ("takes anything", POST), "a header": ("open", HEADER)}
    return {
        f"{at_443}, {name}": Row(at_443=at_443, at_80=at_80, words=words, within=within)
        for name, (at_80, words) in wanted.items()
    }


SECRETS = rows("refused", 0.4) | rows("open", 0.2) | rows("dropped", CONNECT + 0.1)


@dataclass(frozen=True, slots=True)
class Seen:
    """A run, and what reached port 80."""

    played: Played
    asked: tuple[Asked, ...]


def see(row: Row, materials: Path) -> Seen:
    places = {f"{SERVER}:443": row.at_443, f"{SERVER}:80": row.at_80}
    with Network() as network, placed(network, materials, places) as scene:
        return Seen(scene.boxship(*row.words), scene.asked(80))


@pytest.fixture(scope="module")
def seen(materials: Path) -> Mapping[str, Seen]:
    with ThreadPoolExecutor(8) as pool:
        runs = pool.map(lambda row: see(row, materials), SECRETS.values())
        return dict(zip(SECRETS, runs, strict=True))


@pytest.mark.parametrize("at_443", ["dropped", "refused", "open", "mute"])
def test_anonymous_reads_work_over_plain(at_443: str, materials: Path) -> None:
    row = Row(at_443=at_443, at_80="open", words=LIST, within=0.15)
    played = in_time(row.within, lambda: see(row, materials).played)
    assert (played.status, played.tags) == (0, [PLAIN_TAG])


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret_needs_consent_and_the_error_says_how(seen: Mapping[str, Seen], case: str, materials: Path) -> None:
    played = seen[case].played
    assert (played.status, played.stdout) == (UNREACHABLE, "")
    assert f"http://{SERVER}" in played.stderr
    assert "--plain-http" in played.stderr
    if played.seconds > limit(SECRETS[case].within):  # beside others
        in_time(SECRETS[case].within, lambda: see(SECRETS[case], materials).played)


@pytest.mark.parametrize("case", SECRETS)
def test_no_secret_reaches_port_80(seen: Mapping[str, Seen], case: str) -> None:
    assert seen[case].asked
    assert {request.method for request in seen[case].asked} <= {"GET", "HEAD"}
    assert not any(request.secret for request in seen[case].asked)


@pytest.mark.parametrize("at_443", ["TLS", "expired", "TLS alert"])
@pytest.mark.parametrize("words", [LIST, PUT], ids=["GET", "PUT"])
def test_plain_is_not_asked_where_tls_is_spoken(at_443: str, words: tuple[str, ...], materials: Path) -> None:
    row = Row(at_443=at_443, at_80="open", words=words, within=0.15)
    run = see(row, materials)
    assert (run.played.status, run.played.stdout) == (UNREACHABLE, "")
    assert f"TLS with {SERVER} at {SERVER}:443 failed" in run.played.stderr
    assert run.asked == ()
