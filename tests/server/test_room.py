"""A disk that fills: nothing more is taken before it is full, what is there is served, and room is noticed."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from boxship.server.registry import Settings
from boxship.server.room import Room
from tests.server.content import digest, push_blob, push_image
from tests.server.driver import Driver

GIB = 1024**3
PLENTY = 1 << 60


class Disk:
    """A disk as it is said to be, and the time at which somebody asks."""

    def __init__(self, total: int, free: int) -> None:
        self.total, self.free = total, free
        self.now = 0.0
        self.looks = 0

    def look(self, _: Path) -> tuple[int, int]:
        self.looks += 1
        return self.total, self.free

    def room(self, reserve: int | None = None) -> Room:
        return Room(Path(), reserve, look=self.look, clock=lambda: self.now)


def left(room: Room, needed: int = 0) -> bool:
    return asyncio.run(room.is_left(needed))


@pytest.mark.parametrize(
    ("total", "reserve", "expected"),
    [(1000 * GIB, None, GIB), (10 * GIB, None, GIB // 5), (1000 * GIB, 7, 7), (1000 * GIB, 0, 0)],
    ids=["a large disk", "a small disk", "as told", "none"],
)
def test_a_reserve_is_left_free(total: int, reserve: int | None, expected: int) -> None:
    assert left(Disk(total, expected + 10).room(reserve), 10)
    assert not left(Disk(total, expected + 10).room(reserve), 11)
    assert not left(Disk(total, expected - 1).room(reserve))


def test_room_is_noticed_within_a_second_and_asked_for_no_more_often() -> None:
    disk = Disk(1000 * GIB, GIB - 1)
    room = disk.room()
    disk.free = 2 * GIB
    assert [left(room) for _ in range(100)] == [False] * 100
    assert disk.looks == 1
    disk.now = 1.0
    assert left(room)
    disk.free = 0
    disk.now = 2.0
    assert not left(room)


def test_a_disk_that_says_it_is_full_is_believed_for_a_while() -> None:
    disk = Disk(1000 * GIB, 500 * GIB)
    room = disk.room()
    room.ran_out()
    assert not left(room)
    disk.now = 4.9
    assert not left(room)
    disk.now = 5.0
    assert left(room)


def test_a_full_registry_is_read_and_emptied_but_takes_nothing(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", allow_delete=True) as registry:
        manifest = push_image(registry, "app", "v1", "v2")
        session = registry("POST", "/v2/app/blobs/uploads/").location
    with Driver(tmp_path / "registry", settings=Settings(allow_delete=True, reserve=PLENTY)) as registry:
        for method, target in (
            ("POST", "/v2/app/blobs/uploads/"),
            ("POST", f"/v2/app/blobs/uploads/?digest={digest(b'new')}"),
            ("POST", f"/v2/other/blobs/uploads/?mount={digest(b'layer')}&from=app"),
            ("PATCH", session),
            ("PUT", f"{session}?digest={digest(b'new')}"),
            ("PUT", "/v2/app/manifests/v3"),
        ):
            reply = registry(method, target, b"new")
            assert (reply.status, reply.headers["connection"]) == (507, "close")
        assert registry("GET", session).status == 204
        assert registry("GET", "/v2/app/manifests/v1").body == manifest
        assert registry("DELETE", "/v2/app/manifests/v2").status == 202
        assert registry("DELETE", session).status == 204


def test_what_would_not_fit_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    with Driver(tmp_path / "registry", settings=Settings(reserve=free - GIB // 2, largest_blob=PLENTY)) as registry:
        asked = f"/v2/app/blobs/uploads/?digest={digest(b'')}"
        assert registry("POST", asked, b"", {"content-length": str(GIB)}, end="never").status == 507
        assert push_blob(registry, "app", b"small")


def test_what_is_too_large_for_any_disk_is_told_as_that(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    with Driver(tmp_path / "registry", settings=Settings(reserve=free - GIB // 2, largest_blob=GIB)) as registry:
        asked = f"/v2/app/blobs/uploads/?digest={digest(b'')}"
        assert registry("POST", asked, b"", {"content-length": str(GIB + 1)}, end="never").status == 413
        assert registry("POST", asked, b"", {"content-length": str(GIB)}, end="never").status == 507


def test_a_disk_that_fills_meanwhile_keeps_what_came_and_the_upload_goes_on(
    registry: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = registry("POST", "/v2/app/blobs/uploads/").location
    one = 1024 * 1024
    content = os.urandom(3 * one)
    written: list[int] = []
    write = os.pwrite

    def full_after_one(descriptor: int, batch: bytes, at: int) -> int:
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(at)
        return write(descriptor, batch, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full_after_one)
        assert registry("PATCH", location, [content[:one], content[one:]]).status == 507
    # The disk has said so: believed, although it now has room.
    assert registry("PATCH", location, content).status == 507
    assert registry("GET", "/v2/").status == 200
