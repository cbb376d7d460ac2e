"""A folder that an older boxship wrote becomes today's and loses nothing; one of a newer boxship is left alone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.server.storage import locks
from boxship.server.storage.layout import Layout
from boxship.server.upkeep.backup import backup
from boxship.server.upkeep.check import check
from boxship.server.upkeep.export import export
from boxship.server.upkeep.place import Place
from boxship.server.upkeep.repair import repair
from boxship.server.upkeep.restore import restore
from tests.server.content import descriptor, digest, image, push_image
from tests.server.driver import Driver
from tests.server.test_schema import FIRST

LAYER = b"layer" * 1000
MANIFEST = image(LAYER)
SIGNATURE = image(LAYER, subject=descriptor(MANIFEST, media_type.OCI_MANIFEST))


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A folder as the first version of it was written, with an image, its signature and an upload."""
    folder = tmp_path / "registry"
    write_first(folder)
    return folder


def write_first(folder: Path) -> None:
    for name in ("uploads", *(f"blobs/{algorithm}/{n:02x}" for algorithm in ("sha256", "sha512") for n in range(256))):
        (folder / name).mkdir(parents=True)
    (folder / "LOCK").touch()
    (folder / "VERSION").write_text("1\n")
    (folder / "uploads" / "9e1b").write_bytes(b"begun")
    with closing(sqlite3.connect(folder / "registry.db")) as connection:
        connection.executescript(FIRST.partition("INSERT")[0])
        connection.execute("INSERT INTO repo VALUES (1, 'team/app')")
        for content in (b"{}", LAYER):
            _keep(folder, connection, content)
        for manifest in (MANIFEST, SIGNATURE):
            name, kind = digest(manifest), media_type.OCI_MANIFEST
            connection.execute("INSERT INTO manifest VALUES (1, ?, ?, ?)", (name, kind, manifest))
            references = [(name, digest(content)) for content in (b"{}", LAYER)]
            connection.executemany("INSERT INTO manifest_ref VALUES (1, ?, ?)", references)
        connection.execute("INSERT INTO tag VALUES (1, 'v1', ?)", (digest(MANIFEST),))
        connection.execute("INSERT INTO upload VALUES ('9e1b', 'team/app', 5, 1e10, 1e10)")
        connection.commit()


def _keep(folder: Path, connection: sqlite3.Connection, content: bytes) -> None:
    name = Digest.parse(digest(content))
    file = folder / "blobs" / name.algorithm / name.hex[:2] / name.hex
    file.write_bytes(content)
    file.chmod(0o444)
    connection.execute("INSERT INTO blob VALUES (?, ?, ?)", (str(name), len(content), file.stat().st_mtime_ns))
    connection.execute("INSERT INTO repo_blob VALUES (1, ?)", (str(name),))


def test_what_the_first_version_wrote_is_served_and_pushed_to(first: Path) -> None:
    with Driver(first) as registry:
        assert registry("GET", "/v2/team/app/manifests/v1").body == MANIFEST
        assert registry("GET", f"/v2/team/app/blobs/{digest(LAYER)}").body == LAYER
        referrers = registry("GET", f"/v2/team/app/referrers/{digest(MANIFEST)}").json()["manifests"]
        assert [entry["digest"] for entry in referrers] == [digest(SIGNATURE)]
        assert registry("PUT", f"/v2/team/app/blobs/uploads/9e1b?digest={digest(b'begun')}").status == 201
        push_image(registry, "team/app", "v2", layer=b"new")
    assert (first / "VERSION").read_text() == "2\n"
    assert check(first, verify=True, grace=0).findings == ()


def test_an_older_folder_gets_what_it_lacks_and_its_number_before_its_database_changes(first: Path) -> None:
    Layout(first).close()
    assert (first / "VERSION").read_text() == "2\n"
    assert (first / "trash").is_dir()
    with closing(sqlite3.connect(first / "registry.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    # As if the process had been killed there.
    with Driver(first) as registry:
        assert registry("GET", "/v2/team/app/manifests/v1").body == MANIFEST


def test_an_older_folder_that_is_in_use_is_left_as_it_is(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxship.server.storage.layout._PATIENCE", 0.05)
    older = os.open(first / "LOCK", os.O_RDWR)
    try:
        assert locks.lock(older)
        with pytest.raises(InvalidSettings, match="another registry uses this folder"):
            Layout(first)
    finally:
        os.close(older)
    assert (first / "VERSION").read_text() == "1\n"


@pytest.mark.parametrize("action", ["check", "repair", "backup", "export", "restore"])
def test_who_looks_after_an_older_folder_is_told_to_serve_it_and_changes_nothing(
    first: Path, tmp_path: Path, action: str
) -> None:
    actions: dict[str, Callable[[], object]] = {
        "check": lambda: check(first),
        "repair": lambda: repair(first),
        "backup": lambda: backup(Place(first), tmp_path / "made"),
        "export": lambda: export(Place(first), tmp_path / "made"),
        "restore": lambda: restore(first, Place(tmp_path / "made")),
    }
    with pytest.raises(InvalidSettings, match=r"it is of version 1.* brings it up to date"):
        actions[action]()
    assert (first / "VERSION").read_text() == "1\n"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(("version", "why"), [("3\n", "layout is version 3, this boxship knows 2"), ("x", "no number")])
def test_a_newer_folder_is_refused_and_left_as_it_is(first: Path, version: str, why: str) -> None:
    (first / "VERSION").write_text(version)
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()}
    command = [sys.executable, "-m", "boxship.server", "--address", "127.0.0.1:0", "--disk", str(first)]
    for more in ([], ["--workers", "2"]):
        ended = subprocess.run([*command, *more], capture_output=True, text=True, timeout=30, check=False)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert why in ended.stderr
        assert "Traceback" not in ended.stderr
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()} == before
