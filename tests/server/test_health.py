"""Probes: a registry that lives says so, and one that cannot serve is not ready, without saying why."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from boxship.server.registry import Settings
from tests.server.driver import Driver


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_registry_that_works_lives_and_is_ready(registry: Driver, path: str, method: str) -> None:
    reply = registry(method, path)
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    assert registry("POST", path).status == 405


def test_it_is_not_ready_where_the_reserve_is_reached_and_lives_on(tmp_path: Path) -> None:
    with Driver(tmp_path, settings=Settings(reserve=2**62)) as registry:
        reply = registry("GET", "/readyz")
        assert (reply.status, reply.body) == (503, b"not ready\n")
        assert registry("GET", "/livez").status == 200
    with Driver(tmp_path, settings=Settings(reserve=2**62, read_only=True)) as registry:
        assert registry("GET", "/readyz").status == 200


def test_it_is_not_ready_where_the_disk_takes_nothing(registry: Driver) -> None:
    uploads = registry.folder / "uploads"
    uploads.rename(registry.folder / "elsewhere")
    assert registry("GET", "/readyz").status == 503
    (registry.folder / "elsewhere").rename(uploads)
    assert registry("GET", "/readyz").status == 200
    assert list(uploads.iterdir()) == []


def test_it_is_not_ready_where_the_database_does_not_work(registry: Driver) -> None:
    with sqlite3.connect(registry.folder / "registry.db") as connection:
        connection.execute("ALTER TABLE repo RENAME TO elsewhere")
    assert registry("GET", "/readyz").status == 503
    assert registry("GET", "/livez").status == 200
    connection.close()


def test_an_application_answers_probes_before_anything_else_was_asked(tmp_path: Path) -> None:
    with Driver(tmp_path, lifespan=False) as registry:
        assert registry("GET", "/readyz").status == 200
