"""A PostgreSQL that cannot be written to is told as that, and left for another one of the URL that can be."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from boxship.errors import BoxshipError
from boxship.server.database.postgres import PostgresDatabase
from boxship.server.database.postgres_connection import Where
from boxship.server.registry import Settings
from tests.peers.postgresql import Cluster, cluster
from tests.server.content import push_image
from tests.server.driver import Driver

pytestmark = pytest.mark.peer("postgres")
MANIFEST = "/v2/app/manifests/v1"


@pytest.fixture
def server() -> Iterator[Cluster]:
    """One of the test's own, which it may spoil."""
    with cluster() as made:
        yield made


def ask(server: Cluster, query: bytes) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(query)


def promote(server: Cluster) -> None:
    """Let one that follows take over; it can be written to when this is done."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        assert connection.execute(b"SELECT pg_promote(wait => true)").fetchone() == (True,)


def follow(server: Cluster) -> None:
    """Start a server, which is stopped, as a hot standby."""
    # Whose it is does not matter: that it is there does.
    (server.folder / "data" / "standby.signal").touch()
    server.start()


def unavailable(registry: Driver, method: str, path: str) -> bool:
    reply = registry(method, path)
    return (reply.status, reply.headers.get("retry-after")) == (503, "1")


def test_a_registry_of_a_server_that_is_read_only_does_not_begin_and_says_why(server: Cluster) -> None:
    url = server.new()
    ask(server, b"ALTER SYSTEM SET default_transaction_read_only = on")
    server.stop()
    server.start()
    with pytest.raises(BoxshipError, match="read-only") as caught:
        PostgresDatabase(url)
    assert "whether it can be written to" in str(caught.value.remedy)


def test_a_server_that_only_follows_is_away_until_it_takes_over(server: Cluster, tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(database=server.new())) as registry:
        push_image(registry, "app", "v1")
        server.stop()
        follow(server)
        for method, path in (("GET", MANIFEST), ("POST", "/v2/app/blobs/uploads/")):
            assert unavailable(registry, method, path)
        assert registry("GET", "/readyz").status == 503
        promote(server)
        assert registry("GET", MANIFEST).status == 200
        push_image(registry, "app", "v2")
        assert registry("GET", "/readyz").status == 200


def test_of_the_servers_in_a_url_the_one_that_can_be_written_to_is_asked(server: Cluster, tmp_path: Path) -> None:
    name = psycopg.conninfo.conninfo_to_dict(server.new())["dbname"]
    with cluster() as other:
        url = f"postgresql://boxship@/{name}?host={other.folder},{server.folder}"
        for each in (server, other):
            each.stop()
        subprocess.run(["rm", "-r", str(other.folder / "data")], check=True)
        subprocess.run(["cp", "-a", str(server.folder / "data"), str(other.folder / "data")], check=True)
        follow(other)
        server.start()
        with Driver(tmp_path / "registry", settings=Settings(database=url)) as registry:
            push_image(registry, "app", "v1")
            assert registry("GET", MANIFEST).status == 200
            with psycopg.connect(server.url(str(name))) as connection:
                assert connection.execute(b"SELECT name FROM tag").fetchall() == [("v1",)]


def test_what_the_url_says_stands(server: Cluster) -> None:
    url = server.new()
    assert "target_session_attrs=read-write" in Where(url).conninfo
    assert "target_session_attrs=any" in Where(f"{url}&target_session_attrs=any").conninfo
    ask(server, b"ALTER SYSTEM SET default_transaction_read_only = on")
    server.stop()
    server.start()
    PostgresDatabase(f"{url}&target_session_attrs=any").close()
