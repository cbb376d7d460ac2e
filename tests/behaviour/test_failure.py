"""Nothing works: the error says why, names every port and what it did, and comes within its bound.

The rows that wait do so side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.behaviour.record import Asked
from tests.behaviour.scene import Played, Stage, in_time, limit

UNREACHABLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The ports, the bound, and what the error has to say; `@443` is where that port is dialled."""

    ports: Mapping[int, str]
    within: float
    said: tuple[str, ...]
    holes: tuple[str, ...] = ()
    asked: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = ("reg.test/app",)


PORTAL = "answers, but not as a registry (a captive portal or proxy?)"
ROWS = {
    "80 is a captive portal": Row(
        ports={443: "dropped", 80: "portal"},
        within=8,
        said=("@443", "@80", PORTAL, "Please sign in", "firewall"),
        asked={80: ("/v2/",)},
    ),
    "80 redirects elsewhere": Row(
        ports={443: "dropped", 80: "portal elsewhere"},
        within=8,
        said=("@443", "@80", PORTAL, "login.portal.test", "firewall"),
        asked={80: ("/v2/",)},
    ),
    "80 resets": Row(
        ports={443: "dropped", 80: "resets"},
        within=8,
        said=("@443", "@80", "closed or reset without a byte", "firewall"),
        asked={80: ("/v2/",)},
    ),
    "both dropped": Row(
        ports={443: "dropped", 80: "dropped"},
        within=8,
        said=("@443", "@80", "dropped, not refused", "most likely a firewall", "have it opened"),
    ),
    "443 is not TLS, 80 dropped": Row(
        ports={443: "open", 80: "dropped"},
        within=8,
        said=("@443", "does not speak TLS", "@80", "dropped, not refused", "most likely a firewall"),
    ),
    "the token server is dropped": Row(
        ports={443: "TLS, tokens elsewhere", 80: "basic"},
        within=9,
        said=("the token server https://auth.test/token", "dropped, not refused", "most likely a firewall"),
        holes=("auth.test",),
        asked={443: ("/v2/app/tags/list",), 80: ()},
    ),
    "an explicit port is mute": Row(
        ports={5000: "mute"},
        within=5.1,
        said=("@5000", "accepts the connection and says nothing"),
        words=("--first-byte-timeout=5", "reg.test:5000/app"),
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A run, and what reached each port."""

    played: Played
    asked: Mapping[int, tuple[Asked, ...]]
    said: tuple[str, ...]


def see(stage: Stage, row: Row) -> Seen:
    with stage.scene(row.ports, holes=row.holes) as scene:
        played = scene.boxship("ls", "--insecure", *row.words)
        places = {f"@{port}": place for port, place in scene.dialled.items()}
        said = tuple(places.get(words, words) for words in row.said)
        return Seen(played, {port: scene.asked(port) for port in row.ports}, said)


@pytest.fixture(scope="module")
def seen(stage: Stage) -> Mapping[str, Seen]:
    with ThreadPoolExecutor(len(ROWS)) as pool:
        return dict(zip(ROWS, pool.map(lambda row: see(stage, row), ROWS.values()), strict=True))


@pytest.fixture(params=ROWS)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_it_ends_with_an_error_within_its_bound(stage: Stage, seen: Mapping[str, Seen], case: str) -> None:
    row, played = ROWS[case], seen[case].played
    assert (played.status, played.stdout) == (UNREACHABLE, "")
    # A run beside others may be late; then one that is alone decides.
    if played.seconds > limit(row.within):
        in_time(row.within, lambda: see(stage, row).played)


def test_the_error_says_what_was_tried_what_it_showed_and_what_to_do(seen: Mapping[str, Seen], case: str) -> None:
    missing = [words for words in seen[case].said if words not in seen[case].played.stderr]
    assert not missing, seen[case].played.stderr
    assert "nothing permits plain HTTP" not in seen[case].played.stderr


def test_nothing_is_followed_and_no_secret_is_sent_in_plain(seen: Mapping[str, Seen], case: str) -> None:
    for port, targets in ROWS[case].asked.items():
        assert tuple(request.target for request in seen[case].asked[port]) == targets
    assert not any(request.secret for requests in seen[case].asked.values() for request in requests)


def test_two_refused_ports_are_an_error_at_once(stage: Stage) -> None:
    with stage.scene({443: "refused", 80: "refused"}) as scene:
        played = in_time(0.15, lambda: scene.boxship("ls", "--insecure", "reg.test/app"))
        assert (played.status, played.stdout) == (UNREACHABLE, "")
        for port in (443, 80):
            assert f"{scene.dialled[port]}" in played.stderr
        assert "refused" in played.stderr
