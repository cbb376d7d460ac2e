"""Replicas whose clocks differ agree on how old things are; a sweep that cannot know that takes nothing."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from boxship.errors import BoxshipError
from boxship.server.database import shared_clock
from boxship.server.database.shared_clock import SharedClock
from boxship.server.registry import Settings
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.sweep import Report, keep_sweeping, sweep
from tests.peers.postgresql import Cluster
from tests.server.content import push_blob
from tests.server.driver import Driver

pytestmark = pytest.mark.peer("postgres")
HOUR = 3600.0
AN_HOUR_OLD = Policy(grace=HOUR / 2, wait=0)
SLACK = 300.0  # seconds that a test may take at most


@pytest.fixture
def registry(tmp_path: Path, postgresql: Cluster) -> Iterator[Driver]:
    with Driver(tmp_path / "registry", settings=Settings(database=postgresql.new())) as driver:
        yield driver


@contextmanager
def wrong_clock(seconds: float) -> Iterator[None]:
    """A machine whose clock is so much ahead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_clock, "machine", lambda: time.time() + seconds)
        yield


def clock(registry: Driver) -> SharedClock:
    found = registry.run(registry.open()).clock
    assert isinstance(found, SharedClock)
    return found


def swept(registry: Driver, policy: Policy = AN_HOUR_OLD) -> Report:
    return registry.run(sweep(registry.run(registry.open()), policy))


def test_a_replica_whose_clock_is_wrong_sweeps_nothing_and_says_why(registry: Driver) -> None:
    push_blob(registry, "app", b"content")
    for ahead in (HOUR, -HOUR):
        with wrong_clock(ahead), registry.beside() as other:
            with pytest.raises(BoxshipError, match="nothing was swept") as caught:
                swept(other)
            here, there = map(datetime.fromisoformat, re.findall(r"[\d-]+ [\d:]+(?= UTC)", str(caught.value)))
            assert abs((here - there).total_seconds() - ahead) < SLACK
            assert "NTP" in str(caught.value.remedy)
    assert swept(registry).links == 0


def test_what_a_replica_pushed_whose_clock_is_behind_is_not_old(registry: Driver) -> None:
    with wrong_clock(-48 * HOUR), registry.beside() as other:
        name = push_blob(other, "app", b"content")
        location = other("POST", "/v2/app/blobs/uploads/").location
    assert swept(registry) == Report()
    assert registry("HEAD", f"/v2/app/blobs/{name}").status == 200
    assert registry("GET", location).status == 204


def test_what_a_replica_pushed_whose_clock_is_ahead_goes_in_time(registry: Driver) -> None:
    with wrong_clock(48 * HOUR), registry.beside() as other:
        push_blob(other, "app", b"content")
    with wrong_clock(0):
        assert swept(registry, Policy(grace=-SLACK, wait=0)).links == 1


def test_a_clock_that_is_set_while_the_registry_serves_is_noticed(
    registry: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared_clock, "_AGAIN", 0.01)
    until = time.monotonic() + SLACK
    with wrong_clock(HOUR), registry.beside() as other:
        found = clock(other)
        assert abs(found() - time.time()) < SLACK
        with wrong_clock(2 * HOUR):
            assert abs(found() - time.time() - HOUR) < SLACK
            while abs(found() - time.time()) > SLACK:
                assert time.monotonic() < until
                other.run(asyncio.sleep(0.01))
    assert "-3600 s" in caplog.text
    assert "-7200 s" in caplog.text


def test_a_registry_goes_on_and_sweeps_when_its_clock_is_right_again(
    registry: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "boxship.server.upkeep.sweep")

    async def until_told(words: str) -> None:
        while words not in caplog.text:  # noqa: ASYNC110 - a log sets no event
            await asyncio.sleep(0.01)

    async def keep() -> None:
        sweeping = asyncio.create_task(keep_sweeping(await registry.open(), AN_HOUR_OLD, interval=0.01))
        with wrong_clock(HOUR):
            await asyncio.wait_for(until_told("nothing was swept"), SLACK)
        await asyncio.wait_for(until_told("swept: sessions 0"), SLACK)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)

    registry.run(keep())


def test_clocks_that_agree_are_left_alone(registry: Driver, caplog: pytest.LogCaptureFixture) -> None:
    with wrong_clock(1.5), registry.beside() as other:
        assert clock(other)() - time.time() > 0.5
    assert [each.message for each in caplog.records if each.name == shared_clock.__name__] == []
