"""A standby that is waited for and is away: pushes are refused in time, and none is acknowledged without it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from boxship.errors import BoxshipError
from boxship.server.database import Unavailable, postgres_connection
from boxship.server.database.postgres import PostgresDatabase
from boxship.server.registry import Settings
from tests.peers.postgresql import Cluster, cluster
from tests.server.content import digest, push_blob, push_image
from tests.server.driver import Driver

pytestmark = pytest.mark.peer("postgres")
MANIFEST = "/v2/app/manifests/v1"
UPLOADS = "/v2/app/blobs/uploads/"
LEASE = "INSERT INTO lease (name, holder, until) VALUES (?, '', 0)"
WAITING = b"SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
WRITES = "SELECT pid FROM pg_stat_activity WHERE application_name = 'boxship' AND query = 'COMMIT' AND datname = '{}'"
ENDS = 60.0  # seconds in which all that is to end has ended, on a busy machine


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """One whose standbys these tests say."""
    with cluster() as made:
        yield made


@pytest.fixture
def url(server: Cluster) -> Iterator[str]:
    yield server.new()
    wait_for(server, "")


def ask(server: Cluster, query: bytes) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        done = connection.execute(query)
        return done.fetchall() if done.description else []


def wait_for(server: Cluster, standby: str) -> None:
    """Let each commit wait for a standby of that name, or for none, from now on."""
    ask(server, f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'".encode())
    ask(server, b"SELECT pg_reload_conf()")
    until = time.monotonic() + ENDS
    while ask(server, b"SHOW synchronous_standby_names") != [(standby,)]:
        assert time.monotonic() < until
        time.sleep(0.02)


def waiting(server: Cluster) -> object:
    """The process whose commit waits, once one does."""
    until = time.monotonic() + ENDS
    while not (found := ask(server, WAITING)):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found[0][0]


def test_a_push_is_refused_in_time_and_done_when_the_standby_is_back(server: Cluster, url: str, tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(database=url)) as registry:
        push_image(registry, "app", "v1")
        wait_for(server, "away")
        began = time.monotonic()
        for _ in range(2):  # one waits for the standby, the next one for the first
            reply = registry("POST", UPLOADS + "?digest=" + digest(b"new"), b"new")
            assert (reply.status, reply.headers.get("retry-after")) == (503, "1")
        assert time.monotonic() - began < ENDS
        assert waiting(server)
        assert registry("GET", MANIFEST).status == 200
        assert registry("HEAD", f"/v2/app/blobs/{digest(b'new')}").status == 404  # the standby has not got it
        wait_for(server, "")
        push_blob(registry, "app", b"new")


def test_a_registry_ends_although_a_push_waits(server: Cluster, url: str) -> None:
    async def write() -> None:
        writing = asyncio.create_task(database.write(lambda it: it.execute(LEASE, ("one",))))
        await asyncio.to_thread(waiting, server)
        await asyncio.to_thread(database.close)
        with pytest.raises(Unavailable, match="synchronous_standby_names"):
            await writing

    with closing(PostgresDatabase(url)) as database:
        wait_for(server, "away")
        asyncio.run(asyncio.wait_for(write(), ENDS))


def test_a_registry_that_begins_says_that_a_standby_is_away(server: Cluster, url: str) -> None:
    wait_for(server, "away")
    with pytest.raises(BoxshipError, match="synchronous_standby_names"):
        PostgresDatabase(url)


def test_a_commit_that_somebody_let_go_without_the_standby_is_not_acknowledged(server: Cluster, url: str) -> None:
    async def write() -> None:
        writing = asyncio.create_task(database.write(lambda it: it.execute(LEASE, ("one",))))
        process = await asyncio.to_thread(waiting, server)
        ask(server, f"SELECT pg_cancel_backend({process})".encode())
        with pytest.raises(Unavailable, match="synchronous replication"):
            await writing

    with closing(PostgresDatabase(url)) as database:
        wait_for(server, "away")
        asyncio.run(asyncio.wait_for(write(), ENDS))
        wait_for(server, "")
        asyncio.run(database.write(lambda it: it.execute(LEASE, ("two",))))  # over the same connection


def test_a_server_that_hangs_is_left_in_time(server: Cluster, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connection, "_LATER", -25.0)
    with closing(PostgresDatabase(url)) as database:
        ((process,),) = ask(server, WRITES.format(psycopg.conninfo.conninfo_to_dict(url)["dbname"]).encode())
        os.kill(int(str(process)), signal.SIGSTOP)
        try:
            # The next connection gets a process of its own.
            asyncio.run(asyncio.wait_for(database.write(lambda it: it.execute(LEASE, ("one",))), ENDS))
        finally:
            os.kill(int(str(process)), signal.SIGCONT)
        assert database.read_now("SELECT name FROM lease").fetchall() == [("one",)]
