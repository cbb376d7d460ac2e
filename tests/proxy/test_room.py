"""A cache's blobs and its disk: what has no room there is not kept, and what the disk loses is brought again."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.server.room import Room
from boxship.server.storage import Look
from boxship.server.storage.file_source import FileSource
from boxship.server.storage.file_upload import FileUpload
from tests.proxy.conftest import Clock
from tests.proxy.held import BLOB, CONTENT, DIGEST, kept, uploads
from tests.proxy.stand_in import PIECE, StandIn, cache, settle
from tests.server.driver import Driver, Reply

PLENTY = 1 << 60


@pytest.fixture(autouse=True)
def _has_it(upstream: StandIn) -> None:
    upstream.contents[DIGEST] = CONTENT


def test_one_that_is_larger_than_is_taken_is_refused(tmp_path: Path, upstream: StandIn, clock: Clock) -> None:
    with cache(tmp_path / "small", upstream, clock=clock, largest_blob=100) as registry:
        assert registry("GET", BLOB).status == 502
        assert registry("HEAD", BLOB).status == 502
        upstream.tells_size = False
        assert registry("GET", BLOB).status == 502
        assert uploads(registry) == []


def test_a_full_disk_takes_no_more(tmp_path: Path, upstream: StandIn, clock: Clock) -> None:
    with cache(tmp_path / "full", upstream, clock=clock, reserve=2**60) as registry:
        assert registry("GET", BLOB).status == 507
        assert not kept(registry)


class Disk:
    """A disk on which there is so much room, which what comes takes."""

    def __init__(self, registry: Driver, free: int) -> None:
        self.free = free
        self._files = registry.folder / "uploads"

    def room(self) -> Room:
        return Room(self._files, 0, look=self.look)

    def look(self, folder: Path) -> tuple[int, int]:
        return PLENTY, self.free - sum(file.stat().st_size for file in folder.iterdir())


def on(registry: Driver, disk: Disk) -> None:
    async def change() -> None:
        (await registry.open()).room = disk.room()

    registry.run(change())


@pytest.mark.parametrize("size", ["told", "unknown"])
def test_the_reserve_is_kept_while_a_blob_comes(registry: Driver, upstream: StandIn, size: str) -> None:
    upstream.tells_size, upstream.stops_at = size == "told", 2 * PIECE
    disk = Disk(registry, len(CONTENT))
    on(registry, disk)

    async def ask() -> Reply | BaseException:
        reply = Reply()
        asking = asyncio.create_task(registry.ask("GET", BLOB, reply=reply))
        await asyncio.to_thread(upstream.stopped.wait, 20)
        while upstream.tells_size and not reply.status:  # noqa: ASYNC110 -- it is a message that a server takes
            await asyncio.sleep(0.01)
        disk.free = 5 * PIECE  # somebody else has taken the rest
        (await registry.open()).room.limit(0)  # looks again
        upstream.goes_on.set()
        return (await asyncio.gather(asking, return_exceptions=True))[0]

    answer = registry.run(ask())
    if upstream.tells_size:
        assert isinstance(answer, EOFError)
    else:
        assert isinstance(answer, Reply)
        assert answer.status == 507
    assert (kept(registry), uploads(registry)) == (False, [])


def test_blobs_that_come_together_are_not_promised_the_same_room(registry: Driver, upstream: StandIn) -> None:
    upstream.stops_at = PIECE
    on(registry, Disk(registry, len(CONTENT) + PIECE))
    second = Digest.of(b"?" + CONTENT)
    upstream.contents[second] = b"?" + CONTENT

    async def ask() -> list[Reply]:
        first = asyncio.create_task(registry.ask("GET", BLOB))
        await asyncio.to_thread(upstream.stopped.wait, 20)
        other = await registry.ask("GET", BLOB.replace(str(DIGEST), str(second)))
        upstream.goes_on.set()
        return [await first, other]

    first, other = registry.run(ask())
    assert (first.body, other.status) == (CONTENT, 507)


@pytest.mark.parametrize(
    ("lost", "why"), [("published", "being cleared away"), ("written", "not on its disk")], ids=lambda value: value
)
def test_what_the_disk_loses_of_a_blob_is_said_and_brought_again(
    registry: Driver, upstream: StandIn, monkeypatch: pytest.MonkeyPatch, lost: str, why: str
) -> None:
    """As a sweep does that thought the one before it bad, and as a file system does that is repaired."""
    publish = FileUpload.publish

    async def losing(upload: FileUpload, digest: Digest, size: int) -> Look:
        if lost == "written":
            os.truncate(upload.file.path, 1)
        look = await publish(upload, digest, size)
        (registry.folder / "blobs" / digest.algorithm / digest.hex[:2] / digest.hex).unlink()
        return look

    upstream.tells_size = False  # whoever is told the size reads it while it comes
    with monkeypatch.context() as patch:
        patch.setattr(FileUpload, "publish", losing)
        answer = registry("GET", BLOB)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert why in answer.body.decode()
    assert registry("GET", BLOB).body == CONTENT


def test_a_file_that_goes_before_it_is_opened_is_no_failure_of_the_disk(
    registry: Driver, upstream: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registry("GET", BLOB).status == 200
    settle(registry)
    monkeypatch.setattr(FileSource, "_open", lambda source, _: (source._path.unlink(), source._path.open("rb"))[1])
    assert registry("GET", BLOB).refusal == (503, "UNKNOWN")
    monkeypatch.undo()
    assert registry("GET", BLOB).body == CONTENT
