"""Sweeps: what nobody needs goes, in its time; what anybody needs stays, whenever they say so."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.server.database import Database, Transaction
from boxship.server.database.lease import Leased, Lost, leased
from boxship.server.registry import Settings
from boxship.server.upkeep.garbage import Blob, Manifest, Policy
from boxship.server.upkeep.preview import preview
from boxship.server.upkeep.removal import Removal
from boxship.server.upkeep.sweep import Report, sweep
from tests.server.content import descriptor, digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver

HOUR = 3600.0
DAY = 24 * HOUR
LAYER = b"layer"
NAME = digest(LAYER)
AT_ONCE = Policy(grace=0, wait=0)


def sweep_later(registry: Driver, seconds: float, policy: Policy | None = None) -> Report:
    """What a sweep does that many seconds from now."""
    opened = registry.run(registry.open())
    return registry.run(sweep(replace(opened, clock=lambda: time.time() + seconds), policy or Policy()))


def preview_later(registry: Driver, seconds: float, policy: Policy) -> list[str]:
    opened = registry.run(registry.open())
    return [str(find) for find in preview(replace(opened, clock=lambda: time.time() + seconds), policy)]


def rows(registry: Driver, query: str) -> list[tuple[object, ...]]:
    with registry.database() as connection:
        return list(connection.execute(query))


def files(registry: Driver, folder: str) -> list[str]:
    """The names of the files in a folder of the registry, and below."""
    return sorted(file.name for file in (registry.folder / folder).rglob("*") if file.is_file())


def status(registry: Driver, name: str = NAME, method: str = "GET", repository: str = "app") -> int:
    return registry(method, f"/v2/{repository}/blobs/{name}").status


@pytest.mark.in_files
def test_a_blob_that_no_manifest_needs_goes_step_by_step(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    assert sweep_later(registry, DAY - HOUR) == Report()
    assert status(registry) == 200
    assert sweep_later(registry, DAY + HOUR) == Report(links=1, repositories=1, candidates=1, waiting=1)
    assert (status(registry), files(registry, "blobs")) == (404, [NAME[7:]])
    assert sweep_later(registry, DAY + HOUR + 600) == Report()
    assert sweep_later(registry, DAY + 2 * HOUR) == Report(candidates=1, deleted=1, bytes=len(LAYER))
    assert (files(registry, "blobs"), len(files(registry, "trash"))) == ([], 1)
    assert sweep_later(registry, DAY + 3 * HOUR) == Report(emptied=len(LAYER))
    assert files(registry, "trash") == []
    assert rows(registry, "SELECT * FROM blob") == []


@pytest.mark.in_files
def test_where_nobody_is_served_it_goes_at_once(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    report = sweep_later(registry, 1, AT_ONCE)
    assert report == Report(links=1, repositories=1, candidates=1, deleted=1, bytes=len(LAYER), emptied=len(LAYER))
    assert files(registry, "blobs") == files(registry, "trash") == []


def test_what_a_manifest_needs_stays_for_ever(registry: Driver) -> None:
    child = push_image(registry, "app")
    listing = index(child)
    assert push_manifest(registry, "app", "v1", listing, media_type.OCI_INDEX).status == 201
    assert sweep_later(registry, 9999 * DAY, replace(AT_ONCE, untagged=True)) == Report()
    assert registry("GET", f"/v2/app/manifests/{digest(child)}").body == child
    assert status(registry) == 200


def test_what_only_a_deleted_manifest_needed_goes(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    kept = push_image(registry, "app", "v2", layer=b"another layer")
    assert registry("DELETE", f"/v2/app/manifests/{digest(manifest)}").status == 202
    assert sweep_later(registry, 1, AT_ONCE).deleted == 1
    found = [status(registry, name) for name in (NAME, digest(b"another layer"), digest(b"{}"))]
    assert found == [404, 200, 200]
    assert registry("GET", "/v2/app/manifests/v2").body == kept


def test_a_blob_that_another_repository_needs_is_lost_to_this_one_alone(registry: Driver) -> None:
    push_image(registry, "other", "v1")
    assert registry("POST", f"/v2/app/blobs/uploads/?mount={NAME}&from=other").status == 201
    assert sweep_later(registry, 1, AT_ONCE) == Report(links=1, repositories=1)
    assert (status(registry), status(registry, repository="other")) == (404, 200)


@pytest.mark.parametrize(("asked", "left"), [(True, 200), (False, 404)], ids=["asked", "not asked"])
def test_who_was_told_that_a_blob_is_there_can_rely_on_it(registry: Driver, *, asked: bool, left: int) -> None:
    push_blob(registry, "app", LAYER)
    with registry.database() as connection:
        connection.execute("UPDATE blob SET touched = touched - ?", (2 * DAY,))
        connection.execute("UPDATE repo_blob SET linked = linked - ?", (2 * DAY,))
    if asked:
        assert status(registry, method="HEAD") == 200
    sweep_later(registry, 0)
    assert status(registry, method="HEAD") == left


def test_to_be_asked_often_writes_once_an_hour(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    (before,) = rows(registry, "SELECT touched FROM blob")
    assert status(registry, method="HEAD") == 200
    assert rows(registry, "SELECT touched FROM blob") == [before]


@pytest.mark.parametrize("way", ["push", "mount"])
def test_a_doomed_blob_that_somebody_wants_lives(registry: Driver, way: str) -> None:
    push_blob(registry, "app", LAYER)
    assert sweep_later(registry, 2 * DAY).waiting == 1
    if way == "push":
        push_blob(registry, "other", LAYER)
    else:
        opened = registry.run(registry.open())
        assert registry.run(opened.names.link_blob("other", Digest.parse(NAME), now=time.time() + 2 * DAY))
    assert sweep_later(registry, 2 * DAY + HOUR, Policy(grace=9 * DAY)).deleted == 0
    assert status(registry, repository="other") == 200


def test_a_blob_that_is_wanted_between_two_looks_is_no_candidate_any_more(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    removal = removing(registry, AT_ONCE)
    with registry.database() as connection:
        connection.execute("DELETE FROM repo_blob")
    found = [Blob(NAME, len(LAYER), 0)]
    push_blob(registry, "app", LAYER)
    assert registry.run(removal.doom(found)) == 0
    assert status(registry) == 200


def test_a_push_after_the_claim_takes_the_blob_back(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    removal = removing(registry, AT_ONCE)
    with registry.database() as connection:
        connection.execute("DELETE FROM repo_blob")
    assert registry.run(removal.doom([Blob(NAME, 5, 0)])) == 1
    assert registry.run(removal.claim([Blob(NAME, 5, 1)])) == 1
    assert registry("POST", f"/v2/other/blobs/uploads/?mount={NAME}").status == 202
    push_blob(registry, "app", LAYER)
    opened = registry.run(registry.open())
    remains = opened.storage.remains(opened.database, AT_ONCE, now=time.time() + 1)
    assert registry.run(remains.remove([Blob(NAME, 5, 2)], damaged=False)) == (0, 0)
    assert status(registry) == 200


def test_a_sweep_that_was_cut_short_is_finished_by_the_next(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    with registry.database() as connection:
        connection.execute("DELETE FROM repo_blob")
        connection.execute("UPDATE blob SET state = 2")
    for file in (registry.folder / "blobs").rglob(NAME[7:]):
        file.unlink()
    assert sweep_later(registry, 0).deleted == 1
    assert rows(registry, "SELECT * FROM blob") == []


@pytest.mark.in_files
def test_files_that_no_row_knows_go_when_they_are_old(registry: Driver) -> None:
    orphan = registry.folder / "blobs" / "sha256" / NAME[7:9] / NAME[7:]
    orphan.parent.mkdir()
    orphan.write_bytes(LAYER)
    stranger = orphan.with_name("notes.txt")
    stranger.write_text("not a blob")
    assert sweep_later(registry, DAY - HOUR) == Report()
    assert sweep_later(registry, DAY + HOUR) == Report(orphans=1, bytes=len(LAYER))
    assert files(registry, "blobs") == ["notes.txt"]


def referring(to: bytes) -> bytes:
    return image(subject=descriptor(to, media_type.OCI_MANIFEST))


def test_manifests_without_a_name_go_where_that_is_asked_for(registry: Driver) -> None:
    child = push_image(registry, "app")
    listing = index(child)
    signature = referring(child)
    assert push_manifest(registry, "app", digest(listing), listing, media_type.OCI_INDEX).status == 201
    assert push_manifest(registry, "app", digest(signature), signature).status == 201
    assert sweep_later(registry, 9 * DAY).manifests == 0
    untagged = Policy(untagged=True)
    assert sweep_later(registry, HOUR, untagged).manifests == 0
    assert sweep_later(registry, 9 * DAY, untagged).manifests == 3
    assert rows(registry, "SELECT * FROM manifest") == rows(registry, "SELECT * FROM repo_blob") == []


def test_what_refers_to_a_tagged_manifest_stays_with_it(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    signature = referring(manifest)
    assert push_manifest(registry, "app", digest(signature), signature).status == 201
    assert sweep_later(registry, 9 * DAY, Policy(untagged=True)).manifests == 0
    assert registry("DELETE", "/v2/app/manifests/v1").status == 202
    assert sweep_later(registry, 9 * DAY, Policy(untagged=True)).manifests == 2


@pytest.mark.parametrize("loses", ["moves", "is deleted"])
def test_what_loses_its_tag_is_kept_for_the_grace_from_then_on(registry: Driver, loses: str) -> None:
    push_image(registry, "app", "v1")
    with registry.beside(clock=lambda: time.time() + 9 * DAY) as later:
        if loses == "moves":
            push_image(later, "app", "v1", layer=b"another")
        else:
            assert later("DELETE", "/v2/app/manifests/v1").status == 202
    untagged = Policy(untagged=True)
    assert sweep_later(registry, 9 * DAY + HOUR, untagged).manifests == 0
    assert sweep_later(registry, 11 * DAY, untagged).manifests == 1


def test_a_manifest_that_gets_a_tag_between_two_looks_stays(registry: Driver) -> None:
    manifest = push_image(registry, "app")
    opened = registry.run(registry.open())
    removal = removing(registry, Policy(grace=-1))
    plan = [find for find in preview(opened, Policy(grace=-1, untagged=True)) if find.kind == "manifest"]
    assert [find.name for find in plan] == [f"app@{digest(manifest)}"]
    push_manifest(registry, "app", "v1", manifest)
    assert registry.run(removal.delete_manifests([Manifest(1, "app", digest(manifest), 0)])) == 0


def test_deep_and_wide_indexes_are_each_visited_once(registry: Driver) -> None:
    level = push_image(registry, "app")
    kind = media_type.OCI_MANIFEST
    for _ in range(40):
        listing = index(level, level)
        listing = listing.replace(media_type.OCI_MANIFEST.encode(), kind.encode())
        assert push_manifest(registry, "app", digest(listing), listing, media_type.OCI_INDEX).status == 201
        level, kind = listing, media_type.OCI_INDEX
    assert sweep_later(registry, 1, replace(AT_ONCE, untagged=True)).manifests == 41


def test_a_preview_is_what_a_sweep_then_takes(registry: Driver) -> None:
    manifest = push_image(registry, "app")
    push_image(registry, "app", "v2", layer=b"kept")
    push_blob(registry, "other", b"lonely")
    policy = replace(AT_ONCE, untagged=True)
    told = preview_later(registry, 1, policy)
    assert set(told) == {
        f"manifest app@{digest(manifest)}",
        f"link app@{NAME}",
        f"link other@{digest(b'lonely')}",
        "repository other",
        f"blob {NAME}",
        f"blob {digest(b'lonely')}",
    }
    assert preview_later(registry, 1, policy) == told
    report = sweep_later(registry, 1, policy)
    assert Counter(find.partition(" ")[0] for find in told) == {
        "manifest": report.manifests,
        "link": report.links,
        "repository": report.repositories,
        "blob": report.deleted,
    }
    assert preview_later(registry, 1, policy) == []


def test_more_than_a_transactions_worth_goes(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    names = [(digest(str(number).encode()),) for number in range(1203)]
    with registry.database() as connection:
        connection.executemany("INSERT INTO blob (digest, size, modified) VALUES (?, 1, 0)", names)
        connection.executemany("INSERT INTO repo_blob (repo_id, digest) VALUES (1, ?)", names)
    report = sweep_later(registry, HOUR, replace(Policy(), wait=0))
    assert (report.links, report.deleted) == (1203, 1203)
    assert rows(registry, "SELECT digest FROM blob") == [(NAME,)]


def test_one_sweeps_at_a_time_and_a_dead_ones_lease_ends(registry: Driver) -> None:
    opened = registry.run(registry.open())

    async def two() -> None:
        async with leased(opened.database, "sweep", clock=time.time):
            await sweep(opened, Policy())

    with pytest.raises(Leased) as raised:
        registry.run(two())
    assert raised.type is Leased
    with registry.database() as connection:
        connection.execute("INSERT INTO lease VALUES ('sweep', 'who died', ?)", (time.time() + 299,))
    with pytest.raises(Leased):
        sweep_later(registry, 0)
    assert sweep_later(registry, 301) == Report()
    assert rows(registry, "SELECT * FROM lease") == []


def test_who_is_cancelled_while_a_lease_is_taken_keeps_it_from_nobody(registry: Driver) -> None:
    opened = registry.run(registry.open())

    async def hold() -> None:
        async with leased(opened.database, "sweep", clock=time.time):
            pass

    async def cancel_and_hold() -> None:
        for turns in range(10):
            task = asyncio.create_task(hold())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
            await hold()

    registry.run(cancel_and_hold())
    assert rows(registry, "SELECT * FROM lease") == []


def test_a_lease_that_another_has_taken_is_not_prolonged_nor_given_up(registry: Driver) -> None:
    opened = registry.run(registry.open())

    async def lose() -> None:
        async with leased(opened.database, "sweep", clock=time.time) as renew:
            await renew()
            with opened.database.apart() as connection:
                connection.execute("UPDATE lease SET holder = 'another'")
            await renew()

    with pytest.raises(Lost):
        registry.run(lose())
    assert rows(registry, "SELECT holder FROM lease") == [("another",)]


@pytest.mark.parametrize(("failures", "left"), [(1, 0), (2, 1)])
def test_a_disk_that_fails_once_keeps_no_lease(
    registry: Driver, monkeypatch: pytest.MonkeyPatch, failures: int, left: int
) -> None:
    opened = registry.run(registry.open())
    kind = type(opened.database)
    write = kind.write
    troubles = [sqlite3.OperationalError("disk I/O error")] * failures

    async def failing(self: Database, work: Callable[[Transaction], object], *, durable: bool) -> object:
        if troubles:
            raise troubles.pop()
        return await write(self, work, durable=durable)

    async def hold() -> None:
        async with leased(opened.database, "sweep", clock=time.time):
            monkeypatch.setattr(kind, "write", failing)

    with pytest.raises(sqlite3.Error) if left else nullcontext():
        registry.run(hold())
    assert len(rows(registry, "SELECT * FROM lease")) == left


@pytest.mark.in_files
def test_a_damaged_blob_is_kept_aside_where_files_are_verified(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    push_blob(registry, "app", b"sound")
    (file,) = (registry.folder / "blobs").rglob(NAME[7:])
    file.chmod(0o600)
    file.write_bytes(b"rot")
    report = sweep_later(registry, 1, replace(AT_ONCE, verify=True))
    assert (report.deleted, report.damaged) == (2, 1)
    assert [name.partition(".")[0] for name in files(registry, "quarantine")] == [NAME.replace(":", "-")]


def test_uploads_whose_time_is_over_are_swept(registry: Driver) -> None:
    location = registry("POST", "/v2/app/blobs/uploads/").location
    assert registry("PATCH", location, LAYER).status == 202
    assert sweep_later(registry, HOUR - 60).sessions == 0
    assert registry("GET", location).status == 204
    assert sweep_later(registry, HOUR + 60).sessions == 1
    assert (registry("GET", location).status, files(registry, "uploads")) == (404, [])


def removing(registry: Driver, policy: Policy) -> Removal:
    opened = registry.run(registry.open())
    return Removal(opened.database, policy, now=time.time() + 1)


def until(true: Callable[[], bool], registry: Driver) -> bool:
    """Whether it becomes true while the registry's loop runs."""
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        registry.run(asyncio.sleep(0.01))
    return true()


