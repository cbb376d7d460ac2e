"""Content in object stores: where it is, and what becomes of what is lost, damaged or superseded there."""

from __future__ import annotations

import asyncio
import errno
import time
import urllib.request
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.server.registry import Settings
from boxship.server.sessions import Busy
from boxship.server.storage import Content, StorageUnavailable
from boxship.server.storage.bucket import PART
from boxship.server.storage.soundness import Suspect
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.scrub import Scrubbed, condemn_blob, scrub
from boxship.server.upkeep.sweep import Report, sweep
from tests.server.bucket import Bucket
from tests.server.content import digest, push_blob, push_image
from tests.server.driver import Driver
from tests.server.objects import DAY, SMALL, blob, in_every_store, opened, scrubbed, sweep_later

UPLOADS = "/v2/app/blobs/uploads/"
LARGE = bytes(range(256)) * (PART // 256 * 2 + 1000)  # three parts

pytestmark = in_every_store


def test_large_content_comes_in_parts_and_goes_out_in_ranges(registry: Driver, bucket: Bucket) -> None:
    assert registry("POST", f"{UPLOADS}?digest={digest(LARGE)}", LARGE).status == 201
    assert registry("GET", blob(LARGE)).body == LARGE
    part = registry("GET", blob(LARGE), headers={"range": f"bytes={PART - 5}-{PART + 4}"})
    assert (part.status, part.body) == (206, LARGE[PART - 5 : PART + 5])
    assert len(bucket.keys) == 1


def test_chunks_become_one_object(registry: Driver, bucket: Bucket) -> None:
    began = registry("POST", UPLOADS)
    assert began.headers["oci-chunk-min-length"] == str(5 * 1024 * 1024)
    location, cuts = began.location, (0, 1000, PART + 1000, len(LARGE))
    for start, stop in pairwise(cuts):
        location = registry("PATCH", location, LARGE[start:stop]).location
    assert len(bucket.keys) == 3
    assert registry("PUT", f"{location}?digest={digest(LARGE)}").status == 201
    assert registry("GET", blob(LARGE)).body == LARGE
    assert len(bucket.keys) == 1


@pytest.mark.parametrize("way", ["at once", "in chunks"])
def test_nothing_is_left_of_content_with_another_digest(registry: Driver, bucket: Bucket, way: str) -> None:
    if way == "at once":
        reply = registry("POST", f"{UPLOADS}?digest={digest(b'else')}", SMALL)
    else:
        location = registry("PATCH", registry("POST", UPLOADS).location, SMALL).location
        reply = registry("PUT", f"{location}?digest={digest(b'else')}", SMALL)
    assert reply.refusal == (400, "DIGEST_INVALID")
    assert bucket.keys == []


def test_a_body_that_breaks_off_leaves_no_upload_to_the_store(registry: Driver, bucket: Bucket) -> None:
    registry("POST", f"{UPLOADS}?digest={digest(LARGE)}", [LARGE[: PART + 1]], end="broken")
    assert bucket.keys == []
    assert bucket.store.unfinished(bucket.name) == 0


def test_of_two_replicas_that_add_to_an_upload_one_does(registry: Driver) -> None:
    location = registry("POST", UPLOADS).location
    session = location.rpartition("/")[2]
    with registry.beside() as other:
        one, two = opened(registry), opened(other)
        now = time.time()
        mine = registry.run(one.sessions.find("app", session, now=now))
        theirs = other.run(two.sessions.find("app", session, now=now))
        with (
            registry.run(one.storage.claim(session, new=True)) as my_claim,
            other.run(two.storage.claim(session, new=True)) as their_claim,
        ):

            async def given(content: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN202
                yield [content]

            size = registry.run(my_claim.append(0, given(b"mine"), {}))
            assert other.run(their_claim.append(0, given(b"their"), {})) == 5
            registry.run(one.sessions.advance(mine, size, my_claim, now=now))
            with pytest.raises(Busy):
                other.run(two.sessions.advance(theirs, 5, their_claim, now=now))
        assert other("PUT", f"{location}?digest={digest(b'mine!')}", b"!").status == 201
        assert registry("GET", blob(b"mine!")).body == b"mine!"


def test_what_another_replica_was_told_to_keep_is_kept_by_who_comes_too_late(
    registry: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = registry("POST", UPLOADS).location
    behind = opened(registry)
    room = behind.names.room
    with registry.beside() as other:

        async def room_after_another(repository: str, most: int) -> int:
            # By now the upload's row is read, and what it consists of is not.
            assert (await asyncio.to_thread(other, "PATCH", location, b"theirs")).status == 202
            return await room(repository, most)

        monkeypatch.setattr(behind.names, "room", room_after_another)
        late = registry("PATCH", location, b"mine")
        monkeypatch.undo()
    assert (late.refusal, late.headers["range"]) == ((416, "BLOB_UPLOAD_INVALID"), "0-5")
    assert registry("PUT", f"{location}?digest={digest(b'theirs!')}", b"!").status == 201
    assert registry("GET", blob(b"theirs!")).body == b"theirs!"


def test_who_closes_an_upload_again_harms_nothing(registry: Driver, bucket: Bucket) -> None:
    location = registry("PATCH", registry("POST", UPLOADS).location, SMALL).location
    with registry.beside() as other:
        behind = opened(other)
        session = other.run(behind.sessions.find("app", location.rpartition("/")[2], now=time.time()))
        with other.run(behind.storage.claim(session.id, new=False)) as late:
            look = other.run(late.publish(Digest.of(SMALL), len(SMALL)))
            assert registry("PUT", f"{location}?digest={digest(SMALL)}").status == 201
            assert look()
            other.run(late.discard())
    assert registry("GET", blob(SMALL)).body == SMALL
    assert len(bucket.keys) == 1


@pytest.mark.parametrize("what", ["damaged", "lost"])
def test_what_is_not_there_any_more_is_found_and_healed_by_a_push(registry: Driver, bucket: Bucket, what: str) -> None:
    push_blob(registry, "app", SMALL)
    if what == "lost":
        bucket.lose()
    else:
        bucket.damage(b"A" + SMALL[1:])
    assert [str(each) for each in scrubbed(registry).condemned] == [digest(SMALL)]
    assert registry("HEAD", blob(SMALL)).status == 404
    push_blob(registry, "app", SMALL)
    assert registry("GET", blob(SMALL)).body == SMALL
    assert scrubbed(registry).condemned == ()


def test_what_was_lost_is_not_said_to_be_there(registry: Driver, bucket: Bucket) -> None:
    push_blob(registry, "app", SMALL)
    bucket.lose()
    assert registry("HEAD", blob(SMALL)).status == 404
    assert registry("POST", f"/v2/other/blobs/uploads/?mount={digest(SMALL)}").status == 202
    push_blob(registry, "app", SMALL)
    assert registry("HEAD", blob(SMALL)).status == 200


def test_a_sweep_deletes_what_nobody_needs_and_what_no_row_knows(registry: Driver, bucket: Bucket) -> None:
    push_image(registry, "app", "v1", layer=b"needed")
    needed = set(bucket.keys)
    push_blob(registry, "app", SMALL)
    begun = registry("PATCH", registry("POST", UPLOADS).location, SMALL).location
    open_upload = set(bucket.keys) - needed
    bucket.store.overwrite(bucket.name, "registry/blobs/nobody/0-1", b"an orphan")
    assert sweep_later(registry, 0).orphans == 0  # too young
    report = sweep_later(registry, 0, grace=-1, wait=0, orphan=-60)
    assert (report.orphans, report.deleted) == (1, 1)
    assert len(open_upload & set(bucket.keys)) == 1
    assert registry("PUT", f"{begun}?digest={digest(SMALL)}").status == 201
    assert registry("GET", blob(SMALL)).body == SMALL
    assert registry("GET", blob(b"needed")).body == b"needed"
    assert len(bucket.keys) == len(needed) + 1


def test_an_object_of_before_condemns_no_blob_that_was_pushed_anew(registry: Driver) -> None:
    push_blob(registry, "app", SMALL)
    behind, query = opened(registry), "SELECT version, modified, location FROM blob"
    version, modified, location = behind.database.read_now(query).fetchone()
    assert sweep_later(registry, 1, grace=0, wait=0).deleted == 1
    push_blob(registry, "app", SMALL)
    assert behind.database.read_now(query).fetchone()[0] == version  # it begins anew with the row
    found = Suspect(Digest.parse(digest(SMALL)), version, modified, None, location)
    assert not registry.run(condemn_blob(behind, found))
    assert registry("GET", blob(SMALL)).body == SMALL


def test_what_is_swept_while_a_scrub_reads_it_is_not_said_to_be_unreadable(registry: Driver) -> None:
    push_blob(registry, "app", LARGE)

    async def both() -> tuple[Scrubbed, Report]:
        here = await registry.open()
        later = replace(here, clock=lambda: time.time() + DAY)
        scrubbing = asyncio.create_task(scrub(later, rate=len(LARGE)))  # for a second
        await asyncio.sleep(0.4)
        swept = await sweep(later, Policy(grace=0, wait=0))
        return await scrubbing, swept

    scrubbed, swept = registry.run(both())
    assert (swept.deleted, scrubbed.condemned, scrubbed.unreadable) == (1, (), ())


def test_a_download_goes_on_though_the_blob_is_pushed_anew_and_a_sweep_comes(registry: Driver, bucket: Bucket) -> None:
    push_blob(registry, "app", LARGE)
    here, (first,) = opened(registry), bucket.keys
    content = Content(Digest.parse(digest(LARGE)), first.removeprefix("registry/"))
    reading = registry.run(here.storage.source(content, len(LARGE)).open(0, len(LARGE)))
    pieces = registry.run(reading.take(len(LARGE), None))
    push_blob(registry, "app", LARGE)
    old = {"grace": 10 * DAY, "orphan": DAY / 24}
    assert sweep_later(registry, 23 * DAY / 24, **old).orphans == 0
    while blocks := registry.run(reading.take(len(LARGE), None)):
        pieces += blocks
    registry.run(reading.close())
    assert b"".join(pieces) == LARGE
    assert sweep_later(registry, 25 * DAY / 24, **old).orphans == 1
    assert first not in bucket.keys
    assert here.database.read_now("SELECT name FROM lease").fetchall() == []
    assert registry("GET", blob(LARGE)).body == LARGE


@pytest.fixture
def undeletable(registry: Driver, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As where a policy of the store denies it, until it is undone."""
    opened(registry)

    async def refuse(*_: object) -> None:
        raise StorageUnavailable(errno.EAGAIN, "access denied")

    monkeypatch.setattr("boxship.server.storage.bucket.Bucket.delete", refuse)
    return monkeypatch


def test_a_push_is_done_though_the_store_deletes_nothing(
    registry: Driver, bucket: Bucket, undeletable: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    location = registry("PATCH", registry("POST", UPLOADS).location, SMALL).location
    assert registry("PUT", f"{location}?digest={digest(SMALL + b'!')}", b"!").status == 201
    assert registry("GET", blob(SMALL + b"!")).body == SMALL + b"!"
    assert f"{location.rpartition('/')[2]} has left" in caplog.text
    assert "access denied" in caplog.text
    undeletable.undo()
    assert sweep_later(registry, 0, orphan=-60).orphans == 2
    assert len(bucket.keys) == 1
    assert registry("GET", blob(SMALL + b"!")).body == SMALL + b"!"


@pytest.mark.parametrize("way", ["at once", "in chunks", "cancelled"])
def test_a_refusal_is_told_though_the_store_deletes_nothing(
    registry: Driver, bucket: Bucket, undeletable: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    if way == "at once":
        reply = registry("POST", f"{UPLOADS}?digest={digest(b'else')}", SMALL)
    else:
        location = registry("PATCH", registry("POST", UPLOADS).location, SMALL).location
        reply = registry(*(("DELETE", location) if way == "cancelled" else ("PUT", f"{location}?digest={digest(b'')}")))
        assert registry("GET", location).status == 404
    assert reply.status == (204 if way == "cancelled" else 400)
    assert "access denied" in caplog.text
    undeletable.undo()
    assert sweep_later(registry, 0, orphan=-60).orphans == 1
    assert bucket.keys == []


def test_uploads_whose_time_is_over_go_with_their_objects(registry: Driver, bucket: Bucket) -> None:
    registry("PATCH", registry("POST", UPLOADS).location, SMALL)
    assert sweep_later(registry, 2 * 3600.0).sessions == 1
    assert bucket.keys == []


def test_clients_are_sent_to_the_store_where_that_is_meant(tmp_path: Path, settings: Settings) -> None:
    with Driver(tmp_path / "registry", settings=replace(settings, storage_redirect=True)) as registry:
        push_blob(registry, "app", SMALL)
        reply = registry("GET", blob(SMALL))
        assert (reply.status, reply.headers["cache-control"]) == (307, "no-store")
        assert "X-Amz-Expires=300" in reply.location
        ask = urllib.request.Request(reply.location, headers={"Range": "bytes=2-4"})
        with urllib.request.urlopen(ask, timeout=30) as answer:
            assert answer.read() == SMALL[2:5]
            assert answer.headers["content-type"] == "application/octet-stream"
        assert registry("HEAD", blob(SMALL)).status == 200
        assert registry("GET", blob(b"else")).status == 404
