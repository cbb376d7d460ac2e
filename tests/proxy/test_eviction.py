"""What a cache lets go, and that what was asked for stays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.server.proxy.eviction import evict
from tests.proxy.conftest import Clock
from tests.proxy.stand_in import Held, StandIn, cache
from tests.server.content import index, push_image
from tests.server.driver import Driver, Reply

HOUR = 3600.0
CONTENTS = [bytes([number]) * 1000 for number in range(10)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer("postgres"))])
def database(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("postgresql").new() if request.param == "postgresql" else ""


@pytest.fixture
def registry(tmp_path: Path, upstream: StandIn, clock: Clock, database: str) -> Iterator[Driver]:
    upstream.contents |= {Digest.of(content): content for content in CONTENTS}
    settings = {"proxy_size": 5000, "proxy_age": 24 * HOUR, "database": database}
    with cache(tmp_path / "cache", upstream, clock=clock, **settings) as driver:
        yield driver


def bring(registry: Driver, number: int) -> None:
    assert registry("GET", f"/v2/up/app/blobs/{Digest.of(CONTENTS[number])}").body == CONTENTS[number]
    assert registry._app._cache
    registry.run(registry._app._cache.arrivals.settled())


async def _evict(registry: Driver) -> int:
    return await evict(await registry.open(), opening=0)


def here(registry: Driver) -> list[int]:
    async def found() -> list[int]:
        names = (await registry.open()).names
        return [number for number, content in enumerate(CONTENTS) if await names.blob("up/app", Digest.of(content))]

    return registry.run(found())


def test_of_too_much_what_was_asked_for_longest_ago_goes(registry: Driver, clock: Clock) -> None:
    for number in range(5):
        bring(registry, number)
        clock.now += HOUR
    assert registry.run(_evict(registry)) == 0
    bring(registry, 0)  # somebody still wants it
    bring(registry, 5)
    assert registry.run(_evict(registry)) == 2000  # to nine tenths of the most
    assert here(registry) == [0, 3, 4, 5]
    assert registry.run(_evict(registry)) == 0


def test_what_nobody_asked_for_in_its_age_goes(registry: Driver, upstream: StandIn, clock: Clock) -> None:
    kept, gone = upstream.has_image("kept", b"a"), upstream.has_image("gone", b"b")
    for tag in ("kept", "gone"):
        assert registry("GET", f"/v2/up/app/manifests/{tag}").status == 200
    bring(registry, 0)
    bring(registry, 1)
    clock.now += 20 * HOUR
    bring(registry, 1)
    assert registry("GET", "/v2/up/app/manifests/kept").status == 200
    clock.now += 10 * HOUR
    assert registry.run(_evict(registry)) == 1000 + len(upstream.documents[gone].raw)
    assert here(registry) == [1]

    async def manifests() -> list[bool]:
        names = (await registry.open()).names
        return [await names.manifest_by_digest("up/app", digest) is not None for digest in (kept, gone)]

    assert registry.run(manifests()) == [True, False]


def on_disk(registry: Driver) -> list[str]:
    """The files of blobs, and of what is kept of them for a while."""
    files = (file for folder in ("blobs", "trash") for file in (registry.folder / folder).rglob("*"))
    return sorted(file.name for file in files if file.is_file())


def test_what_went_has_no_file_any_more_and_is_brought_again(registry: Driver, upstream: StandIn, clock: Clock) -> None:
    bring(registry, 0)
    bring(registry, 1)
    clock.now += 20 * HOUR
    bring(registry, 0)
    clock.now += 10 * HOUR
    assert registry.run(_evict(registry)) == 1000
    assert on_disk(registry) == [Digest.of(CONTENTS[0]).hex]  # no sweep has run
    upstream.asked.clear()
    bring(registry, 1)
    assert [kind for kind, *_ in upstream.asked] == ["blob"]
    assert here(registry) == [0, 1]


def test_what_a_crash_left_of_an_eviction_goes_with_the_next(registry: Driver) -> None:
    bring(registry, 0)

    async def crash() -> None:
        opened = await registry.open()
        await opened.database.write(lambda connection: connection.execute("DELETE FROM repo_blob"))
        await opened.database.write(lambda connection: connection.execute("UPDATE blob SET state = 2"))

    registry.run(crash())
    assert registry.run(_evict(registry)) == 0
    assert on_disk(registry) == []


def test_one_that_goes_as_somebody_asks_for_it_is_brought_again(
    registry: Driver, upstream: StandIn, clock: Clock
) -> None:
    bring(registry, 0)
    clock.now += 25 * HOUR

    async def ask() -> tuple[int, Reply]:
        return await asyncio.gather(
            evict(await registry.open(), opening=0), registry.ask("GET", f"/v2/up/app/blobs/{Digest.of(CONTENTS[0])}")
        )

    _, reply = registry.run(ask())
    assert (reply.status, reply.body) == (200, CONTENTS[0])


def test_a_tag_whose_manifest_went_is_looked_up_again_however_fresh_it_is(
    tmp_path: Path, upstream: StandIn, clock: Clock
) -> None:
    digest = upstream.has_image("v1", b"layer")
    with cache(tmp_path / "long", upstream, clock=clock, proxy_fresh=48 * HOUR, proxy_age=24 * HOUR) as registry:
        assert registry("GET", "/v2/up/app/manifests/v1").status == 200
        clock.now += 25 * HOUR
        registry.run(_evict(registry))
        answer = registry("GET", "/v2/up/app/manifests/v1")
        assert (answer.status, answer.headers["docker-content-digest"]) == (200, str(digest))


def test_what_is_in_use_all_the_time_stays_however_short_its_age(
    tmp_path: Path, upstream: StandIn, clock: Clock
) -> None:
    upstream.contents |= {Digest.of(content): content for content in CONTENTS}
    with cache(tmp_path / "short", upstream, clock=clock, proxy_age=600.0) as registry:
        for _ in range(10):
            bring(registry, 0)
            clock.now += 200
            assert registry.run(_evict(registry)) == 0


def test_what_was_pushed_to_the_folder_stays_whatever_its_age(tmp_path: Path, upstream: StandIn, clock: Clock) -> None:
    upstream.contents |= {Digest.of(content): content for content in CONTENTS}
    pushed = {"team/app": 0, "single": 1}
    with Driver(tmp_path / "both", clock=clock) as ordinary:
        for repository, number in pushed.items():
            push_image(ordinary, repository, "v1", layer=CONTENTS[number])
    with cache(tmp_path / "both", upstream, clock=clock, proxy_age=HOUR, proxy_size=500) as registry:
        bring(registry, 0)  # what was pushed, too, would free nothing
        bring(registry, 3)
        clock.now += 2 * HOUR
        assert registry.run(_evict(registry)) == len(CONTENTS[3])
    with Driver(tmp_path / "both", clock=clock) as ordinary:
        for repository, number in pushed.items():
            assert ordinary("GET", f"/v2/{repository}/manifests/v1").status == 200
            layer = ordinary("GET", f"/v2/{repository}/blobs/{Digest.of(CONTENTS[number])}")
            assert layer.body == CONTENTS[number]


def test_manifests_count_as_blobs_do(tmp_path: Path, upstream: StandIn, clock: Clock) -> None:
    padded = [index(pad=str(number) * 1000) for number in range(10)]
    held = {Digest.of(raw): Held(raw, media_type.OCI_INDEX) for raw in padded}
    upstream.documents |= held
    upstream.contents[Digest.of(CONTENTS[0])] = CONTENTS[0]
    with cache(tmp_path / "manifests", upstream, clock=clock, proxy_size=5000) as registry:
        for digest in held:
            assert registry("GET", f"/v2/up/app/manifests/{digest}").status == 200
            clock.now += HOUR
        bring(registry, 0)
        kept = 5000 * 9 // 10
        everything = 1000 + sum(map(len, padded))
        assert everything - kept <= registry.run(_evict(registry)) < everything - kept + len(padded[0])
        assert here(registry) == [0]
        assert registry.run(_evict(registry)) == 0