def test_a_registry_sweeps_while_it_serves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "boxship.server.upkeep.sweep")
    with Driver(tmp_path) as registry:  # without a grace, a sweep may come before a blob's manifest
        manifest = push_image(registry, "app", "v1", layer=b"needed")
    settings = Settings(gc_interval=0.01, gc_grace=0.0)
    with Driver(tmp_path, settings=settings) as registry:
        push_blob(registry, "app", LAYER)
        assert until(lambda: status(registry) == 404, registry)
        assert registry("GET", "/v2/app/manifests/v1").body == manifest
        assert status(registry, digest(b"needed")) == 200
        assert until(lambda: "links 1" in caplog.text, registry)


def test_a_sweep_that_fails_is_told_and_is_not_the_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Driver(tmp_path, settings=Settings(gc_interval=0.01, gc_grace=0.0)) as registry:
        (tmp_path / "trash").rmdir()
        (tmp_path / "trash").write_text("in the way")
        assert until(lambda: "a sweep failed" in caplog.text, registry)
        (tmp_path / "trash").unlink()
        push_blob(registry, "app", LAYER)
        assert until(lambda: status(registry) == 404, registry)


@pytest.mark.parametrize("settings", [Settings(gc_interval=0), Settings(gc_interval=0.01, read_only=True)])
def test_some_registries_do_not_sweep(tmp_path: Path, settings: Settings) -> None:
    with Driver(tmp_path) as registry:
        push_blob(registry, "app", LAYER)
    with Driver(tmp_path, settings=replace(settings, gc_grace=0)) as registry:
        registry.run(asyncio.sleep(0.1))
        assert status(registry) == 200


def test_a_claimed_blob_cannot_be_mounted_any_more(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    with registry.database() as connection:
        connection.execute("DELETE FROM repo_blob")
        connection.execute("UPDATE blob SET state = 2")
    opened = registry.run(registry.open())
    assert not registry.run(opened.names.link_blob("other", Digest.parse(NAME), now=time.time()))
    assert rows(registry, "SELECT * FROM repo_blob") == []
