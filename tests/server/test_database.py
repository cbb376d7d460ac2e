"""The database's file: shared with other connections of this process and of others, and damaged."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server.database.sqlite import SqliteDatabase
from boxship.server.registry import Registry, Settings
from boxship.server.storage.layout import Layout
from boxship.server.upkeep.check import check
from tests.server.content import push_image
from tests.server.driver import Driver

COUNT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM lease').fetchone()[0])"


def count_elsewhere(path: Path) -> int:
    """How many leases another process sees, which then leaves."""
    return int(subprocess.run([sys.executable, "-c", COUNT, str(path)], capture_output=True, check=True).stdout)


def lease(database: SqliteDatabase, name: str) -> None:
    database.write_now(lambda connection: connection.execute("INSERT INTO lease VALUES (?, '', 0)", (name,)))


def test_a_second_one_in_the_process_costs_the_first_none_of_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with closing(SqliteDatabase(path)) as first, closing(SqliteDatabase(path)):
        lease(first, "before")
        assert count_elsewhere(path) == 1
        # Who leaves deletes the log, if nobody else seems to be there; what is committed next would be lost with it.
        lease(first, "after")
        assert count_elsewhere(path) == 2


def test_what_is_no_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(b"something else" * 1000)
    with pytest.raises(InvalidSettings, match=r"registry\.db: file is not a database"):
        SqliteDatabase(path)
    assert path.read_bytes() == b"something else" * 1000


def test_a_damaged_page_is_told_as_the_disks_fault(registry: Driver) -> None:
    push_image(registry, "app", "v1")
    registry.__exit__()
    path = registry.folder / "registry.db"
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'manifest'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    registry.__enter__()
    assert registry("GET", "/v2/app/manifests/v1").refusal == (500, "UNKNOWN")
    assert registry("GET", "/v2/app/manifests/v1").refusal == (500, "UNKNOWN")
    assert registry("GET", "/v2/").status == 200


def test_a_database_that_is_gone_is_not_made_anew_over_content(tmp_path: Path) -> None:
    with Driver(tmp_path) as registry:
        push_image(registry, "app", "v1")
    (tmp_path / "registry.db").rename(tmp_path / "elsewhere")
    for remains in tmp_path.glob("registry.db-*"):
        remains.unlink()
    with pytest.raises(InvalidSettings, match="is gone"):
        Registry.open(tmp_path, Settings())
    with pytest.raises(InvalidSettings, match="is gone"):
        check(tmp_path)
    assert not (tmp_path / "registry.db").exists()
    (tmp_path / "elsewhere").rename(tmp_path / "registry.db")
    with Driver(tmp_path) as registry:
        assert registry("GET", "/v2/app/manifests/v1").status == 200


def test_a_folder_that_was_made_and_got_no_database_yet_gets_one(tmp_path: Path) -> None:
    Layout(tmp_path).close()
    Registry.open(tmp_path, Settings()).close()
    assert (tmp_path / "registry.db").exists()
