"""containerd against the registry and the cache: straight and by hosts.toml with `?ns=`, with a log-in and without."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.peers.boxship_registry import Server, boxship_registry
from tests.peers.containerd import Containerd, containerd
from tests.peers.image import LayoutImage, write_layout
from tests.peers.machine import Machine, machine
from tests.server.people import add
from tests.server.test_tokens import key_file

pytestmark = [pytest.mark.network, *(pytest.mark.peer(name) for name in ("containerd", "ctr", "curl", "skopeo"))]

ALICE = ("--user", "alice:secret")
BOTH = ("pull", "resolve")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containerd]:
    folder = tmp_path_factory.mktemp("machine")
    with machine(folder) as alone, containerd(alone, folder / "containerd") as running:
        yield running


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> LayoutImage:
    return write_layout(tmp_path_factory.mktemp("another"), {"etc/hosts": Path("/etc/hosts").read_bytes()})


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> LayoutImage:
    return write_layout(tmp_path_factory.mktemp("image"), {"etc/services": Path("/etc/services").read_bytes()})


def fill(machine: Machine, layout: LayoutImage, name: str, *options: str) -> None:
    """Push the image by skopeo, which is on the same machine."""
    words = ["--insecure-policy", "copy", "--dest-tls-verify=false", *options]
    machine.run("skopeo", *words, f"oci:{layout.folder}", f"docker://{name}")


def test_containerd_pushes_and_pulls_back(daemon: Containerd, layout: LayoutImage, tmp_path: Path) -> None:
    with boxship_registry(tmp_path / "registry", address="127.0.0.1:5000", inside=daemon.machine) as server:
        name = f"{server.address}/team/app:v1"
        fill(daemon.machine, layout, name)
        assert daemon.pull(name, "--plain-http") == layout.manifest
        other = f"{server.address}/team/other:v2"
        daemon("images", "tag", name, other)
        daemon.push(other, "--plain-http")
        assert server.digest("team/other", "v2") == layout.manifest
        daemon.forget(name)
        daemon.forget(other)
        assert daemon.pull(other, "--plain-http") == layout.manifest
        daemon.forget(other)


@pytest.mark.parametrize("kind", ["Basic", "Bearer"])
def test_containerd_logs_in(daemon: Containerd, layout: LayoutImage, tmp_path: Path, kind: str) -> None:
    add(tmp_path / "registry", "alice", push="team/*")
    keys = ("--token-key", key_file(tmp_path)) if kind == "Bearer" else ()
    with boxship_registry(tmp_path / "registry", *keys, address="127.0.0.1:5000", inside=daemon.machine) as server:
        name, other = (f"{server.address}/team/{tag}" for tag in ("app:v1", "app:v2"))
        fill(daemon.machine, layout, name, "--dest-creds=alice:secret")
        for wrong in ((), ("--user", "alice:wrong")):
            with pytest.raises(subprocess.CalledProcessError):
                daemon.pull(name, "--plain-http", *wrong)
        assert daemon.pull(name, "--plain-http", *ALICE) == layout.manifest
        daemon("images", "tag", name, other)
        with pytest.raises(subprocess.CalledProcessError):
            daemon.push(other, "--plain-http")
        daemon.push(other, "--plain-http", *ALICE)
        assert "v2" in server.http("GET", "/v2/team/app/tags/list", Authorization="Basic YWxpY2U6c2VjcmV0")[1]
        daemon.forget(name)
        daemon.forget(other)


@pytest.fixture
def cached(
    daemon: Containerd, layout: LayoutImage, another: LayoutImage, tmp_path: Path
) -> Iterator[tuple[Server, ExitStack]]:
    """A cache of two registries that containerd is told of; the stack ends them, and not the cache."""
    proxies = ("--proxy", "docker.io=http://127.0.0.1:6000", "--proxy", "quay.example=http://127.0.0.1:6001")
    users = tmp_path / "cache"
    add(users, "alice", pull="**")
    with ExitStack() as upstreams, ExitStack() as running:
        for number, (image, repository) in enumerate(((layout, "library/busybox:latest"), (another, "team/app:v1"))):
            address, folder = f"127.0.0.1:{6000 + number}", tmp_path / str(number)
            upstreams.enter_context(boxship_registry(folder, address=address, inside=daemon.machine))
            fill(daemon.machine, image, f"{address}/{repository}")
        options = (*proxies, "--proxy-fresh", "0")
        cache = running.enter_context(
            boxship_registry(users, *options, address="127.0.0.1:5000", inside=daemon.machine)
        )
        for registry in ("docker.io", "quay.example", "other.example"):
            daemon.mirror(registry, cache.address, *BOTH)
        yield cache, upstreams


def test_containerd_pulls_through_a_cache_by_the_registry_that_it_names(
    daemon: Containerd, layout: LayoutImage, another: LayoutImage, cached: tuple[Server, ExitStack]
) -> None:
    cache, upstreams = cached
    names = {"docker.io/library/busybox:latest": layout.manifest, "quay.example/team/app:v1": another.manifest}
    for name, digest in names.items():
        with pytest.raises(subprocess.CalledProcessError):
            daemon.pull(name)  # nobody is let in who does not say who they are
        assert daemon.pull(name, *ALICE) == digest
    # Neither path says which registry is meant, and each has only one of the two.
    given = [each for each in cache.asked() if each.status == 200 and "/manifests/" in each.path]
    assert {each.path.partition("/manifests/")[0] for each in given} == {"/v2/library/busybox", "/v2/team/app"}
    assert all(each.query for each in given)
    upstreams.close()
    for name, digest in names.items():  # with their registries gone
        daemon.forget(name)
        assert daemon.pull(name, *ALICE) == digest
        daemon.forget(name)
    for unknown in ("docker.io/library/other:latest", "other.example/team/app:v1"):
        with pytest.raises(subprocess.CalledProcessError):
            daemon.pull(unknown, *ALICE)
