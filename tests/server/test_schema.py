"""The database's tables: made once, brought up to date, and refused where a newer boxship wrote them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from boxship import media_type
from boxship.errors import InvalidSettings
from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.server.database.schema import VERSION, prepare
from tests.server.content import descriptor, digest, image, index

# What the first version wrote, in whose database no number stands.
FIRST = """
CREATE TABLE repo (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE blob (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE repo_blob (
    repo_id INTEGER NOT NULL REFERENCES repo, digest TEXT NOT NULL REFERENCES blob, PRIMARY KEY (repo_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX repo_blob_digest ON repo_blob (digest);
CREATE TABLE manifest (
    repo_id INTEGER NOT NULL REFERENCES repo, digest TEXT NOT NULL, media_type TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (repo_id, digest)
) STRICT;
CREATE TABLE manifest_ref (
    repo_id INTEGER NOT NULL, parent TEXT NOT NULL, child TEXT NOT NULL, PRIMARY KEY (repo_id, parent, child),
    FOREIGN KEY (repo_id, parent) REFERENCES manifest (repo_id, digest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_ref_child ON manifest_ref (repo_id, child);
CREATE TABLE tag (
    repo_id INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repo_id, name),
    FOREIGN KEY (repo_id, digest) REFERENCES manifest (repo_id, digest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_digest ON tag (repo_id, digest);
CREATE TABLE upload (
    id TEXT PRIMARY KEY, repository TEXT NOT NULL, size INTEGER NOT NULL, started REAL NOT NULL, expires REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_repository ON upload (repository);
CREATE INDEX upload_expires ON upload (expires);
INSERT INTO repo VALUES (1, 'app');
INSERT INTO manifest VALUES (1, 'sha256:a', 'text/plain', x'7b7d');
INSERT INTO tag VALUES (1, 'v1', 'sha256:a');
"""


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def tables(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every table and index, with its columns."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL")]
    columns = 'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?)'
    return {name: sorted(connection.execute(columns, (name,)).fetchall()) for name in names}


def test_an_older_registry_gets_the_tables_of_a_new_one_and_keeps_what_it_has(tmp_path: Path) -> None:
    old, new = connect(tmp_path / "old.db"), connect(tmp_path / "new.db")
    old.executescript(FIRST)
    for connection in (old, new):
        prepare(connection, "registry.db")
    assert tables(old) == tables(new)
    assert old.execute("SELECT name, digest FROM tag").fetchall() == [("v1", "sha256:a")]


def test_an_older_registry_knows_how_much_it_has(tmp_path: Path) -> None:
    old = connect(tmp_path / "old.db")
    old.executescript(FIRST)
    old.execute("INSERT INTO repo VALUES (2, 'empty')")
    old.execute("INSERT INTO blob VALUES ('sha256:b', 40, 0)")
    old.execute("INSERT INTO repo_blob VALUES (1, 'sha256:b')")
    prepare(old, "registry.db")
    assert old.execute("SELECT bytes, tags FROM repo ORDER BY id").fetchall() == [(42, 1), (0, 0)]
    old.execute("DELETE FROM repo_blob")
    assert old.execute("SELECT bytes FROM repo WHERE id = 1").fetchone() == (2,)


def test_an_older_registrys_manifests_become_referrers(tmp_path: Path) -> None:
    subject = descriptor(b"subject", OCI_MANIFEST)
    signature = image(subject=subject, annotations={"by": "Zoë"})
    listing = index(signature, subject=subject, artifactType="text/x-list")
    plain = index(image())
    old = connect(tmp_path / "old.db")
    old.executescript(FIRST)
    for body, kind in ((signature, OCI_MANIFEST), (listing, OCI_INDEX), (plain, OCI_INDEX)):
        old.execute("INSERT INTO manifest VALUES (1, ?, ?, ?)", (digest(body), kind, body))
    old.execute("INSERT INTO manifest_ref VALUES (1, ?, ?)", (digest(listing), digest(signature)))
    old.execute("INSERT INTO manifest_ref VALUES (1, ?, ?)", (digest(signature), digest(b"{}")))

    prepare(old, "registry.db")

    query = "SELECT digest, subject, artifact_type, annotations FROM manifest WHERE digest <> 'sha256:a'"
    assert set(old.execute(query)) == {
        (digest(signature), digest(b"subject"), media_type.OCI_CONFIG, '{"by": "Zoë"}'),
        (digest(listing), digest(b"subject"), "text/x-list", ""),
        (digest(plain), None, "", ""),
    }
    assert set(old.execute("SELECT parent, child, kind FROM manifest_ref")) >= {
        (digest(listing), digest(signature), "manifest"),
        (digest(signature), digest(b"{}"), "blob"),
    }


def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "registry.db")
    prepare(connection, "registry.db")
    before = tables(connection)
    prepare(connection, "registry.db")
    assert tables(connection) == before
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_what_a_newer_boxship_wrote_is_refused_and_left_alone(tmp_path: Path) -> None:
    connection = connect(tmp_path / "registry.db")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(InvalidSettings, match=f"version {VERSION + 1}, this boxship knows {VERSION}"):
        prepare(connection, "registry.db")
    assert tables(connection) == {}
    assert not connection.in_transaction


def test_processes_that_open_a_registry_at_once_make_it_once(tmp_path: Path) -> None:
    source = (
        "import sqlite3, sys; from boxship.server.database.schema import prepare\n"
        "prepare(sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None), 'x')"
    )
    command = [sys.executable, "-c", source, str(tmp_path / "registry.db")]
    running = [subprocess.Popen(command) for _ in range(6)]
    assert [process.wait(30) for process in running] == [0] * 6


def test_a_failure_in_the_middle_leaves_the_older_registry(tmp_path: Path) -> None:
    connection = connect(tmp_path / "registry.db")
    connection.executescript(FIRST)
    connection.execute("CREATE TABLE lease (name TEXT)")  # which the new version would make
    with pytest.raises(sqlite3.OperationalError, match="lease"):
        prepare(connection, "registry.db")
    assert "subject" not in {column[0] for column in tables(connection)["manifest"]}
