"""Networks that are broken, each for real: what the doctor says first, which check is red, and that it ends in time.

Hosts that nothing permits to be spoken to in plain are in network namespaces, with real packets: loopback permits it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.ports import PLAIN_TAG, TLS_TAG, certificates
from tests.behaviour.scene import HOST, Played, Scene, Stage
from tests.behaviour.stages import Namespaced, OnLoopback

WHOLE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The ports of `reg.test`, the words behind `boxship doctor`, and what must be said.

    `red`: ids of checks that are errors; `remedy`: what is in the text to paste for some program.
    """

    ports: Mapping[int, str]
    verdict: tuple[str, ...]
    red: frozenset[str]
    remedy: str = ""
    words: tuple[str, ...] = (f"{HOST}/app",)


PLAIN = f"boxship ls http://{HOST}/app"
UNPERMITTED = {
    "443 dropped, 80 serves": Row(
        ports={443: "dropped", 80: "open"},
        verdict=("silently dropped", "no SYN-ACK and no RST", "answers as a registry over plain HTTP", "wait 30 s"),
        red=frozenset({"tcp", "reach"}),
        remedy=PLAIN,
    ),
    "443 refused, 80 serves": Row(
        ports={443: "refused", 80: "open"},
        verdict=("refuses connections", "no TLS", "over plain HTTP"),
        red=frozenset({"tcp", "reach"}),
        remedy=f'{{"insecure-registries": ["{HOST}"]}}',
    ),
    "443 speaks plain HTTP": Row(
        ports={443: "open", 80: "open"},
        verdict=("does not speak TLS", "over plain HTTP"),
        red=frozenset({"tls", "reach"}),
        remedy=f'location = "{HOST}"',
    ),
    "443 says nothing": Row(
        ports={443: "mute", 80: "open"},
        verdict=("says nothing to TLS", "over plain HTTP"),
        red=frozenset({"tls", "reach"}),
        remedy=PLAIN,
    ),
    "443 resets": Row(
        ports={443: "resets hello", 80: "open"},
        verdict=("closes every connection without a byte", "something in between cuts TLS"),
        red=frozenset({"tls", "reach"}),
        remedy=PLAIN,
    ),
}
ROWS = {
    "both dropped": Row(
        ports={443: "dropped", 80: "dropped"},
        verdict=("Nothing at", "no SYN-ACK and no RST", "firewall"),
        red=frozenset({"tcp", "reach"}),
    ),
    "both refused": Row(
        ports={443: "refused", 80: "refused"},
        verdict=("refuses connections", "no registry listens"),
        red=frozenset({"tcp", "reach"}),
    ),
    "a captive portal": Row(
        ports={443: "dropped", 80: "portal"},
        verdict=("not as a registry", "captive portal"),
        red=frozenset({"tcp", "http", "reach"}),
    ),
    "an unknown authority": Row(
        ports={443: "TLS", 80: "open"},
        verdict=("speaks TLS, and not acceptably", "certificate", "--ca-file"),
        red=frozenset({"tls", "reach"}),
        remedy=f"/etc/docker/certs.d/{HOST}/ca.crt",
    ),
    "an old version of TLS": Row(
        ports={443: "TLS alert", 80: "open"},
        verdict=("no TLS version in common",),
        red=frozenset({"tls", "reach"}),
    ),
    "expired": Row(
        ports={443: "expired", 80: "dropped"},
        verdict=("certificate has expired",),
        red=frozenset({"tls", "tcp", "reach"}),
        words=("--ca-file", "@root", f"{HOST}/app"),
    ),
    "another name": Row(
        ports={443: "wrong name", 80: "refused"},
        verdict=("speaks TLS, and not acceptably", "certificate"),
        red=frozenset({"tls", "tcp", "reach"}),
        words=("--ca-file", "@root", f"{HOST}/app"),
    ),
    "a wrong password": Row(
        ports={443: "TLS", 80: "dropped"},
        verdict=("does not let you in", "credential"),
        red=frozenset({"auth"}),
        words=("--ca-file", "@root", "--username", "bob", "--password", "wrong", f"{HOST}/app"),
    ),
}
WELL = {
    "443 dropped, 80 serves, plain HTTP is permitted": Row(
        ports={443: "dropped", 80: "open"},
        verdict=("silently dropped", "boxship goes on over plain HTTP", "wait 30 s"),
        red=frozenset(),
        remedy=PLAIN,
        words=("--plain-http=auto", f"{HOST}/app:{PLAIN_TAG}"),
    ),
    "443 refused, 80 serves, plain HTTP is told": Row(
        ports={443: "refused", 80: "open"},
        verdict=("All is well",),
        red=frozenset(),
        words=(f"http://{HOST}/app:{PLAIN_TAG}",),
    ),
    "TLS, and 80 serves as well": Row(
        ports={443: "TLS", 80: "open"},
        verdict=("All is well",),
        red=frozenset(),
        words=("--ca-file", "@root", f"{HOST}/app:{TLS_TAG}"),
    ),
    "TLS, and 80 leads there": Row(
        ports={443: "TLS", 80: "moved to TLS"},
        verdict=("All is well",),
        red=frozenset(),
        words=("--ca-file", "@root", f"{HOST}/app:{TLS_TAG}"),
    ),
    "TLS, and 80 dropped": Row(
        ports={443: "TLS", 80: "dropped"},
        verdict=("All is well",),
        red=frozenset(),
        words=("--ca-file", "@root", f"{HOST}/app:{TLS_TAG}"),
    ),
    "slow TLS": Row(
        ports={443: "slow TLS", 80: "refused"},
        verdict=("All is well",),
        red=frozenset(),
        words=("--ca-file", "@root", f"{HOST}/app:{TLS_TAG}"),
    ),
    "an explicit port with TLS": Row(
        ports={5000: "TLS"},
        verdict=("All is well",),
        red=frozenset(),
        words=("--ca-file", "@root", f"{HOST}:5000/app:{TLS_TAG}"),
    ),
}


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certificates(folder, HOST, "10.99.0.1")
    return folder


