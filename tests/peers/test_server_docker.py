"""The registry against docker: pull, tag and push, on the usual port and on that of plain HTTP, without any set-up.

Docker takes registries on loopback for insecure ones; a machine of its own has both ports free. Where the kernel
refuses dockerd, these tests fail with what it says, and do not skip: `test_server_podman` does the same with podman.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.boxship_registry import Server, boxship_registry
from tests.peers.docker import Docker, docker
from tests.peers.image import write_layout
from tests.peers.machine import Machine, machine
from tests.peers.programs import skopeo_copy
from tests.server.people import add

pytestmark = [
    pytest.mark.network,
    *(pytest.mark.peer(name) for name in ("dockerd", "docker", "ctr", "curl", "skopeo")),
]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    folder = tmp_path_factory.mktemp("docker")
    with machine(folder) as alone, docker(alone, folder) as running:
        yield running


@pytest.fixture(scope="module")
def alone(daemon: Docker) -> Machine:
    return daemon.machine


@pytest.fixture(scope="module")
def server(alone: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server") / "registry"
    with boxship_registry(folder, "--host-name", "localhost", address="127.0.0.1:5000", inside=alone) as running:
        yield running


@pytest.fixture(scope="module")
def loaded(daemon: Docker, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an image that docker has."""
    folder = tmp_path_factory.mktemp("image")
    image = write_layout(folder / "layout", {"etc/services": Path("/etc/services").read_bytes()})
    skopeo_copy(f"oci:{image.folder}", f"docker-archive:{folder / 'archive'}:seed:v1")
    daemon("load", "--input", str(folder / "archive"))
    return "seed:v1"


def push(daemon: Docker, image: str, name: str) -> str:
    """What docker says of pushing the image under another name."""
    daemon("tag", image, name)
    return daemon("push", name)


