"""The registry against podman and buildah, on its usual port: what they build, push, tag and pull."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.peers.boxship_registry import Server, boxship_registry
from tests.peers.containers import Containers
from tests.peers.machine import Machine, machine

pytestmark = [pytest.mark.network, pytest.mark.peer("podman"), pytest.mark.peer("buildah"), pytest.mark.peer("curl")]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("machine")) as made:
        yield made


@pytest.fixture(scope="module")
def server(alone: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server") / "registry"
    with boxship_registry(folder, address="127.0.0.1:5000", inside=alone) as running:
        yield running


@pytest.fixture(scope="module")
def containers(alone: Machine) -> Iterator[Containers]:
    # podman takes no --runroot of more than 50 characters.
    with TemporaryDirectory(prefix="boxship-") as folder:
        yield Containers(alone, Path(folder))


def test_what_buildah_builds_podman_pushes_and_pulls_back(containers: Containers, server: Server) -> None:
    name = f"{server.address}/team/app:v1"
    containers.build(name, layers=2)
    pushed = containers.push(name)
    assert server.digest("team/app", "v1") == pushed
    assert containers.pull(name) == pushed


@pytest.mark.parametrize("form", ["oci", "v2s2"])
def test_podman_pushes_in_the_form_of_oci_and_of_docker(form: str, containers: Containers, server: Server) -> None:
    name = f"{server.address}/forms/{form}:v1"
    containers.build(name)
    pushed = containers.push(name, "--format", form)
    assert server.digest(f"forms/{form}", "v1") == containers.pull(name) == pushed


def test_buildah_pushes_and_pulls(containers: Containers, server: Server) -> None:
    name = f"{server.address}/by/buildah:v1"
    containers.build(name)
    containers.buildah("push", "--quiet", "--tls-verify=false", name)
    containers.podman("rmi", "--all", "--force")
    containers.buildah("pull", "--quiet", "--tls-verify=false", name)
    found = json.loads(containers.buildah("images", "--json"))
    assert [(image["names"], image["digest"]) for image in found] == [([name], server.digest("by/buildah", "v1"))]


def test_podman_lists_the_tags_that_it_pushed(containers: Containers, server: Server) -> None:
    repository = f"{server.address}/tagged"
    containers.build(f"{repository}:v1")
    first = containers.push(f"{repository}:v1")
    for tag in ("v10", "v2"):
        containers.podman("tag", f"{repository}:v1", f"{repository}:{tag}")
        assert containers.push(f"{repository}:{tag}") == first
    _, *rows = containers.podman("search", "--list-tags", "--tls-verify=false", repository).splitlines()
    assert [row.split() for row in rows] == [[repository, "v1"], [repository, "v10"], [repository, "v2"]]
    assert {server.digest("tagged", tag) for tag in ("v1", "v10", "v2")} == {first}


def test_layers_that_another_repository_has_are_mounted_and_not_sent(containers: Containers, server: Server) -> None:
    containers.build(f"{server.address}/first:v1", layers=3)
    pushed = containers.push(f"{server.address}/first:v1")
    containers.podman("tag", f"{server.address}/first:v1", f"{server.address}/second:v1")
    assert containers.push(f"{server.address}/second:v1") == pushed
    asked = server.asked("second")
    assert [each.status for each in asked if "mount=" in each.query] == [201] * 3
    # podman asks to mount layers only: the configuration, some hundred bytes, is sent again.
    assert len([each for each in asked if each.method == "PATCH"]) == 1


def test_a_second_push_to_the_same_repository_sends_nothing(containers: Containers, server: Server) -> None:
    containers.build(f"{server.address}/again:v1", layers=2)
    containers.push(f"{server.address}/again:v1")
    before = len(server.asked("again"))
    containers.push(f"{server.address}/again:v1")
    again = server.asked("again")[before:]
    assert [each.method for each in again if each.method in ("POST", "PATCH")] == []
    assert [each.status for each in again if each.method == "PUT"] == [201]


def test_an_index_of_podman_holds_an_image_for_each_platform(containers: Containers, server: Server) -> None:
    name = f"{server.address}/multi:v1"
    containers.podman("manifest", "create", "many")
    digests = {}
    for architecture in ("amd64", "arm64"):
        single = f"{server.address}/multi:{architecture}"
        containers.build(single, "--platform", f"linux/{architecture}")
        digests[architecture] = containers.push(single)
        containers.podman("manifest", "add", "--tls-verify=false", "many", f"docker://{single}")
    containers.podman("manifest", "push", "--all", "--tls-verify=false", "many", f"docker://{name}")
    assert server.platforms("multi", "v1") == digests
    for architecture in ("amd64", "arm64"):
        containers.pull(name, "--arch", architecture)
        assert containers.podman("image", "inspect", "--format", "{{.Architecture}}", name) == architecture


def test_buildah_builds_and_pushes_an_index_at_once(containers: Containers, server: Server) -> None:
    name = f"{server.address}/index:v1"
    containers.build("unused", "--platform", "linux/amd64,linux/s390x", "--manifest", "both")
    containers.buildah("manifest", "push", "--all", "--quiet", "--tls-verify=false", "both", f"docker://{name}")
    assert sorted(server.platforms("index", "v1")) == ["amd64", "s390x"]


def test_podman_is_told_of_what_is_not_there(containers: Containers, server: Server) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        containers.pull(f"{server.address}/nothing:v1")
    assert "manifest unknown" in failed.value.stderr


def test_a_registry_on_port_80_needs_no_port(containers: Containers, alone: Machine, tmp_path: Path) -> None:
    with boxship_registry(tmp_path / "registry", address="127.0.0.1:80", inside=alone) as on80:
        for host in ("127.0.0.1", "localhost"):
            containers.build(f"{host}/app:v1")
            pushed = containers.push(f"{host}/app:v1")
            assert containers.pull(f"{host}/app:v1") == pushed == on80.digest("app", "v1")
