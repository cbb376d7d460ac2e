"""What `check` says of a folder that was tampered with, and what `repair` makes of it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import ContentMismatch, InvalidSettings
from boxship.server.storage.soundness import digest_file
from boxship.server.upkeep.check import Fault, check
from boxship.server.upkeep.repair import repair
from tests.server.content import digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver

LAYER = b"layer" * 1000
NAME = digest(LAYER)
CONFIG = digest(b"{}")


def file_of(registry: Driver, name: str) -> Path:
    algorithm, _, value = name.partition(":")
    return registry.folder / "blobs" / algorithm / value[:2] / value


def overwrite(path: Path, content: bytes, *, keep_time: bool = False) -> None:
    times = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def change(registry: Driver, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(registry.folder / "registry.db")) as connection, connection:
        connection.execute(statement, values)


def faults(registry: Driver, *, verify: bool = False) -> list[tuple[Fault, str]]:
    return [(finding.fault, finding.name) for finding in check(registry.folder, verify=verify, grace=0).findings]


@pytest.fixture
def pushed(registry: Driver) -> Driver:
    push_image(registry, "app", "v1", layer=LAYER)
    return registry


def test_a_whole_registry_has_no_findings_also_while_it_serves(pushed: Driver) -> None:
    report = check(pushed.folder, verify=True, grace=0)
    assert (report.blobs, report.manifests, report.findings, report.damage) == (2, 1, (), ())


def test_a_database_that_contradicts_itself_is_found_where_all_is_verified(pushed: Driver) -> None:
    with closing(sqlite3.connect(pushed.folder / "registry.db")) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'tag_digest'")  # whose page is then nobody's
        connection.commit()
    assert faults(pushed) == []
    assert faults(pushed, verify=True) == [(Fault.INCONSISTENT, "registry.db")]


def test_a_file_that_is_not_there_is_found(pushed: Driver) -> None:
    file_of(pushed, NAME).unlink()
    assert faults(pushed) == [(Fault.LOST, NAME)]


def test_a_file_of_another_size_is_found(pushed: Driver) -> None:
    overwrite(file_of(pushed, NAME), LAYER[:-1], keep_time=True)
    assert faults(pushed) == [(Fault.RESIZED, NAME)]


def test_a_file_that_was_written_to_is_hashed(pushed: Driver) -> None:
    overwrite(file_of(pushed, CONFIG), b"{}")
    overwrite(file_of(pushed, NAME), LAYER[::-1])
    assert faults(pushed) == [(Fault.DAMAGED, NAME)]


def test_rot_is_found_when_every_file_is_hashed(pushed: Driver) -> None:
    overwrite(file_of(pushed, NAME), LAYER[::-1], keep_time=True)
    assert faults(pushed) == []
    assert faults(pushed, verify=True) == [(Fault.DAMAGED, NAME)]


@pytest.mark.parametrize(
    ("error", "fault"), [(OSError(errno.EIO, "I/O error"), Fault.UNREADABLE), (FileNotFoundError(), Fault.LOST)]
)
def test_a_file_that_cannot_be_read_is_one_of_the_findings(
    pushed: Driver, monkeypatch: pytest.MonkeyPatch, error: OSError, fault: Fault
) -> None:
    def read(path: Path, algorithm: str) -> Digest:
        if path == file_of(pushed, NAME):
            raise error
        return digest_file(path, algorithm)

    monkeypatch.setattr("boxship.server.upkeep.file_check.digest_file", read)
    assert faults(pushed, verify=True) == [(fault, NAME)]
    assert check(pushed.folder, verify=True).damage


@pytest.mark.parametrize("look", [check, repair])
def test_a_damaged_database_is_told_as_such(tmp_path: Path, look: Callable[[Path], object]) -> None:
    (tmp_path / "registry.db").write_bytes(b"something else" * 1000)
    with pytest.raises(ContentMismatch, match=r"registry\.db is damaged: file is not a database"):
        look(tmp_path)


def test_content_that_a_manifest_lacks_is_found(pushed: Driver) -> None:
    manifest = digest(image(LAYER))
    change(pushed, "DELETE FROM repo_blob WHERE digest = ?", NAME)
    report = check(pushed.folder)
    assert [(found.fault, found.name, found.detail) for found in report.damage] == [
        (Fault.INCOMPLETE, f"app@{manifest}", NAME)
    ]


def test_a_manifest_of_an_index_may_be_deleted_and_is_no_damage(pushed: Driver) -> None:
    child = image(LAYER)
    push_manifest(pushed, "app", "all", index(child), "application/vnd.oci.image.index.v1+json")
    assert pushed("DELETE", f"/v2/app/manifests/{digest(child)}").status == 202
    report = check(pushed.folder)
    assert [found.fault for found in report.findings] == [Fault.PARTIAL]
    assert report.damage == ()


def test_layers_that_are_to_be_had_elsewhere_are_not_missed(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    layer = {
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "digest": NAME,
        "size": 1,
        "urls": ["https://x.test/"],
    }
    assert push_manifest(registry, "app", "v1", image(layers=[layer])).status == 201
    assert faults(registry) == []


def test_a_body_that_was_altered_in_the_database_is_found(pushed: Driver) -> None:
    change(pushed, "UPDATE manifest SET body = CAST('{}' AS BLOB)")
    assert faults(pushed) == [(Fault.FALSIFIED, f"app@{digest(image(LAYER))}")]


def test_files_that_nothing_has_are_found_once_they_are_old(pushed: Driver) -> None:
    orphan = file_of(pushed, digest(b"orphan"))
    orphan.parent.mkdir()
    orphan.write_bytes(b"orphan")
    (pushed.folder / "uploads" / "stray").write_bytes(b"")
    assert [fault for fault, _ in faults(pushed)] == [Fault.ORPHAN, Fault.STRAY]
    report = check(pushed.folder)
    assert report.findings == ()  # a push may be about to have them


def test_an_upload_whose_file_lacks_bytes_is_found(pushed: Driver) -> None:
    location = pushed("POST", "/v2/app/blobs/uploads/").location
    assert pushed("PATCH", location, LAYER).status == 202
    session = location.rpartition("/")[2]
    assert faults(pushed) == []
    os.truncate(pushed.folder / "uploads" / session, 10)
    assert faults(pushed) == [(Fault.CUT_SHORT, f"uploads/{session}")]


def test_what_is_no_registry_is_refused_and_left_alone(tmp_path: Path) -> None:
    for work in (check, repair):
        with pytest.raises(InvalidSettings, match="no registry's folder"):
            work(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_repaired_while_a_server_runs(pushed: Driver) -> None:
    file_of(pushed, NAME).unlink()
    with pytest.raises(InvalidSettings, match="another registry uses this folder"):
        repair(pushed.folder)
    assert faults(pushed) == [(Fault.LOST, NAME)]


@pytest.mark.parametrize("damage", ["lost", "cut", "rotten"])
def test_what_was_damaged_is_absent_after_a_repair_set_aside_and_mended_by_the_next_push(
    tmp_path: Path, damage: str
) -> None:
    with Driver(tmp_path / "registry") as registry:
        manifest = push_image(registry, "app", "v1", layer=LAYER)
    file = file_of(registry, NAME)
    if damage == "lost":
        file.unlink()
    else:
        overwrite(file, LAYER[:-1] if damage == "cut" else LAYER[::-1], keep_time=True)
    found = repair(registry.folder, verify=True).findings
    assert [finding.name for finding in found] == [NAME]
    assert not file.exists()
    aside = list((registry.folder / "quarantine").glob("*")) if damage != "lost" else []
    assert len(aside) == (damage != "lost")
    # Which images lack it is told, too.
    assert faults(registry) == [(Fault.CONDEMNED, NAME), (Fault.INCOMPLETE, f"app@{digest(manifest)}")]
    with Driver(tmp_path / "registry") as registry:
        assert registry("HEAD", f"/v2/app/blobs/{NAME}").status == 404
        push_blob(registry, "app", LAYER)
        assert registry("GET", f"/v2/app/blobs/{NAME}").body == LAYER
        assert registry("GET", "/v2/app/manifests/v1").body == manifest
        assert faults(registry, verify=True) == []


def test_a_falsified_manifest_is_kept_aside_and_forgotten(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry") as registry:
        push_image(registry, "app", "v1", layer=LAYER)
    change(registry, "UPDATE manifest SET body = CAST('{}' AS BLOB)")
    repair(registry.folder)
    (aside,) = (registry.folder / "quarantine").iterdir()
    assert aside.read_bytes() == b"{}"
    assert faults(registry) == []
    with Driver(tmp_path / "registry") as registry:
        assert registry("GET", "/v2/app/manifests/v1").status == 404


def test_a_manifest_is_forgotten_only_when_its_copy_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Driver(tmp_path / "registry") as registry:
        push_image(registry, "app", "v1", layer=LAYER)
        change(registry, "UPDATE manifest SET body = ?", b"falsified")
    seen: list[tuple[str, int]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        with closing(sqlite3.connect(registry.folder / "registry.db")) as connection:
            (there,) = connection.execute("SELECT count(*) FROM manifest").fetchone()
        seen.append((os.path.realpath(f"/proc/self/fd/{descriptor}"), there))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    repair(registry.folder)
    (copy,) = (registry.folder / "quarantine").iterdir()
    assert copy.read_bytes() == b"falsified"
    assert seen[-3:] == [(str(each), 1) for each in (registry.folder, copy, copy.parent)]


def test_uploads_that_nobody_can_go_on_with_go_and_others_stay(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry") as registry:
        kept, lost = (registry("POST", "/v2/app/blobs/uploads/").location for _ in range(2))
        for location in (kept, lost):
            assert registry("PATCH", location, LAYER[:100]).status == 202
    (registry.folder / "uploads" / lost.rpartition("/")[2]).unlink()
    (registry.folder / "uploads" / "stray").write_bytes(b"")
    repair(registry.folder)
    assert faults(registry) == []
    with Driver(tmp_path / "registry") as registry:
        assert registry("GET", kept).status == 204
        assert registry("GET", lost).status == 404
