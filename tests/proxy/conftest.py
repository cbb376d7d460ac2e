"""A cache of one upstream, and a clock for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.proxy.stand_in import StandIn, cache
from tests.server.driver import Driver


@dataclass(slots=True)
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def upstream() -> StandIn:
    return StandIn()


@pytest.fixture
def registry(tmp_path: Path, upstream: StandIn, clock: Clock) -> Iterator[Driver]:
    with cache(tmp_path / "cache", upstream, clock=clock) as driver:
        yield driver