def pull(daemon: Docker, name: str, *options: str) -> str:
    """The digest of what docker pulls, after the name was removed here."""
    daemon("rmi", name)
    daemon("pull", *options, name)
    return daemon.digest(name)


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000"])
def test_docker_pushes_and_pulls_back(host: str, daemon: Docker, server: Server, loaded: str) -> None:
    repository = f"team/{host.partition(':')[0].replace('.', '-')}"
    name = f"{host}/{repository}:v1"
    said = push(daemon, loaded, name)
    assert server.digest(repository, "v1") in said
    assert pull(daemon, name) == server.digest(repository, "v1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_docker_needs_no_port_where_it_is_80(host: str, daemon: Docker, alone: Machine, loaded: str) -> None:
    folder = Path(daemon.socket.parent, host)
    with boxship_registry(folder, address="127.0.0.1:80", inside=alone) as on80:
        # The first name of an image with no port is its host only where it has a dot, or is localhost.
        said = push(daemon, loaded, f"{host}/team/app:v1")
        assert on80.digest("team/app", "v1") in said
        assert pull(daemon, f"{host}/team/app:v1") == on80.digest("team/app", "v1")


def test_a_tag_that_docker_moves_is_moved(daemon: Docker, server: Server, loaded: str, tmp_path: Path) -> None:
    name = f"{server.address}/moved:latest"
    push(daemon, loaded, name)
    first = server.digest("moved", "latest")
    (tmp_path / "file").write_text("another")
    alone = daemon.machine
    alone.run("tar", "--create", "--file", str(tmp_path / "tar"), "--directory", str(tmp_path), "file")
    daemon("import", str(tmp_path / "tar"), "other:v1")
    push(daemon, "other:v1", name)
    assert first != server.digest("moved", "latest") == pull(daemon, name)
    assert server.digest("moved", first) == first


def test_docker_mounts_what_another_repository_has(daemon: Docker, server: Server, loaded: str) -> None:
    push(daemon, loaded, f"{server.address}/mount/one:v1")
    said = push(daemon, loaded, f"{server.address}/mount/two:v1")
    assert "Mounted from" in said
    asked = server.asked("mount/two")
    assert [each.status for each in asked if "mount=" in each.query] == [201]
    # Docker asks to mount layers only: the configuration, some hundred bytes, is sent again.
    assert len([each for each in asked if each.method == "PATCH"]) == 1


def test_docker_pushes_nothing_twice(daemon: Docker, server: Server, loaded: str) -> None:
    name = f"{server.address}/twice:v1"
    push(daemon, loaded, name)
    before = len(server.asked("twice"))
    assert "Layer already exists" in push(daemon, loaded, name)
    assert {each.method for each in server.asked("twice")[before:]} <= {"HEAD", "PUT"}


def test_docker_pulls_all_tags(daemon: Docker, server: Server, loaded: str) -> None:
    repository = f"{server.address}/all"
    for tag in ("v1", "v2"):
        push(daemon, loaded, f"{repository}:{tag}")
    daemon("pull", "--all-tags", repository)
    listed = daemon("images", "--format", "{{.Tag}}", repository)
    assert sorted(listed.split()) == ["v1", "v2"]


def test_docker_pulls_by_digest(daemon: Docker, server: Server, loaded: str) -> None:
    push(daemon, loaded, f"{server.address}/exact:v1")
    digest = server.digest("exact", "v1")
    daemon("rmi", f"{server.address}/exact:v1")
    daemon("pull", f"{server.address}/exact@{digest}")
    assert daemon.digest(f"{server.address}/exact@{digest}") == digest


def test_docker_is_told_of_what_is_not_there(daemon: Docker, server: Server) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        daemon("pull", f"{server.address}/nothing:v1")
    assert "not found" in failed.value.stderr


def test_containerd_pulls_and_pushes(daemon: Docker, server: Server, loaded: str) -> None:
    push(daemon, loaded, f"{server.address}/by/docker:v1")
    source, target = (f"{server.address}/by/{who}:v1" for who in ("docker", "containerd"))
    daemon.ctr("images", "pull", "--plain-http", source)
    daemon.ctr("images", "tag", source, target)
    daemon.ctr("images", "push", "--plain-http", target)
    assert server.digest("by/containerd", "v1") == server.digest("by/docker", "v1")


def test_docker_logs_in_where_there_are_users_and_containerd_need_not(
    daemon: Docker, alone: Machine, loaded: str, tmp_path: Path
) -> None:
    """Docker takes the challenge that it gets at first for all that it asks later, whatever everybody may do."""
    add(tmp_path / "registry", "alice", push="**")
    address, anybody = "127.0.0.1:5001", ("--anonymous", "pull")
    as_alice = ("--config", str(tmp_path / "settings"))
    with boxship_registry(tmp_path / "registry", *anybody, address=address, inside=alone) as server:
        name = f"{address}/team/app:v1"
        daemon("tag", loaded, name)
        daemon(*as_alice, "login", "--username", "alice", "--password-stdin", address, stdin="secret")
        daemon(*as_alice, "push", name)
        daemon("rmi", name)
        with pytest.raises(subprocess.CalledProcessError) as refused:
            daemon("pull", name)
        assert "no basic auth credentials" in refused.value.stderr
        daemon(*as_alice, "pull", name)
        assert daemon.digest(name) == server.digest("team/app", "v1")
        daemon.ctr("images", "pull", "--plain-http", name)


def test_with_tokens_anybody_pulls_with_docker_what_anybody_may_and_who_logs_in_pushes(
    daemon: Docker, alone: Machine, loaded: str, tmp_path: Path
) -> None:
    """As at Docker Hub: docker is sent for a token, for itself or for nobody, and needs no password to pull."""
    add(tmp_path / "registry", "alice", push="team/*")
    alone.run("openssl", "genpkey", "-algorithm", "ed25519", "-out", str(tmp_path / "key.pem"))
    options = ("--token-key", str(tmp_path / "key.pem"), "--anonymous", "pull:team/*")
    as_alice = ("--config", str(tmp_path / "settings"))
    address = "127.0.0.1:5002"
    with boxship_registry(tmp_path / "registry", *options, address=address, inside=alone) as server:
        name = f"{address}/team/app:v1"
        daemon("tag", loaded, name)
        with pytest.raises(subprocess.CalledProcessError, match="exit status"):
            daemon("push", name)
        with pytest.raises(subprocess.CalledProcessError) as wrong:
            daemon(*as_alice, "login", "--username", "alice", "--password-stdin", address, stdin="wrong")
        assert "unauthorized" in wrong.value.stderr
        daemon(*as_alice, "login", "--username", "alice", "--password-stdin", address, stdin="secret")
        daemon(*as_alice, "push", name)
        daemon("rmi", name)
        daemon("pull", name)
        assert daemon.digest(name).startswith("sha256:")
        with pytest.raises(subprocess.CalledProcessError) as denied:
            daemon(*as_alice, "push", tagged(daemon, loaded, f"{address}/other/app:v1"))
        assert "denied" in denied.value.stderr
        daemon.ctr("images", "pull", "--plain-http", name)
        daemon.ctr("images", "push", "--plain-http", "--user", "alice:secret", f"{address}/team/new:v1", name)
        assert {each.status for each in server.asked("team/new")} >= {401, 201}


def tagged(daemon: Docker, image: str, name: str) -> str:
    daemon("tag", image, name)
    return name
