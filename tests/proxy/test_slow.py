"""Upstreams that answer slowly: they keep nobody from the others, nor from what is here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.reference import Registry
from boxship.server.proxy import manifests
from tests.proxy.conftest import Clock
from tests.proxy.stand_in import StandIn, cache, settle
from tests.server.driver import Driver, Reply

MANY = 100  # more than are asked at a time
CONTENT = b"a layer"
BLOB = Digest.of(CONTENT)


def unknown(kind: str, number: int) -> str:
    return f"manifests/v{number}" if kind == "digest" else f"blobs/{Digest.of(str(number).encode())}"


async def while_it_waits(
    registry: Driver, slow: StandIn, kind: str, wanted: Sequence[str], *, many: int = MANY
) -> list[Reply]:
    """The answers to `wanted` while `many` wait for the slow one."""
    slow.busy = frozenset({kind})
    asked = len(slow.asked)
    waiting = [
        asyncio.create_task(registry.ask("HEAD", f"/v2/slow/app/{unknown(kind, number)}")) for number in range(many)
    ]
    async with asyncio.timeout(30):
        while len(slow.asked) < asked + min(many, 64):  # noqa: ASYNC110 - an upstream tells nobody that it waits
            await asyncio.sleep(0.005)
        replies = await asyncio.gather(*(registry.ask("GET", target) for target in wanted))
    assert not any(task.done() for task in waiting)
    slow.goes_on.set()
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {404}
    return replies


@pytest.mark.parametrize("kind", ["digest", "blob"])
def test_many_questions_that_one_upstream_does_not_answer_stop_no_answer_of_another(tmp_path: Path, kind: str) -> None:
    slow, quick = (StandIn(name, Registry(f"{name}.example")) for name in ("slow", "quick"))
    quick.has_image("v1", CONTENT)
    wanted = ("/v2/quick/app/manifests/v1", f"/v2/quick/app/blobs/{BLOB}", "/v2/quick/app/tags/list")
    with cache(tmp_path / "cache", slow, quick) as registry:
        replies = registry.run(while_it_waits(registry, slow, kind, wanted))
    assert [reply.status for reply in replies] == [200] * 3
    assert replies[1].body == CONTENT


def test_blobs_that_do_not_come_keep_no_tag_from_being_looked_up(tmp_path: Path) -> None:
    slow = StandIn("slow")
    slow.has_image("v1", CONTENT)
    with cache(tmp_path / "cache", slow) as registry:
        (reply,) = registry.run(while_it_waits(registry, slow, "blob", ("/v2/slow/app/manifests/v1",)))
    assert reply.status == 200


def test_what_is_here_does_not_wait_for_an_upstream_that_is_slow(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "_PATIENCE", 0.2)
    slow = StandIn("slow")
    digest = slow.has_image("here", CONTENT)
    tagged = "/v2/slow/app/manifests/here"
    wanted = (tagged, tagged, f"/v2/slow/app/manifests/{digest}", f"/v2/slow/app/blobs/{BLOB}")
    with cache(tmp_path / "cache", slow, clock=clock) as registry:
        assert [registry("GET", target).status for target in wanted] == [200] * 4
        settle(registry)
        clock.now += 61
        replies = registry.run(while_it_waits(registry, slow, "digest", wanted))
        asked = slow.asked.count(("digest", "app", "here"))
        assert [reply.headers["x-cache"] for reply in replies] == ["STALE", "STALE", "HIT", "HIT"]
        assert all(reply.headers["warning"].startswith("110 ") for reply in replies[:2])
        assert asked <= 2  # one of them waited, if at all
        clock.now += 61
        assert registry("GET", tagged).headers["x-cache"] == "MISS"
