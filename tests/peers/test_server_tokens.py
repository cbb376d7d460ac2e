"""Tokens of the registry: skopeo, podman, buildah and boxship are sent for one, and come back with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship import Client
from boxship.errors import Refused
from tests.peers.boxship_registry import Server, boxship_registry
from tests.peers.containers import Containers
from tests.peers.image import push_image
from tests.peers.machine import machine
from tests.peers.programs import skopeo, skopeo_copy
from tests.server.people import add
from tests.server.test_tokens import key_file

SKOPEO = pytest.mark.peer("skopeo")
ALICE = "alice:secret"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tokens")
    add(folder / "registry", "alice", push="team/*")
    options = ("--token-key", key_file(folder), "--anonymous", "pull:team/public", "--workers", "2")
    with boxship_registry(folder / "registry", *options) as running:
        yield running


@SKOPEO
def test_skopeo_pushes_pulls_and_is_told_what_it_may_not(server: Server, tmp_path: Path) -> None:
    image = push_image(server.address, "team/app", ["v1"], f"--dest-creds={ALICE}")
    source = f"docker://{server.address}/team/app:v1"
    skopeo_copy(source, f"dir:{tmp_path / 'mine'}", f"--src-creds={ALICE}")
    for creds in ([], ["--src-creds=alice:wrong"]):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            skopeo_copy(source, f"dir:{tmp_path / 'not'}", *creds)
        assert "unauthorized" in refused.value.stderr
    with pytest.raises(subprocess.CalledProcessError) as denied:
        skopeo_copy(source, f"docker://{server.address}/other/app:v1", f"--src-creds={ALICE}", f"--dest-creds={ALICE}")
    assert "denied" in denied.value.stderr
    with Client(username="alice", password="secret") as client:
        assert str(client.digest(f"{server.address}/team/app:v1")) == image.manifest


@SKOPEO
def test_anybody_reads_what_is_public(server: Server) -> None:
    image = push_image(server.address, "team/public", ["v1"], f"--dest-creds={ALICE}")
    assert image.manifest in skopeo("inspect", "--tls-verify=false", f"docker://{server.address}/team/public:v1")
    with Client() as client:
        assert list(client.tags(f"{server.address}/team/public")) == ["v1"]
        with pytest.raises(Refused):
            client.digest(f"{server.address}/team/app:v1")


@SKOPEO
def test_layers_are_mounted_with_a_token_for_both(server: Server) -> None:
    push_image(server.address, "team/first", ["v1"], f"--dest-creds={ALICE}")
    with Client(username="alice", password="secret") as client:
        client.copy(f"{server.address}/team/first:v1", f"{server.address}/team/second:v1")
    assert 201 in [each.status for each in server.asked("team/second") if "mount=" in each.query]


@pytest.mark.network
@pytest.mark.peer("podman", "buildah", "curl")
def test_podman_logs_in_pushes_and_pulls(tmp_path: Path) -> None:
    add(tmp_path / "registry", "alice", push="team/*")
    options = ("--token-key", key_file(tmp_path))
    with (
        machine(tmp_path) as alone,
        TemporaryDirectory(prefix="boxship-") as short,
        boxship_registry(tmp_path / "registry", *options, address="127.0.0.1:5000", inside=alone) as server,
    ):
        containers = Containers(alone, Path(short))
        name = f"{server.address}/team/app:v1"
        containers.build(name)
        auth = f"--authfile={tmp_path / 'auth.json'}"
        words = ("login", auth, "--tls-verify=false", "--username", "alice", "--password-stdin", server.address)
        with pytest.raises(subprocess.CalledProcessError, match="exit status"):
            containers.podman(*words, stdin="wrong")
        containers.podman(*words, stdin="secret")
        pushed = containers.push(name, auth)
        assert containers.pull(name, auth) == pushed
