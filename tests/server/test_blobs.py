"""Blobs out: whole, in ranges, as files; damaged ones not at all, until they are pushed again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.server.content import digest, push_blob, push_image
from tests.server.driver import Driver

CONTENT = bytes(range(250)) * 20  # 5000 bytes
NAME = digest(CONTENT)
BLOB = f"/v2/app/blobs/{NAME}"


@pytest.fixture
def pushed(registry: Driver) -> Driver:
    push_blob(registry, "app", CONTENT)
    return registry


def file_of(registry: Driver, name: str = NAME) -> Path:
    algorithm, _, value = name.partition(":")
    return registry.folder / "blobs" / algorithm / value[:2] / value


def damage(file: Path, content: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(content)
    # Some file systems count time in steps that a test is quicker than.
    later = time.time_ns() + 2_000_000_000
    os.utime(file, ns=(later, later))


def test_a_blob_comes_back_with_its_headers(pushed: Driver) -> None:
    reply = pushed("GET", BLOB)
    assert (reply.status, reply.body) == (200, CONTENT)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-length"] == "5000"
    assert reply.headers["docker-content-digest"] == NAME
    assert reply.headers["etag"] == f'"{NAME}"'
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["cache-control"] == "max-age=31536000, immutable"


def test_head_says_the_same_without_the_body(pushed: Driver) -> None:
    head = pushed("HEAD", BLOB)
    assert (head.status, head.headers, head.body) == (200, pushed("GET", BLOB).headers, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=500-1499", 500, 1500),
        ("bytes=500-", 500, 5000),
        ("bytes=-500", 4500, 5000),
        ("bytes=2000-9999", 2000, 5000),
        ("bytes=0-0", 0, 1),
    ],
)
def test_a_range_is_served(pushed: Driver, asked: str, start: int, stop: int) -> None:
    reply = pushed("GET", BLOB, headers={"range": asked})
    assert (reply.status, reply.body) == (206, CONTENT[start:stop])
    assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/5000"
    assert reply.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("asked", ["bytes=500-0", "bytes=5000-10000", "bytes=5000-", "bytes=-0"])
def test_a_range_that_is_not_there_is_refused(pushed: Driver, asked: str) -> None:
    reply = pushed("GET", BLOB, headers={"range": asked})
    assert (reply.status, reply.headers["content-range"]) == (416, "bytes */5000")


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,3-4",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(500)),
        "lines=1-2",
        "bytes=x",
        "bytes=" + "9" * 300 + "-",
    ],
    ids=["two", "five hundred", "no bytes", "no numbers", "too long"],
)
def test_what_is_no_single_range_gets_the_whole(pushed: Driver, asked: str) -> None:
    reply = pushed("GET", BLOB, headers={"range": asked})
    assert (reply.status, reply.body) == (200, CONTENT)


def test_head_has_no_ranges(pushed: Driver) -> None:
    assert pushed("HEAD", BLOB, headers={"range": "bytes=0-1"}).status == 200


def test_who_has_the_blob_is_not_sent_it_again(pushed: Driver) -> None:
    assert pushed("GET", BLOB, headers={"if-none-match": f'"{NAME}"'}).status == 304


def test_a_blob_is_its_repositories_own(pushed: Driver) -> None:
    assert pushed("GET", BLOB.replace("app", "other")).refusal == (404, "BLOB_UNKNOWN")
    assert pushed("DELETE", BLOB.replace("app", "other")).refusal == (404, "BLOB_UNKNOWN")


def test_what_is_no_digest_is_refused(pushed: Driver) -> None:
    for name in ("sha256:x", "sha256:" + "F" * 64, "latest"):
        assert pushed("GET", f"/v2/app/blobs/{name}").refusal == (400, "DIGEST_INVALID")


def test_a_deleted_blob_is_gone_from_its_repository_only(pushed: Driver) -> None:
    push_blob(pushed, "other", CONTENT)
    assert pushed("DELETE", BLOB).status == 202
    assert pushed("HEAD", BLOB).status == 404
    assert pushed("DELETE", BLOB).refusal == (404, "BLOB_UNKNOWN")
    assert pushed("GET", BLOB.replace("app", "other")).body == CONTENT


def test_a_blob_in_use_cannot_be_deleted(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1", layer=CONTENT)
    reply = registry("DELETE", BLOB)
    assert reply.refusal == (405, "UNSUPPORTED")
    assert reply.json()["errors"][0]["detail"] == {"manifests": [digest(manifest)]}
    registry("DELETE", f"/v2/app/manifests/{digest(manifest)}")
    assert registry("DELETE", BLOB).status == 202


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT[::-1]], ids=["empty", "short", "altered"])
@pytest.mark.in_files
def test_a_damaged_blob_is_not_there_until_it_is_pushed_again(pushed: Driver, damaged: bytes) -> None:
    damage(file_of(pushed), damaged)
    assert pushed("HEAD", BLOB).status == 404
    assert pushed("GET", BLOB).refusal == (404, "BLOB_UNKNOWN")
    assert pushed("POST", f"/v2/other/blobs/uploads/?mount={NAME}&from=app").status == 202
    push_blob(pushed, "app", CONTENT)
    assert pushed("GET", BLOB).body == CONTENT


@pytest.mark.in_files
def test_a_blob_whose_file_is_gone_can_be_pushed_again(pushed: Driver) -> None:
    file_of(pushed).unlink()
    assert pushed("HEAD", BLOB).status == 404
    push_blob(pushed, "app", CONTENT)
    assert pushed("GET", BLOB).body == CONTENT


@pytest.mark.in_files
def test_a_blob_that_was_put_back_is_as_good(pushed: Driver) -> None:
    damage(file_of(pushed), CONTENT)
    assert pushed("GET", BLOB).body == CONTENT
    assert pushed("HEAD", BLOB).status == 200


@pytest.mark.in_files
def test_a_blob_is_read_only_on_disk(pushed: Driver) -> None:
    assert file_of(pushed).stat().st_mode & 0o777 == 0o444
