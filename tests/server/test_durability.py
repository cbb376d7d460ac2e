"""What a crash leaves behind: nothing acknowledged is lost, nothing else is believed."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.server.app import failed
from boxship.server.registry import Registry, Settings
from boxship.server.storage import layout
from boxship.server.storage.layout import Layout
from tests.server.content import digest, push_blob, push_image
from tests.server.driver import Driver

CONTENT = b"0123456789" * 100
NAME = digest(CONTENT)
UPLOADS = "/v2/app/blobs/uploads/"


def files(registry: Driver) -> list[str]:
    return [file.name for file in (registry.folder / "uploads").iterdir()]


def upload(registry: Driver, content: bytes) -> tuple[str, Path]:
    """An open upload with `content` acknowledged: its location, and its file."""
    location = registry("POST", UPLOADS).location
    assert registry("PATCH", location, content).status == 202
    return location, registry.folder / "uploads" / location.rpartition("/")[2]


@contextmanager
def database(registry: Driver) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(registry.folder / "registry.db")) as connection, connection:
        yield connection


def test_what_was_pushed_is_there_after_a_restart(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1", layer=CONTENT)
    registry.reopen()
    assert registry("GET", "/v2/app/manifests/v1").body == manifest
    assert registry("GET", f"/v2/app/blobs/{NAME}").body == CONTENT


def test_an_upload_goes_on_after_a_restart(registry: Driver) -> None:
    location, _ = upload(registry, CONTENT[:400])
    registry.reopen()
    assert registry("GET", location).headers["range"] == "0-399"
    assert registry("PATCH", location, CONTENT[400:600], {"content-range": "400-599"}).status == 202
    assert registry("PUT", f"{location}?digest={NAME}", CONTENT[600:]).status == 201


def test_bytes_that_were_never_acknowledged_go(registry: Driver) -> None:
    location, file = upload(registry, CONTENT[:400])
    with file.open("ab") as stream:
        stream.write(b"written, then the power went")
    registry.reopen()
    assert registry("PUT", f"{location}?digest={NAME}", CONTENT[400:]).status == 201


def test_an_upload_whose_bytes_are_lost_is_over(registry: Driver) -> None:
    location, file = upload(registry, CONTENT[:400])
    file.write_bytes(CONTENT[:100])
    registry.reopen()
    assert registry("PATCH", location, CONTENT[400:]).refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry("GET", location).status == 404
    assert files(registry) == []


def test_files_of_uploads_without_a_row_are_swept(registry: Driver) -> None:
    _, kept = upload(registry, CONTENT)
    (registry.folder / "uploads" / "of-a-single-request").write_bytes(CONTENT)
    registry.reopen()
    assert files(registry) == [kept.name]


def test_a_blob_whose_row_was_never_written_is_not_there_and_can_be_pushed(registry: Driver) -> None:
    # A crash between the rename and the transaction.
    location, file = upload(registry, CONTENT)
    blob = registry.folder / "blobs" / "sha256" / NAME[7:9] / NAME[7:]
    blob.parent.mkdir()
    file.rename(blob)
    registry.reopen()
    assert registry("HEAD", f"/v2/app/blobs/{NAME}").status == 404
    assert registry("PUT", f"{location}?digest={NAME}").refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    push_blob(registry, "app", CONTENT)
    assert registry("GET", f"/v2/app/blobs/{NAME}").body == CONTENT


def test_altered_bytes_of_an_upload_do_not_become_a_blob(registry: Driver) -> None:
    location, file = upload(registry, CONTENT)
    file.write_bytes(CONTENT[::-1])
    registry.reopen()
    assert registry("PUT", f"{location}?digest={NAME}").refusal == (400, "DIGEST_INVALID")


def test_an_upload_that_nobody_goes_on_with_expires(registry: Driver) -> None:
    location, _ = upload(registry, CONTENT)
    with database(registry) as connection:
        connection.execute("UPDATE upload SET expires = 1")
    assert registry("GET", location).refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry("PATCH", location, CONTENT).status == 404
    other, file = upload(registry, CONTENT)  # the next one that begins clears up
    assert (registry("GET", other).status, files(registry)) == (204, [file.name])


def test_a_session_does_not_outlive_a_day(registry: Driver) -> None:
    location, _ = upload(registry, b"1")
    with database(registry) as connection:
        connection.execute("UPDATE upload SET started = started - 86400 + 1")
    assert registry("PATCH", location, b"2").status == 202
    with database(registry) as connection:
        (left,) = connection.execute("SELECT expires - started FROM upload").fetchone()
    assert left == 86400


def test_a_link_in_the_place_of_an_upload_is_not_followed(registry: Driver, tmp_path: Path) -> None:
    location, file = upload(registry, CONTENT[:400])
    (tmp_path / "victim").write_bytes(CONTENT)
    file.unlink()
    file.symlink_to(tmp_path / "victim")
    assert registry("PATCH", location, CONTENT[400:]).status == 500
    assert (tmp_path / "victim").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "no space"), 507),
        (OSError(errno.EDQUOT, "quota"), 507),
        (OSError(errno.EIO, "input/output error"), 500),
        (sqlite3.OperationalError("database is locked"), 503),
    ],
    ids=["full", "quota", "broken", "locked"],
)
def test_what_fails_below_is_answered_with_whose_fault_it_is(
    caplog: pytest.LogCaptureFixture, error: OSError | sqlite3.OperationalError, status: int
) -> None:
    answer = failed(error)
    assert (answer.status, b"UNKNOWN" in answer.body) == (status, True)
    assert caplog.records[0].exc_info


def test_whoever_needs_the_folder_alone_does_not_get_it_while_a_server_runs(registry: Driver) -> None:
    with pytest.raises(InvalidSettings, match="another registry uses this folder"):
        Layout(registry.folder, alone=True)
    assert registry("GET", "/v2/").status == 200


def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text("3\n")
    with pytest.raises(InvalidSettings, match="its layout is version 3"):
        Registry.open(tmp_path, Settings())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["LOCK", "VERSION"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidSettings, match="Not a directory"):
        Registry.open(tmp_path / "file" / "registry", Settings())


def test_only_the_owner_can_look_into_the_folder(registry: Driver) -> None:
    assert registry.folder.stat().st_mode & 0o777 == 0o700
    for name, mode in {"registry.db": 0o600, "LOCK": 0o600, "blobs": 0o700, "uploads": 0o700}.items():
        assert (registry.folder / name).stat().st_mode & 0o777 == mode


def test_writing_stops_with_the_registry(tmp_path: Path) -> None:
    with Driver(tmp_path) as registry:
        push_blob(registry, "app", CONTENT)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("names")]


def rows(registry: Driver) -> int:
    with database(registry) as connection:
        (found,) = connection.execute("SELECT count(*) FROM blob").fetchone()
    return int(found)


def test_bytes_are_durable_before_they_have_their_name_and_named_before_they_can_be_read(
    registry: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = registry.folder / "blobs" / "sha256" / NAME[7:9] / NAME[7:]
    steps: list[tuple[str, bool, int]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append((path.parent.name if path.is_file() else path.name, blob.exists(), rows(registry)))

    monkeypatch.setattr(os, "fsync", watched)
    push_blob(registry, "app", CONTENT)
    folder = [("sha256", False, 0)]  # of its blobs, which it is the first of
    assert steps == [("uploads", False, 0), *folder, (blob.parent.name, True, 0)]
    assert rows(registry) == 1


def test_a_process_makes_each_folder_of_blobs_durable_once_whoever_has_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob, fsynced = Digest.parse(NAME), list[str]()
    monkeypatch.setattr(layout, "fsync_folder", lambda folder: fsynced.append(folder.name))
    with closing(Layout(tmp_path / "registry")) as first:
        first.share()
        fsynced.clear()
        assert first.place(blob) == first.blob(blob)
        assert first.place(blob).parent.is_dir()
        with closing(Layout(tmp_path / "registry")) as second:
            fsynced.append("another process")
            second.place(blob)
    assert fsynced == ["sha256", "another process", "sha256"]


def test_bytes_that_could_not_be_made_durable_are_not_kept(registry: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "input/output error", descriptor)

    location, _ = upload(registry, CONTENT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert registry("PUT", f"{location}?digest={NAME}").refusal == (500, "UNKNOWN")
    assert registry("GET", location).status == 404
    assert registry("HEAD", f"/v2/app/blobs/{NAME}").status == 404
    assert files(registry) == []
    push_blob(registry, "app", CONTENT)


def test_an_upload_that_the_disk_refused_goes_on_where_it_was(
    registry: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite

    def fill_up(descriptor: int, content: memoryview, at: int) -> int:
        if at >= 500:
            raise OSError(errno.ENOSPC, "no space left on device")
        return pwrite(descriptor, content[: 500 - at], at)

    location, _ = upload(registry, CONTENT[:400])
    # Room is tried for at once here, not only after a while (`room`).
    monkeypatch.setattr("boxship.server.room._FULL", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fill_up)
        assert registry("PATCH", location, CONTENT[400:]).refusal == (507, "UNKNOWN")
    assert registry("GET", location).headers["range"] == "0-399"
    assert registry("PUT", f"{location}?digest={NAME}", CONTENT[400:]).status == 201
    assert registry("GET", f"/v2/app/blobs/{NAME}").body == CONTENT
