"""Three registries as processes, with one PostgreSQL and one folder: what each acknowledged, all of them have."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from boxship import media_type
from boxship.server.registry import Registry, Settings
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.sweep import sweep
from tests.peers.postgresql import Cluster
from tests.server.content import digest, image
from tests.server.running import acknowledged, ask, connect, forked

pytestmark = [pytest.mark.peer("postgres"), pytest.mark.timeout(180)]
TYPE = {"content-type": media_type.OCI_MANIFEST}


@contextmanager
def replicas(folder: Path, url: str, *options: str) -> Iterator[list[str]]:
    """The addresses of three."""
    with ExitStack() as stack:
        started = [stack.enter_context(forked(folder, "--database", url, *options)) for _ in range(3)]
        yield [address for _, address in started]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, postgresql: Cluster) -> Iterator[list[str]]:
    """Those of tests that need none of their own: each has a repository."""
    with replicas(tmp_path_factory.mktemp("three") / "registry", postgresql.new()) as addresses:
        yield addresses


def push(address: str, number: int, tag: str, repository: str = "app", **headers: str) -> int:
    """Push a manifest that only this number has; its config is there already."""
    return ask(address, "PUT", f"/v2/{repository}/manifests/{tag}", manifest(number), **TYPE, **headers)[0]


def manifest(number: int) -> bytes:
    return image(annotations={"number": str(number)})


def begin(address: str, repository: str = "app") -> None:
    assert ask(address, "POST", f"/v2/{repository}/blobs/uploads/?digest={digest(b'{}')}", b"{}")[0] == 201


def at_once(work: Callable[[int], int], number: int) -> Counter[int]:
    with ThreadPoolExecutor(number) as threads:
        return Counter(threads.map(work, range(number)))


def test_of_many_who_make_a_tag_one_does(three: list[str]) -> None:
    begin(three[0], "many")
    for turn in range(5):
        new = {"if-none-match": "*"}
        found = at_once(lambda number: push(three[number % 3], number, f"v{turn}", "many", **new), 9)  # noqa: B023
        assert found == {201: 1, 412: 8}
        assert len({ask(address, "GET", f"/v2/many/manifests/v{turn}") for address in three}) == 1


def test_a_quota_is_one_for_all(tmp_path: Path, postgresql: Cluster) -> None:
    with replicas(tmp_path / "registry", postgresql.new(), "--quota-tags", "5") as addresses:
        begin(addresses[0])
        assert at_once(lambda number: push(addresses[number % 3], number, f"v{number}"), 15) == {201: 5, 403: 10}


def test_an_upload_goes_on_at_another(three: list[str]) -> None:
    content = bytes(range(256)) * 1000
    one, two, last = three
    connection = connect(one)
    connection.request("POST", "/v2/upload/blobs/uploads/")
    location = connection.getresponse().headers["location"]
    connection.close()
    for address, part in ((two, content[:1000]), (last, content[1000:100_000]), (one, content[100_000:])):
        assert ask(address, "PATCH", location, part)[0] == 202
    assert ask(two, "PUT", f"{location}?digest={digest(content)}")[0] == 201
    assert ask(last, "GET", f"/v2/upload/blobs/{digest(content)}") == (200, content)


def test_nothing_acknowledged_is_lost_where_the_database_is_started_anew(three: list[str], postgresql: Cluster) -> None:
    acknowledged: list[int] = []
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def keep_pushing(which: int) -> None:
        number = which
        while not over.is_set():
            number += 6
            status = push(three[which % 3], number, f"v{number}", "anew")
            statuses[status] += 1
            if status == 201:
                acknowledged.append(number)
            time.sleep(0.05)

    def goes_on() -> None:
        """Wait until all that wrote before do so again."""
        before, until = len(acknowledged), time.monotonic() + 60
        while len(acknowledged) < before + 30:
            assert time.monotonic() < until, statuses
            time.sleep(0.02)

    begin(three[0], "anew")
    with ThreadPoolExecutor(6) as threads:
        pushing = [threads.submit(keep_pushing, which) for which in range(6)]
        try:
            for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
                goes_on()
                postgresql.stop(how)
                postgresql.start()
            goes_on()
        finally:
            over.set()
        for each in pushing:
            each.result()
    assert set(statuses) == {201, 503}
    for number in acknowledged:
        assert ask(three[number % 3], "GET", f"/v2/anew/manifests/v{number}") == (200, manifest(number))


def test_no_sweep_takes_what_is_acknowledged_at_another(tmp_path: Path, postgresql: Cluster) -> None:
    folder, url = tmp_path / "registry", postgresql.new()
    # Nothing that no manifest refers to is kept for a moment, and yet a push is whole or refused.
    policy, deleted, over = Policy(grace=0, wait=0), 0, threading.Event()
    acknowledged: list[bytes] = []
    statuses: Counter[int] = Counter()

    def keep_pushing(which: int) -> None:
        one, other = addresses[which], addresses[(which + 1) % 3]
        number = which
        while not over.is_set():
            number += 3
            layer = str(number).encode()
            for content in (b"{}", layer):
                assert ask(one, "POST", f"/v2/app/blobs/uploads/?digest={digest(content)}", content)[0] == 201
            time.sleep(number % 5 * 0.1)  # garbage meanwhile, unless a sweep comes too late
            pushed = ask(other, "PUT", f"/v2/app/manifests/v{number}", image(layer), **TYPE)[0]
            statuses[pushed] += 1
            if pushed == 201:
                acknowledged.append(layer)

    with replicas(folder, url) as addresses, ThreadPoolExecutor(3) as threads:
        sweeping = Registry.open(folder, Settings(database=url))
        pushing = [threads.submit(keep_pushing, which) for which in range(3)]
        try:
            until = time.monotonic() + 90
            while deleted < 10 or len(acknowledged) < 30:
                assert time.monotonic() < until, (deleted, statuses)
                deleted += asyncio.run(sweep(sweeping, policy)).deleted
                time.sleep(0.1)  # or hardly a push would be whole
        finally:
            over.set()
            sweeping.close()
        for each in pushing:
            each.result()
        assert set(statuses) <= {201, 400}
        for layer in acknowledged:
            for address in addresses:
                assert ask(address, "GET", f"/v2/app/manifests/v{layer.decode()}") == (200, image(layer))
                assert ask(address, "GET", f"/v2/app/blobs/{digest(layer)}") == (200, layer)


def test_the_others_go_on_where_one_is_killed(tmp_path: Path, postgresql: Cluster) -> None:
    folder, url = tmp_path / "registry", postgresql.new()
    with forked(folder, "--database", url) as (victim, one), forked(folder, "--database", url) as (_, other):
        begin(one)
        done = acknowledged(victim, lambda number: push(one, number, f"v{number}"), 20)
        for number in done:
            assert ask(other, "GET", f"/v2/app/manifests/v{number}") == (200, manifest(number))
        assert push(other, 1, "after") == 201
