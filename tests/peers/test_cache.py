"""A cache between other people's programs: docker-registry above it, and below it skopeo, podman, docker and curl."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship.digest import Digest
from boxship.testing import Answer, Image, Request, ScriptedRegistry, serving
from tests.peers.boxship_registry import Server as Cache
from tests.peers.boxship_registry import boxship_registry
from tests.peers.containers import Containers
from tests.peers.docker import docker
from tests.peers.image import push_image, write_layout
from tests.peers.machine import machine
from tests.peers.programs import ALICE, Address, docker_registry, skopeo, skopeo_copy

LARGE = os.urandom(20 << 20)
IMAGE = Image.of([LARGE, b"small"])
LAYER = Digest.of(IMAGE.layers[0])
WHOLE = ScriptedRegistry(image=IMAGE)(Request(method="GET", target=f"/v2/app/blobs/{LAYER}", headers={}))
DISTRIBUTION = pytest.mark.peer("docker-registry")
SKOPEO = pytest.mark.peer("skopeo")


@dataclass
class Upstream:
    """docker-registry with a password, and what it was asked."""

    address: Address
    log: Path

    def asked(self, word: str) -> int:
        return sum(word in line for line in self.log.read_text().splitlines() if "http.request.method" in line)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    folder = tmp_path_factory.mktemp("upstream")
    with docker_registry(folder, auth=ALICE) as address:
        yield Upstream(address, folder / "registry.log")


@pytest.fixture(scope="module")
def cache(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    """A cache that knows the upstream's password from docker's file, and tells it to nobody."""
    folder = tmp_path_factory.mktemp("cache")
    secret = b64encode(f"{ALICE.user}:{ALICE.password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {str(upstream.address): {"auth": secret}}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(folder))
        patch.setenv("HOME", str(folder))
        options = ("--proxy", f"up=http://{upstream.address}", "--proxy-fresh", "1")
        with boxship_registry(folder / "registry", *options) as running:
            yield running


def push(upstream: Upstream, repository: str, tag: str, content: bytes) -> str:
    with TemporaryDirectory() as folder:
        image = write_layout(Path(folder), {"file": content})
        credential = f"--dest-creds={ALICE.user}:{ALICE.password}"
        skopeo_copy(f"oci:{folder}", f"docker://{upstream.address}/{repository}:{tag}", credential)
        return image.manifest


def inspected(name: str) -> dict[str, object]:
    return dict(json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{name}")))


@DISTRIBUTION
@SKOPEO
def test_skopeo_copies_through_a_cache_what_docker_registry_lets_only_the_cache_read(
    upstream: Upstream, cache: Cache, tmp_path: Path
) -> None:
    manifest = push(upstream, "team/app", "v1", b"one")
    with pytest.raises(subprocess.CalledProcessError, match="exit status"):
        inspected(f"{upstream.address}/team/app:v1")
    for number in range(2):
        skopeo_copy(f"docker://{cache.address}/up/team/app:v1", f"dir:{tmp_path / str(number)}")
    assert Digest.of((tmp_path / "1" / "manifest.json").read_bytes()) == Digest.parse(manifest)
    assert inspected(f"{cache.address}/team/app:v1")["RepoTags"] == ["v1"]
    assert ALICE.password not in cache.log.read_text()


@DISTRIBUTION
@SKOPEO
def test_a_tag_that_moves_upstream_moves_here(upstream: Upstream, cache: Cache) -> None:
    first = push(upstream, "team/moving", "v1", b"one")
    assert inspected(f"{cache.address}/up/team/moving:v1")["Digest"] == first
    second = push(upstream, "team/moving", "v1", b"two")
    time.sleep(1.1)  # as long as a tag counts as known, and the second that repeated answers have
    time.sleep(1.0)
    assert inspected(f"{cache.address}/up/team/moving:v1")["Digest"] == second


@DISTRIBUTION
@SKOPEO
def test_skopeo_finds_docker_hub_through_a_mirror(upstream: Upstream, tmp_path: Path, cache: Cache) -> None:
    """Docker Hub's stand-in, by the file in which podman and skopeo are told of mirrors."""
    manifest = push(upstream, "library/busybox", "latest", b"busybox")
    conf = tmp_path / "registries.conf"
    conf.write_text(
        '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n'
        f'[[registry.mirror]]\nlocation = "{cache.address}"\ninsecure = true\n'
    )
    found = json.loads(
        skopeo("--registries-conf", str(conf), "inspect", "--no-tags", "docker://docker.io/library/busybox")
    )
    assert found["Digest"] == manifest


@DISTRIBUTION
@SKOPEO
def test_an_upstream_that_is_killed_leaves_what_is_here(tmp_path: Path) -> None:
    with ExitStack() as running:
        with docker_registry(tmp_path / "upstream") as address:
            image = push_image(address, "team/app", ["v1"])
            cache = running.enter_context(behind(str(address), tmp_path / "cache", "--proxy-fresh", "0"))
            skopeo_copy(f"docker://{cache.address}/up/team/app:v1", f"dir:{tmp_path / 'first'}")
        headers, _ = cache.http("HEAD", "/v2/up/team/app/manifests/v1")
        assert headers["warning"].startswith("110 ")
        skopeo_copy(f"docker://{cache.address}/up/team/app:v1", f"dir:{tmp_path / 'second'}")
        assert Digest.of((tmp_path / "second" / "manifest.json").read_bytes()) == Digest.parse(image.manifest)
        with pytest.raises(subprocess.CalledProcessError) as failed:
            inspected(f"{cache.address}/up/team/app:v2")
        assert "503" in failed.value.stderr


# One large layer, and many who want it; upstreams that do not do as they should.