def _examined(stage: Stage, row: Row) -> Played:
    with stage.scene(row.ports) as scene:
        return scene.boxship("doctor", "-o", "json", *_words(scene, row))


def _words(scene: Scene, row: Row) -> tuple[str, ...]:
    return tuple(str(scene.root) if word == "@root" else word for word in row.words)


@pytest.fixture(scope="module")
def on_loopback(materials: Path) -> Iterator[Mapping[str, Future[Played]]]:
    with ThreadPoolExecutor(4) as pool:
        yield {name: pool.submit(_examined, OnLoopback(materials), row) for name, row in (ROWS | WELL).items()}


@pytest.fixture(scope="module")
def with_packets(materials: Path) -> Iterator[Mapping[str, Future[Played]]]:
    with ThreadPoolExecutor(3) as pool:
        yield {name: pool.submit(_examined, Namespaced(materials), row) for name, row in UNPERMITTED.items()}


def _check(row: Row, played: Played) -> None:
    assert played.status == (8 if row.red else 0), (played.stdout, played.stderr)
    report = json.loads(played.stdout)
    for words in row.verdict:
        assert words in report["verdict"]
    red = {check["id"] for check in report["checks"] if check["status"] == "error"}
    assert red == row.red, report["checks"]
    assert report["seconds"] < WHOLE
    assert any(row.remedy in remedy["text"] for remedy in report.get("remedies", [])) or not row.remedy
    for check in report["checks"]:
        assert check["words"]


@pytest.mark.parametrize("name", ROWS | WELL)
def test_the_verdict_names_the_cause(name: str, on_loopback: Mapping[str, Future[Played]]) -> None:
    _check((ROWS | WELL)[name], on_loopback[name].result())


@pytest.mark.network
@pytest.mark.parametrize("name", UNPERMITTED)
def test_what_to_write_is_said_where_nothing_permits_plain_http(
    name: str, with_packets: Mapping[str, Future[Played]]
) -> None:
    _check(UNPERMITTED[name], with_packets[name].result())
