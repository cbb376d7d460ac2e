"""`examples/list_tags.py`, the program that some people come from: its output, wherever the registry is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from boxship.testing import put_tags, registry
from tests.network.namespace import ROOT, SERVER, Network
from tests.peers.programs import ALICE, Login, docker_registry

PROGRAM = str(ROOT / "examples" / "list_tags.py")
TAGS = ["v1", "v2"]


def words(address: str) -> list[str]:
    return [sys.executable, PROGRAM, ALICE.user, ALICE.password, address, f"{address}/team/app"]


def run(address: str) -> str:
    return subprocess.run(words(address), capture_output=True, text=True, timeout=30, check=True).stdout


def assert_lists(printed: str, address: str, *dialled: str) -> None:
    """It is what klog would have printed, and then the tags."""
    *story, first, second = printed.splitlines()
    assert sorted([first, second]) == TAGS  # docker-registry tells them as its file system lists a folder
    stamped = re.compile(r"I\d{4} \d\d:\d\d:\d\d\.\d{6} \w+\.py:?\d*\] (.*)")
    told = [line.group(1) for line in map(stamped.fullmatch, story) if line]
    assert len(told) == len(story)
    assert told[:2] == [f"registryURL: {address}", "repoName: team/app"]
    for place in dialled:
        assert f"ConnectStart: tcp {place}" in told


def test_it_lists_from_boxships_own_registry() -> None:
    with registry() as running:
        put_tags(running.address, "team/app", TAGS)
        assert_lists(run(running.address), running.address, running.address)


@pytest.mark.peer("docker-registry")
@pytest.mark.parametrize("auth", [None, ALICE], ids=["open", "with a password"])
def test_it_lists_from_docker_registry_on_an_explicit_port(
    stocked_team: Path, tmp_path: Path, auth: Login | None
) -> None:
    (tmp_path / "storage").symlink_to(stocked_team)
    with docker_registry(tmp_path, auth=auth) as address:
        assert_lists(run(str(address)), str(address), str(address))


@pytest.mark.network
@pytest.mark.peer("docker-registry")
def test_it_lists_from_port_80_behind_a_dropped_443(stocked_team: Path, tmp_path: Path, network: Network) -> None:
    (tmp_path / "storage").symlink_to(stocked_team)
    network.firewall.drop(443)
    with docker_registry(tmp_path, host=SERVER, port=80, namespace=network.server):
        ran = network.run(words("registry.test"))
    assert (ran.status, ran.stderr) == (0, "")
    assert_lists(ran.stdout, "registry.test", f"{SERVER}:443", f"{SERVER}:80")
    assert network.firewall.syns(443) >= 1


@pytest.fixture(scope="module")
def stocked_team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("team")
    with docker_registry(folder) as address:
        put_tags(str(address), "team/app", TAGS)
    return folder / "storage"
