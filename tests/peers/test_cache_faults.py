"""A cache whose docker-registry is killed, slowed down and spoilt midway: nothing wrong is kept, or served whole.

Every layer that a client got whole is right, whatever happened; the rest broke off. `boxship registry check` finds
nothing wrong with the folder afterwards, and what is asked for again is right.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.testing import Image, put_image
from tests.peers.boxship_registry import Server as Cache
from tests.peers.boxship_registry import boxship, boxship_registry
from tests.peers.programs import Address, docker_registry, free_port
from tests.peers.relay import Relay, relay

pytestmark = pytest.mark.peer("docker-registry")

MIB = 1 << 20
IMAGE = Image.of([os.urandom(16 * MIB), b"small"])
LARGE, SMALL = IMAGE.layers[0], IMAGE.layers[1]
CLIENTS = 4
WORKERS = pytest.mark.parametrize("workers", ["1", "2"])


class Registry:
    """docker-registry with the image, which can be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self._running = ExitStack()
        self.start()
        put_image(str(self.address), "app", "v1", IMAGE)

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self._port)

    def start(self) -> None:
        self._running.enter_context(docker_registry(self._folder, port=self._port))

    def kill(self) -> None:
        self._running.close()

    def damage(self) -> None:
        """Change a byte in the middle of the large layer on its disk."""
        (file,) = (self._folder / "storage").rglob(f"{Digest.of(LARGE).hex}/data")
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)

    def heal(self) -> None:
        (file,) = (self._folder / "storage").rglob(f"{Digest.of(LARGE).hex}/data")
        file.write_bytes(LARGE)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path / "upstream")
    yield registry
    registry.kill()


@pytest.fixture
def road(upstream: Registry) -> Iterator[Relay]:
    with relay(upstream.address) as road:
        yield road


@contextmanager
def behind(road: Relay, folder: Path, workers: str = "1") -> Iterator[Cache]:
    options = ("--proxy", f"up=http://{road.address}", "--workers", workers, "--grace", "1")
    with boxship_registry(folder, *options) as cache:
        yield cache


def layer(cache: Cache, content: bytes = LARGE, *, first: int = 0) -> bytes | None:
    """The layer, or None where it broke off or was refused; with `first`, only so many bytes of it."""
    connection = http.client.HTTPConnection(cache.address, timeout=60)
    try:
        connection.request("GET", f"/v2/up/app/blobs/{Digest.of(content)}")
        answer = connection.getresponse()
        found = answer.read(first) if first else answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return found if answer.status == 200 else None


def sure(cache: Cache, content: bytes = LARGE) -> None:
    """See that the layer comes in the end, and never another."""
    deadline = time.monotonic() + 60  # an upstream that was away is asked again after ten seconds
    while (found := layer(cache, content)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert found == content


def sound(folder: Path) -> None:
    """See that the folder has nothing that is not what it is called, and nothing half."""
    boxship("registry", "check", "--allow-sparse", "--disk", str(folder))
    assert list((folder / "uploads").iterdir()) == []
    for file in (folder / "blobs").rglob("*"):
        assert not file.is_file() or Digest.of(file.read_bytes()).hex == file.name


@contextmanager
def asking(cache: Cache) -> Iterator[Callable[[], list[bytes | None]]]:
    """Several who ask for the large layer; call it for what they got."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        wanted = [pool.submit(layer, cache) for _ in range(CLIENTS)]
        yield lambda: [each.result() for each in wanted]


@WORKERS
def test_an_upstream_that_is_killed_in_the_middle(
    upstream: Registry, road: Relay, tmp_path: Path, workers: str
) -> None:
    road.free = 4 * MIB
    with behind(road, tmp_path / "cache", workers) as cache:
        with asking(cache) as answers:
            road.wait_until_held()
            upstream.kill()
            road.open()
            assert answers() == [None] * CLIENTS
        upstream.start()
        sure(cache)
    sound(tmp_path / "cache")


def test_an_upstream_that_is_started_again_goes_on_where_it_was(
    upstream: Registry, road: Relay, tmp_path: Path
) -> None:
    road.free = 4 * MIB
    with behind(road, tmp_path / "cache") as cache, asking(cache) as answers:
        road.wait_until_held()
        upstream.kill()
        upstream.start()
        road.open()
        assert answers() == [LARGE] * CLIENTS
        assert layer(cache) == LARGE
    sound(tmp_path / "cache")


@WORKERS
def test_an_upstream_that_trickles_keeps_nobody_from_the_rest(road: Relay, tmp_path: Path, workers: str) -> None:
    road.free, road.trickles = 4 * MIB, True
    with behind(road, tmp_path / "cache", workers) as cache, asking(cache) as answers:
        road.wait_until_held()
        for _ in range(6):  # as it comes, whichever worker is asked
            assert layer(cache, first=MIB) == LARGE[:MIB]
        assert layer(cache, SMALL) == SMALL
        with Client() as client:
            assert client.digest(f"http://{cache.address}/up/app:v1") == IMAGE.digest
        road.open()
        assert answers() == [LARGE] * CLIENTS
    sound(tmp_path / "cache")


@WORKERS
@pytest.mark.parametrize("where", ["on its disk", "on the way"])
def test_an_upstream_with_a_wrong_byte_in_the_middle(
    upstream: Registry, road: Relay, tmp_path: Path, workers: str, where: str
) -> None:
    if where == "on its disk":
        upstream.damage()
    else:
        road.spoilt = 8 * MIB
    with behind(road, tmp_path / "cache", workers) as cache:
        with asking(cache) as answers:
            assert answers() == [None] * CLIENTS
        assert not [file for file in (tmp_path / "cache/blobs").rglob("*") if file.is_file()]
        road.spoilt = None
        upstream.heal()
        sure(cache)
    sound(tmp_path / "cache")


@WORKERS
def test_a_cache_that_is_told_to_stop_with_blobs_on_their_way(road: Relay, tmp_path: Path, workers: str) -> None:
    road.free = 4 * MIB
    with behind(road, tmp_path / "cache", workers) as cache:
        with asking(cache) as answers:
            road.wait_until_held()
            os.kill(cache.pid, signal.SIGTERM)
            assert answers() == [None] * CLIENTS
        until_ended(cache.pid)
        assert "Traceback" not in cache.log.read_text()
    sound(tmp_path / "cache")
    road.open()
    with behind(road, tmp_path / "cache", workers) as again:
        assert layer(again) == LARGE
    sound(tmp_path / "cache")


def test_a_worker_that_is_killed_with_a_blob_on_its_way(road: Relay, tmp_path: Path) -> None:
    road.free = 4 * MIB
    with behind(road, tmp_path / "cache", "2") as cache:
        with asking(cache) as answers:
            road.wait_until_held()
            for worker in bringing(cache):
                os.kill(worker, signal.SIGKILL)
            road.open()
            assert set(answers()) <= {None, LARGE}
        sure(cache)
    with behind(road, tmp_path / "cache") as again:  # which sweeps what the killed one left
        assert layer(again) == LARGE
    sound(tmp_path / "cache")


def bringing(cache: Cache) -> list[int]:
    """The workers that have an upload's file open."""
    children = Path(f"/proc/{cache.pid}/task/{cache.pid}/children").read_text().split()
    return [int(child) for child in children if any("/uploads/" in name for name in opened(int(child)))]


def opened(pid: int) -> Iterator[str]:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(entry.readlink())


def until_ended(pid: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
