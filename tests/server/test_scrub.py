"""Silent rot: scrub finds it, nobody is told that the blob is there, and the next push mends it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.media_type import OCI_INDEX
from boxship.server.names import Vanished
from boxship.server.registry import Registry, Settings
from boxship.server.storage.soundness import Suspect, condemn, identify, set_aside
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.scrub import Scrubbed, condemn_blob, scrub
from boxship.server.upkeep.sweep import sweep
from tests.server.content import digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver, Reply, _receiver
from tests.server.test_check import faults, file_of, overwrite

LAYER = bytes(range(256)) * 8192  # two blocks
ROTTEN = LAYER[:-1] + b"?"
NAME = digest(LAYER)
PATH = f"/v2/app/blobs/{NAME}"


def rot(registry: Driver) -> None:
    overwrite(file_of(registry, NAME), ROTTEN, keep_time=True)


def scrubbed(registry: Driver, **options: float) -> Scrubbed:
    return registry.run(scrub(opened(registry), **options))


def opened(registry: Driver) -> Registry:
    return registry.run(registry.open())


def quarantine(registry: Driver) -> list[bytes]:
    return [file.read_bytes() for file in (registry.folder / "quarantine").glob("*")]


def test_sound_blobs_are_looked_at_and_nothing_happens_to_them(registry: Driver) -> None:
    push_image(registry, "app", "v1", layer=LAYER)
    found = scrubbed(registry)
    assert (found.blobs, found.bytes, found.condemned, found.unreadable) == (2, len(LAYER) + 2, (), ())
    assert registry("HEAD", PATH).status == 200


def test_rot_is_found_set_aside_and_mended_by_the_next_push(registry: Driver) -> None:
    push_image(registry, "app", "v1", layer=LAYER)
    rot(registry)
    assert registry("HEAD", PATH).status == 200  # that is what silent means
    assert scrubbed(registry).condemned == (Digest.parse(NAME),)
    assert registry("HEAD", PATH).status == 404
    assert registry("GET", PATH).status == 404
    assert quarantine(registry) == [ROTTEN]
    assert push_manifest(registry, "app", "v2", image(LAYER)).code == "MANIFEST_BLOB_UNKNOWN"
    push_blob(registry, "other", LAYER)  # by anybody
    assert registry("GET", PATH).body == LAYER
    assert faults(registry, verify=True) == []


def test_an_image_with_a_damaged_blob_is_not_there_for_who_asks_whether_to_push_it(registry: Driver) -> None:
    broken = push_image(registry, "app", "v1", layer=LAYER)
    push_image(registry, "app", "sound", layer=b"sound")
    push_manifest(registry, "app", "all", index(broken), OCI_INDEX)
    rot(registry)
    assert scrubbed(registry).condemned == (Digest.parse(NAME),)
    names = ("v1", digest(broken), "all", "sound")
    assert [registry("HEAD", f"/v2/app/manifests/{name}").status for name in names] == [404, 404, 404, 200]
    assert [registry("GET", f"/v2/app/manifests/{name}").status for name in names] == [200] * 4  # to be looked into
    push_blob(registry, "app", LAYER)
    assert [registry("HEAD", f"/v2/app/manifests/{name}").status for name in names] == [200] * 4


def test_the_longest_unseen_comes_first_and_what_was_seen_lately_not_at_all(registry: Driver) -> None:
    push_image(registry, "app", "v1", layer=LAYER)
    started = time.time()
    push_blob(registry, "app", b"later")
    assert scrubbed(registry, since=started).blobs == 2
    assert scrubbed(registry, since=started).blobs == 0
    rot(registry)
    assert scrubbed(registry, since=started).condemned == ()
    assert scrubbed(registry).condemned == (Digest.parse(NAME),)


def test_a_scrub_keeps_to_its_rate(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    started = time.monotonic()
    scrubbed(registry, rate=len(LAYER) * 5)
    assert time.monotonic() - started > 0.15


def test_a_file_that_is_gone_makes_its_blob_absent(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    file_of(registry, NAME).unlink()
    assert scrubbed(registry).condemned == (Digest.parse(NAME),)


def test_a_file_that_cannot_be_read_is_told_and_left_alone(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    file = file_of(registry, NAME)
    file.unlink()
    file.mkdir()
    assert scrubbed(registry).unreadable == (Digest.parse(NAME),)
    assert file.is_dir()


def test_a_push_that_mends_a_blob_meanwhile_wins(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    rot(registry)
    behind = opened(registry)
    suspect = suspected(registry, behind)
    push_blob(registry, "app", LAYER)
    assert not registry.run(condemn_blob(behind, suspect))
    assert registry("GET", PATH).body == LAYER
    assert quarantine(registry) == []


def test_a_push_between_the_sentence_and_the_removal_wins(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    rot(registry)
    behind = opened(registry)
    suspect = suspected(registry, behind)
    assert registry.run(behind.database.write(lambda connection: condemn(connection, suspect)))
    push_blob(registry, "app", LAYER)
    moved = registry.run(
        behind.database.write(lambda connection: set_aside(connection, behind.layout, suspect, now=1.0))
    )
    assert (moved, quarantine(registry)) == (None, [])
    assert registry("GET", PATH).body == LAYER


def test_a_file_that_took_the_place_of_the_suspect_is_left_alone(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    rot(registry)
    behind = opened(registry)
    suspect = suspected(registry, behind)
    file = file_of(registry, NAME)
    file.with_name("mended").write_bytes(LAYER)  # as a push does before it writes the row
    file.with_name("mended").replace(file)
    assert registry.run(condemn_blob(behind, suspect))
    assert (file.read_bytes(), quarantine(registry)) == (LAYER, [])


def test_a_row_is_not_written_for_a_file_that_was_taken_away_meanwhile(registry: Driver) -> None:
    behind, name = opened(registry), Digest.parse(NAME)
    with pytest.raises(Vanished):
        registry.run(behind.names.put_blob("app", name, lambda: None, now=1.0))
    assert (registry("HEAD", PATH).status, faults(registry)) == (404, [])


def test_a_blob_that_went_and_was_pushed_anew_is_not_taken_for_the_one_before(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)
    behind = opened(registry)
    before = suspected(registry, behind)
    later = replace(behind, clock=lambda: time.time() + 1)
    assert registry.run(sweep(later, Policy(grace=0, wait=0))).deleted == 1
    push_blob(registry, "app", LAYER)
    assert suspected(registry, behind).version == before.version  # it begins anew with the row
    assert not registry.run(condemn_blob(behind, before))
    assert registry("GET", PATH).body == LAYER


def suspected(registry: Driver, behind: Registry) -> Suspect:
    query = "SELECT version, modified FROM blob WHERE digest = ?"
    version, modified = behind.database.read_now(query, (NAME,)).fetchone()
    return Suspect(Digest.parse(NAME), version, modified, identify(file_of(registry, NAME)))


@pytest.fixture
def wary(tmp_path: Path) -> Driver:
    return Driver(tmp_path / "registry", settings=Settings(verify_on_read=True))


@pytest.mark.parametrize("content", [b"", b"1", LAYER, LAYER[:-1], LAYER[: len(LAYER) // 2]])
def test_a_wary_registry_serves_what_is_sound(wary: Driver, content: bytes) -> None:
    with wary as registry:
        push_blob(registry, "app", content)
        assert registry("GET", f"/v2/app/blobs/{digest(content)}").body == content


def test_a_wary_registry_never_serves_rot_whole_and_forgets_it(wary: Driver) -> None:
    with wary as registry:
        push_blob(registry, "app", LAYER)
        rot(registry)
        reply = Reply()
        scope = registry._scope("GET", PATH, {"host": "localhost:5000"})
        with pytest.raises(EOFError):
            registry.run(registry._app(scope, _receiver([], end="whole"), reply.take))
        assert reply.body == LAYER[: 1024 * 1024]
        assert registry("HEAD", PATH).status == 404
        assert quarantine(registry) == [ROTTEN]
        push_blob(registry, "app", LAYER)
        assert registry("GET", PATH).body == LAYER


def test_a_wary_registry_serves_nothing_of_a_small_blob_that_rotted(wary: Driver) -> None:
    with wary as registry:
        name = digest(b"content")
        push_blob(registry, "app", b"content")
        overwrite(file_of(registry, name), b"CONTENT", keep_time=True)
        reply = Reply()
        scope = registry._scope("GET", f"/v2/app/blobs/{name}", {"host": "localhost:5000"})
        with pytest.raises(EOFError):
            registry.run(registry._app(scope, _receiver([], end="whole"), reply.take))
        assert reply.body == b""
        assert registry("HEAD", f"/v2/app/blobs/{name}").status == 404


def test_others_are_served_while_a_scrub_waits_for_its_turn(registry: Driver) -> None:
    push_blob(registry, "app", LAYER)

    async def both() -> int:
        scrubbing = asyncio.create_task(scrub(await registry.open(), rate=len(LAYER) * 10))
        reply = await registry.ask("GET", PATH)
        assert not scrubbing.done()
        await scrubbing
        return reply.status

    assert registry.run(both()) == 200