class Counting:
    """A scripted registry that counts who asks for the layer, and spoils the first answers."""

    def __init__(self, *spoilt: Answer | None) -> None:
        self._registry = ScriptedRegistry(image=IMAGE)
        self._spoilt = list(spoilt)
        self.ranges: list[str] = []

    def __call__(self, request: Request) -> Answer:
        answer = self._registry(request)
        if request.method != "GET" or not request.path.endswith(LAYER.hex):
            return answer
        self.ranges.append(request.headers.get("range", ""))
        return (self._spoilt.pop(0) if self._spoilt else None) or answer


def layer(address: str) -> bytes:
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("GET", f"/v2/up/app/blobs/{LAYER}")
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        return answer.read()
    finally:
        connection.close()


def behind(upstream: str, folder: Path, *options: str) -> AbstractContextManager[Cache]:
    return boxship_registry(folder, "--proxy", f"up=http://{upstream}", *options)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sixty_four_clients_who_want_one_layer_are_one_question(tmp_path: Path, workers: str) -> None:
    counting = Counting()
    with (
        serving(counting) as server,
        behind(server.address, tmp_path / "cache", "--workers", workers) as cache,
        ThreadPoolExecutor(64) as pool,
    ):
        found = list(pool.map(layer, [cache.address] * 64))
    assert all(content == IMAGE.layers[0] for content in found)
    assert counting.ranges == [""]


@pytest.mark.parametrize("broken", [replace(WHOLE, reset_after=5 << 20), replace(WHOLE, truncate_after=5 << 20)])
def test_a_layer_that_breaks_off_goes_on_where_it_was(tmp_path: Path, broken: Answer) -> None:
    counting = Counting(broken)
    with serving(counting) as server, behind(server.address, tmp_path / "cache") as cache:
        assert layer(cache.address) == IMAGE.layers[0]
    assert len(counting.ranges) == 2
    assert int(counting.ranges[1].removeprefix("bytes=").removesuffix("-")) > 0


def test_a_layer_with_a_wrong_byte_is_whole_for_nobody_and_brought_anew(tmp_path: Path) -> None:
    wrong = IMAGE.layers[0][:-1] + bytes([IMAGE.layers[0][-1] ^ 1])
    counting = Counting(Answer(200, wrong, headers={"Content-Type": "application/octet-stream"}))
    with serving(counting) as server, behind(server.address, tmp_path / "cache") as cache:
        with pytest.raises(http.client.IncompleteRead):
            layer(cache.address)
        assert layer(cache.address) == IMAGE.layers[0]
    assert counting.ranges == ["", ""]


def test_a_cache_that_is_killed_in_the_middle_keeps_nothing_half(tmp_path: Path) -> None:
    counting = Counting(replace(WHOLE, stall_after=5 << 20))
    with serving(counting) as server:
        with behind(server.address, tmp_path / "cache") as cache, ThreadPoolExecutor(1) as pool:
            asking = pool.submit(layer, cache.address)
            until = time.monotonic() + 20
            while not any(file.stat().st_size > 1 << 20 for file in cache.uploads):
                assert time.monotonic() < until
                time.sleep(0.02)
            os.kill(cache.pid, signal.SIGKILL)
            with pytest.raises((http.client.HTTPException, OSError)):
                asking.result()
        with behind(server.address, tmp_path / "cache") as again:
            assert again.uploads == []
            assert layer(again.address) == IMAGE.layers[0]
    assert counting.ranges[-1] == ""


# As a machine is set up.


@pytest.mark.network
@pytest.mark.peer("podman", "buildah", "curl")
def test_podman_pulls_through_a_mirror_of_docker_hub(tmp_path: Path) -> None:
    hub_at = "127.0.0.1:6000"
    options = ("--proxy", f"docker.io=http://{hub_at}", "--proxy", "quay.io")
    with (
        machine(tmp_path) as alone,
        TemporaryDirectory(prefix="boxship-") as short,
        boxship_registry(tmp_path / "hub", address=hub_at, inside=alone) as hub,
        boxship_registry(tmp_path / "cache", *options, address="127.0.0.1:5000", inside=alone) as cache,
    ):
        containers = Containers(alone, Path(short))
        containers.build(f"{hub_at}/library/busybox:latest")
        pushed = containers.push(f"{hub_at}/library/busybox:latest")
        for name in ("library/busybox", "docker.io/library/busybox", "docker.io/busybox"):
            assert containers.pull(f"{cache.address}/{name}:latest") == pushed
        asked = [each.path for each in hub.asked("library/busybox") if each.method == "GET" and "boxship" in each.agent]
        assert len(asked) == len(set(asked))  # nothing twice


@pytest.mark.network
@pytest.mark.peer("dockerd", "docker", "ctr", "curl", "skopeo")
def test_docker_pulls_from_docker_hub_through_its_mirror(tmp_path: Path) -> None:
    image = write_layout(tmp_path / "layout", {"etc/services": Path("/etc/services").read_bytes()})
    with (
        machine(tmp_path) as alone,
        boxship_registry(tmp_path / "hub", address="127.0.0.1:6000", inside=alone) as hub,
        boxship_registry(
            tmp_path / "cache", "--proxy", f"docker.io=http://{hub.address}", address="127.0.0.1:5000", inside=alone
        ) as cache,
        docker(alone, tmp_path, f"--registry-mirror=http://{cache.address}") as daemon,
    ):
        target = f"docker://{hub.address}/library/busybox:latest"
        alone.run("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{image.folder}", target)
        daemon("pull", "busybox")
        assert daemon.digest("busybox") == image.manifest
        assert cache.asked("library/busybox")
