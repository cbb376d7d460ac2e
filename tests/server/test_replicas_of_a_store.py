"""Registries as processes with nothing of their own: names in one PostgreSQL, content in one object store.

Each has a folder that it could lose. What any of them acknowledged, all of them have, whichever of them is killed and
whatever becomes of the store meanwhile.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.ready_registry import Forked
from tests.peers.nginx import nginx_of
from tests.peers.object_stores import Store
from tests.peers.postgresql import Cluster
from tests.peers.programs import Address, free_port
from tests.peers.relay import Fault, relay
from tests.server.conftest import POSTGRES, PROGRAMS, Stores
from tests.server.content import digest, image
from tests.server.running import acknowledged, ask, connect, forked

pytestmark = [
    POSTGRES,
    pytest.mark.timeout(300),
    pytest.mark.parametrize(
        "store", [pytest.param(name, marks=mark) for name, mark in PROGRAMS.items()], indirect=True, scope="module"
    ),
]
UPLOADS = "/v2/app/blobs/uploads/"
MIB = 1024 * 1024
FAILS = 10.0  # seconds that a store refuses
LONGEST = 60.0  # seconds that any answer may take then
TYPE = {"content-type": "application/vnd.oci.image.manifest.v1+json"}


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest, stores: Stores) -> Store:
    return stores[request.param]


@dataclass(frozen=True, slots=True)
class Shared:
    """What replicas have in common."""

    folder: Path
    options: tuple[str, ...]
    store: Store
    bucket: str
    number: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def replica(self) -> Iterator[tuple[Forked, str]]:
        """One more, in a folder of its own."""
        with forked(self.folder / f"replica{next(self.number)}", *self.options, "--allow-delete") as started:
            yield started

    def keys(self) -> Mapping[str, int]:
        return self.store.objects(self.bucket, "registry/blobs/")


@contextmanager
def shared(
    folder: Path, postgresql: Cluster, store: Store, patch: pytest.MonkeyPatch, endpoint: str = ""
) -> Iterator[Shared]:
    for name, value in store.environment.items():
        patch.setenv(name, value)
    bucket = store.new()
    options = ("--database", postgresql.new(), "--storage", f"s3://{bucket}/registry")
    at = ("--s3-endpoint", endpoint) if endpoint else ()
    yield Shared(folder, (*options, *at), store, bucket)


@contextmanager
def balanced(folder: Path, addresses: list[str]) -> Iterator[str]:
    """The address of nginx, which sends each request to another one of them."""
    port = free_port()
    servers = " ".join(f"server {address};" for address in addresses)
    block = f"""
        upstream replicas {{ {servers} }}
        server {{
            listen 127.0.0.1:{port};
            client_max_body_size 0;
            location / {{
                proxy_pass http://replicas;
                proxy_request_buffering off;
                proxy_http_version 1.1;
                proxy_set_header Host $http_host;
                proxy_next_upstream error timeout http_502;
            }}
        }}
    """
    with nginx_of(folder, block, ports=frozenset({port})):
        yield str(Address("127.0.0.1", port))


def begin(address: str) -> str:
    connection = connect(address)
    connection.request("POST", UPLOADS)
    location = connection.getresponse().headers["location"]
    connection.close()
    return location


def put(address: str, content: bytes) -> int:
    return ask(address, "POST", f"{UPLOADS}?digest={digest(content)}", content)[0]


def content_of(number: int, size: int = 1000) -> bytes:
    return f"content {number} ".encode() * (size // 10)


def blob(content: bytes) -> str:
    return f"/v2/app/blobs/{digest(content)}"


@pytest.mark.peer("nginx")
def test_three_behind_a_balancer_are_one_registry(
    tmp_path: Path, postgresql: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(20 * MIB)
    with shared(tmp_path, postgresql, store, monkeypatch) as common, ExitStack() as stack:
        addresses = [stack.enter_context(common.replica())[1] for _ in range(3)]
        front = stack.enter_context(balanced(tmp_path / "nginx", addresses))
        location = begin(front)
        for _ in range(2 * len(addresses)):  # the balancer gives up no replica that refuses something
            early = ask(front, "PATCH", location, content[: 5 * MIB], **{"content-range": f"1-{5 * MIB}"})
            assert early[0] == 416
        for start in range(0, len(content), 6 * MIB):
            assert ask(front, "PATCH", location, content[start : start + 6 * MIB])[0] == 202
        assert ask(front, "PUT", f"{location}?digest={digest(content)}")[0] == 201
        for address in (*addresses, front):
            assert ask(address, "GET", blob(content)) == (200, content)
            part = ask(address, "GET", blob(content), range="bytes=9000000-9000009")
            assert part == (206, content[9_000_000:9_000_010])
        config = b"{}"
        assert put(front, config) == 201
        manifest = image(content)
        assert ask(front, "PUT", "/v2/app/manifests/v1", manifest, **TYPE)[0] == 201
        assert all(ask(address, "GET", "/v2/app/manifests/v1") == (200, manifest) for address in addresses)
        assert ask(front, "DELETE", f"/v2/app/manifests/{digest(manifest)}")[0] == 202
        assert {ask(address, "GET", "/v2/app/manifests/v1")[0] for address in addresses} == {404}
        assert len(common.keys()) == 2


def test_another_goes_on_where_one_was_killed_in_an_upload(
    tmp_path: Path, postgresql: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(9 * MIB)
    there = 5 * MIB
    with shared(tmp_path, postgresql, store, monkeypatch) as common, common.replica() as (_, other):
        with common.replica() as (victim, address):
            location = begin(address)
            assert ask(address, "PATCH", location, content[:there])[0] == 202
            connection = connect(address)
            connection.putrequest("PATCH", location)
            connection.putheader("content-length", str(len(content) - there))
            connection.endheaders()
            connection.send(content[there : there + MIB])
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            connection.close()
        status = connect(other)
        status.request("GET", location)
        assert status.getresponse().headers["range"] == f"0-{there - 1}"
        status.close()
        assert ask(other, "PATCH", location, content[there:])[0] == 202
        assert ask(other, "PUT", f"{location}?digest={digest(content)}")[0] == 201
        assert ask(other, "GET", blob(content)) == (200, content)


def test_nothing_acknowledged_is_lost_where_one_is_killed(
    tmp_path: Path, postgresql: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shared(tmp_path, postgresql, store, monkeypatch) as common, common.replica() as (_, other):
        with common.replica() as (victim, address):
            done = acknowledged(victim, lambda number: put(address, content_of(number)), 10)
        assert len(done) >= 10
        for number in done:
            assert ask(other, "GET", blob(content_of(number))) == (200, content_of(number))


@pytest.mark.parametrize("fault", Fault, ids=[each.value for each in Fault])
def test_a_store_that_fails_for_a_while_loses_nothing_and_holds_up_nobody_for_long(
    tmp_path: Path, postgresql: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    done: list[int] = []
    statuses: Counter[int] = Counter()
    longest = [0.0]
    over = threading.Event()
    kept = os.urandom(3 * MIB)

    with (
        relay(_place(store)) as between,
        shared(tmp_path, postgresql, store, monkeypatch, f"http://{between.address}") as common,
        common.replica() as (_, one),
        common.replica() as (_, two),
    ):

        def keep_pushing(which: int) -> None:
            for number in itertools.count(which, 4):
                if over.is_set():
                    return
                began = time.monotonic()
                status = _answered((one, two)[number % 2], number)
                longest[0] = max(longest[0], time.monotonic() - began)
                statuses[status] += 1
                if status == 201:
                    done.append(number)
                else:
                    time.sleep(0.1)

        def goes_on(more: int = 8) -> None:
            before, until = len(done), time.monotonic() + 90
            while len(done) < before + more:
                assert time.monotonic() < until, statuses
                time.sleep(0.05)

        assert put(one, kept) == 201
        with ThreadPoolExecutor(4) as threads:
            pushing = [threads.submit(keep_pushing, which) for which in range(4)]
            try:
                goes_on()
                with between.failing(fault):
                    time.sleep(FAILS)
                goes_on()
            finally:
                over.set()
            for each in pushing:
                each.result()
        assert between.met > 0
        assert set(statuses) <= {201, 503}
        assert longest[0] < LONGEST
        assert ask(two, "GET", blob(kept)) == (200, kept)
        for number in done:
            assert ask(two, "GET", blob(content_of(number))) == (200, content_of(number))


def _place(store: Store) -> Address:
    """Where the store is, as a relay takes it."""
    host, _, port = store.endpoint.partition("://")[2].partition(":")
    return Address(host, int(port))


def _answered(address: str, number: int) -> int:
    connection = connect(address)
    connection.timeout = 2 * LONGEST
    content = content_of(number)
    try:
        connection.request("POST", f"{UPLOADS}?digest={digest(content)}", content)
        return connection.getresponse().status
    finally:
        connection.close()


def test_readiness_says_whether_the_store_can_be_asked(
    tmp_path: Path, postgresql: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        relay(_place(store)) as between,
        shared(tmp_path, postgresql, store, monkeypatch, f"http://{between.address}") as common,
        common.replica() as (_, address),
    ):
        assert ask(address, "GET", "/readyz")[0] == 200
        with between.failing(Fault.STALLED):
            _until(address, 503)
            assert ask(address, "GET", "/livez")[0] == 200
        _until(address, 200)


def _until(address: str, status: int) -> None:
    until = time.monotonic() + 60
    while ask(address, "GET", "/readyz")[0] != status:
        assert time.monotonic() < until
        time.sleep(0.2)
