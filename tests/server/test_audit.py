"""The audit log: who changed what and who was refused, written before they are answered."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from boxship import media_type
from boxship.errors import InvalidSettings
from boxship.server.audit import AuditLog
from boxship.server.registry import Settings
from tests.server.content import digest, image
from tests.server.driver import Driver
from tests.server.people import add, basic
from tests.server.running import ask, connect, forked
from tests.server.test_tokens import key_file

BLOB = b"a layer"


@contextmanager
def audited(folder: Path, log: str = "", **settings: Any) -> Iterator[Driver]:
    """A registry with an audit log, where ana may do everything and bob may pull."""
    add(folder / "disk", "ana", push="**", delete="**")
    add(folder / "disk", "bob", pull="**")
    told = Settings(audit_log=log or str(folder / "audit"), allow_delete=True, **settings)
    with Driver(folder / "disk", settings=told) as driver:
        yield driver


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit").read_text().splitlines()]


def told(folder: Path, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(line[name] for name in names) for line in lines(folder)]


def push(driver: Driver, name: str = "ana", content: bytes = BLOB) -> int:
    return driver("POST", f"/v2/app/blobs/uploads/?digest={digest(content)}", content, basic(name)).status


def test_each_change_has_a_line_before_it_is_answered(tmp_path: Path) -> None:
    with audited(tmp_path) as driver:
        assert push(driver) == 201
        assert told(tmp_path, "event", "user", "repository", "digest", "status") == [
            ("upload", "ana", "app", digest(BLOB), 201)
        ]
        push(driver, content=b"{}")
        manifest, headers = image(BLOB), {"content-type": media_type.OCI_MANIFEST, **basic("ana")}
        assert driver("PUT", "/v2/app/manifests/v1?tag=v2", manifest, headers).status == 201
        assert told(tmp_path, "event", "name", "tags", "digest")[-1] == ("push", "v1", ["v2"], digest(manifest))
        for name in ("v1", digest(manifest)):
            assert driver("DELETE", f"/v2/app/manifests/{name}", headers=basic("ana")).status == 202
            assert told(tmp_path, "event", "user", "name")[-1] == ("delete", "ana", name)


def test_an_upload_has_one_line_and_only_when_it_is_whole(tmp_path: Path) -> None:
    with audited(tmp_path) as driver:
        begun = driver("POST", "/v2/app/blobs/uploads/", headers=basic("ana"))
        driver("PATCH", begun.location, BLOB, basic("ana"))
        assert lines(tmp_path) == []
        assert driver("PUT", f"{begun.location}?digest={digest(BLOB)}", headers=basic("ana")).status == 201
    assert told(tmp_path, "event", "method", "digest") == [("upload", "PUT", digest(BLOB))]


def test_pulls_and_who_has_not_said_yet_who_they_are_leave_no_line(tmp_path: Path) -> None:
    with audited(tmp_path) as driver:
        assert driver("GET", "/v2/app/tags/list").status == 401
        assert driver("GET", "/v2/", headers=basic("bob")).status == 200
        assert driver("GET", "/v2/app/tags/list", headers=basic("bob")).status == 404
    assert lines(tmp_path) == []


def test_who_is_refused_is_told_with_who_they_said_that_they_are(tmp_path: Path) -> None:
    with audited(tmp_path) as driver:
        assert push(driver, "bob") == 403
        assert driver("GET", "/v2/", headers=basic("eve\n", "secret")).status == 401
        assert driver("GET", "/v2/", headers={"authorization": "Bearer secret"}).status == 401
        assert driver("GET", "/v2/", headers={"authorization": "Basic c2VjcmV0"}).status == 401
    assert told(tmp_path, "event", "user", "status") == [
        ("refused", "bob", 403),
        ("refused", "eve%0A", 401),
        ("refused", "", 401),
        ("refused", "", 401),
    ]
    assert "secret" not in (tmp_path / "audit").read_text()


def test_who_shows_no_credential_leaves_no_line_however_they_are_refused(tmp_path: Path) -> None:
    with Driver(tmp_path / "disk", settings=Settings(audit_log=str(tmp_path / "audit"), anonymous=("pull",))) as driver:
        assert driver("POST", "/v2/app/blobs/uploads/").status == 403
        assert driver("GET", "/v2/", headers={"origin": "http://evil.example"}).status == 403
    assert lines(tmp_path) == []


def test_who_is_refused_again_and_again_is_counted(tmp_path: Path) -> None:
    now = [1000.0]

    def refused(*, times: int) -> None:
        headers = {"authorization": "Bearer x", "origin": "http://evil.example"}
        for _ in range(times):
            assert driver("GET", "/v2/" + "|" * 1000, headers=headers).status == 403

    settings = Settings(audit_log=str(tmp_path / "audit"))
    add(tmp_path / "disk", "ana", push="**")
    with Driver(tmp_path / "disk", settings=settings, clock=lambda: now[0]) as driver:
        refused(times=100)
        assert told(tmp_path, "event", "left_out") == [("refused", 0)] * 60
        driver.client = "10.0.0.7"
        refused(times=1)
        now[0] += 60
        refused(times=63)
        assert told(tmp_path, "client", "left_out")[60:] == [("10.0.0.7", 40), *[("10.0.0.7", 0)] * 60]
    assert told(tmp_path, "event", "client", "left_out")[121:] == [("refused", "", 3)]
    assert max(len(line["path"]) for line in lines(tmp_path)) <= 200


def test_a_token_for_a_password_is_a_log_in_and_one_for_anybody_is_none(tmp_path: Path) -> None:
    with audited(tmp_path, token_key=(key_file(tmp_path),)) as driver:
        assert driver("GET", "/auth/token?scope=repository:app:pull").status == 200
        assert driver("GET", "/auth/token?scope=repository:app:pull", headers=basic("bob")).status == 200
    assert told(tmp_path, "event", "user", "path") == [("log in", "bob", "/auth/token")]


def test_a_quota_that_is_passed_is_a_refusal(tmp_path: Path) -> None:
    with audited(tmp_path, quota_bytes=("3",)) as driver:
        assert push(driver) == 403
    assert told(tmp_path, "event", "user") == [("refused", "ana")]


def test_what_is_stored_while_its_request_is_ended_has_its_line(tmp_path: Path) -> None:
    manifest, headers = image(BLOB), {"content-type": media_type.OCI_MANIFEST, **basic("ana")}
    with audited(tmp_path) as driver, closing(sqlite3.connect(tmp_path / "disk" / "registry.db")) as other:
        for content in (BLOB, b"{}"):
            push(driver, content=content)

        async def end_it_while_somebody_else_writes() -> None:
            other.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(driver.ask("PUT", "/v2/app/manifests/v1", manifest, headers))
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.sleep(0.1)
            other.rollback()
            await asyncio.wait((task,))
            assert task.cancelled()

        driver.run(end_it_while_somebody_else_writes())
        assert driver("GET", "/v2/app/manifests/v1", headers=basic("bob")).status == 200
    assert told(tmp_path, "event", "name")[-1] == ("push", "v1")


def test_an_upload_whose_request_is_ended_ends_without_its_body(tmp_path: Path) -> None:
    with audited(tmp_path) as driver:
        location = driver("POST", "/v2/app/blobs/uploads/", headers=basic("ana")).location

        async def end_it() -> float:
            asking = driver.ask("PUT", f"{location}?digest={digest(BLOB)}", [BLOB[:3]], basic("ana"), end="never")
            task = asyncio.create_task(asking)
            await asyncio.sleep(0.3)
            before = time.monotonic()
            task.cancel()
            await asyncio.wait((task,))
            return time.monotonic() - before

        assert driver.run(end_it()) < 5
        # What had come is there to go on with.
        assert driver("GET", location, headers=basic("ana")).headers["range"] == "0-2"
        assert driver("PUT", f"{location}?digest={digest(BLOB)}", BLOB[3:], basic("ana")).status == 201


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    with audited(tmp_path) as driver:
        push(driver)
        (tmp_path / "audit").rename(tmp_path / "audit.1")
        push(driver, content=b"another")
        assert told(tmp_path, "digest") == [(digest(b"another"),)]
    assert json.loads((tmp_path / "audit.1").read_text())["digest"] == digest(BLOB)


def test_nothing_is_changed_while_it_cannot_be_written_and_no_line_is_lost(tmp_path: Path) -> None:
    link = tmp_path / "audit"
    link.symlink_to("/dev/full")
    with audited(tmp_path) as driver:
        assert push(driver) == 201  # nobody knew yet
        assert push(driver, content=b"2") == 507
        assert driver("HEAD", f"/v2/app/blobs/{digest(BLOB)}", headers=basic("bob")).status == 200
        assert driver("HEAD", f"/v2/app/blobs/{digest(b'2')}", headers=basic("bob")).status == 404
        link.unlink()  # there is room again
        assert push(driver, content=b"3") == 201
    assert told(tmp_path, "digest") == [(digest(BLOB),), (digest(b"3"),)]


def test_a_folder_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="--audit-log FILE"):
        AuditLog(tmp_path / "none" / "audit")


def test_a_pipe_that_nobody_reads_is_said_at_the_start_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "audit")
    with pytest.raises(InvalidSettings, match="No such device"):
        AuditLog(tmp_path / "audit")


def test_workers_write_to_one_file_what_their_answers_are_called(tmp_path: Path) -> None:
    log = tmp_path / "audit"
    named = set()
    with forked(tmp_path / "disk", "--workers", "2", "--audit-log", str(log)) as (_, address):
        for number in range(20):
            content = b"%d" % number
            connection = connect(address)
            connection.request("POST", f"/v2/app/blobs/uploads/?digest={digest(content)}", content)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (201, b"")
            named.add(answer.headers["X-Request-Id"])
            connection.close()
        assert ask(address, "GET", "/v2/")[0] == 200
    assert len(named) == 20
    assert {line["id"] for line in lines(tmp_path)} == named
