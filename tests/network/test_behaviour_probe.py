"""Without permission for plain HTTP: what is found on port 80 is said, and not used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship.wire.message import USER_AGENT
from tests.behaviour.scene import HOST, Played, Scene, limit
from tests.behaviour.stages import placed
from tests.network.namespace import SERVER, Network

pytestmark = pytest.mark.network

UNREACHABLE = 5
PUBLIC = "quay.io"


@contextmanager
def place(materials: Path, at_443: str, at_80: str) -> Iterator[tuple[Network, Scene]]:
    places = {f"{SERVER}:443": at_443, f"{SERVER}:80": at_80}
    with Network(names={HOST: [SERVER], PUBLIC: [SERVER]}) as network, placed(network, materials, places) as scene:
        yield network, scene


def finding(played: Played) -> str:
    assert (played.status, played.stdout) == (UNREACHABLE, "")
    return played.stderr


@pytest.mark.parametrize("at_80", ["open", "basic"])
def test_a_registry_on_80_is_named_in_the_error_with_every_way_to_permit_it(at_80: str, materials: Path) -> None:
    with place(materials, "dropped", at_80) as (_, scene):
        played = scene.boxship("ls", f"{HOST}/app")
        words = finding(played)
        assert 3.0 <= played.seconds <= limit(3.0)
        (asked,) = scene.asked(80)
    for word in (
        f"{SERVER}:443 is silently dropped, most likely by a firewall",
        f"{SERVER}:80 answers as a registry over plain HTTP",
        "can be read and changed by anyone on the way",
        f"http://{HOST}",
        "--plain-http",
        "insecure-registries",
    ):
        assert word in words
    # The question carries nothing of the user's: not the path, no credential, no header.
    assert (asked.method, asked.target, asked.secret) == ("GET", "/v2/", False)
    assert dict(asked.headers) == {"host": HOST, "user-agent": USER_AGENT}


@pytest.mark.parametrize("at_443", ["refused", "open"])
def test_where_443_fails_at_once_the_error_does_so_too(at_443: str, materials: Path) -> None:
    with place(materials, at_443, "open") as (_, scene):
        played = scene.boxship("ls", f"{HOST}/app")
        assert "answers as a registry over plain HTTP" in finding(played)
        assert played.seconds <= limit(0.3)
        assert len(scene.asked(80)) == 1


@pytest.mark.parametrize("at_80", ["portal", "portal elsewhere", "moved to TLS", "resets", "dropped", "refused"])
def test_what_is_no_registry_is_not_offered(at_80: str, materials: Path) -> None:
    with place(materials, "dropped", at_80) as (_, scene):
        played = scene.boxship("ls", f"{HOST}/app")
        words = finding(played)
    assert "answers as a registry" not in words
    assert "--plain-http" not in words
    assert played.seconds <= limit(5.0)


@pytest.mark.parametrize("words", [("--plain-http=never", HOST), (f"https://{HOST}",), (f"{HOST}:443",), (PUBLIC,)])
def test_where_tls_was_told_or_the_registry_is_public_80_is_not_asked(words: tuple[str, ...], materials: Path) -> None:
    *flags, host = words
    with place(materials, "dropped", "open") as (network, scene):
        finding(scene.boxship("ls", f"{host}/app", *flags))
        assert network.firewall.syns(80) == 0


def test_a_host_that_speaks_tls_in_time_is_not_asked_on_80(materials: Path) -> None:
    with place(materials, "TLS", "open") as (network, scene):
        played = scene.boxship("ls", f"{HOST}/app", "--ca-file", str(scene.root))
        assert played.status == 0
        assert scene.asked(80) == ()
    with place(materials, "expired", "open") as (network, scene):
        assert "expired" in finding(scene.boxship("ls", f"{HOST}/app", "--ca-file", str(scene.root)))
        assert network.firewall.syns(80) == 0
