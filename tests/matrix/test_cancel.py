"""A task that waits for a network is cancelled, and has ended within 0.2 s, whatever the network does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.behaviour.scene import limit
from tests.matrix.lab import cancel
from tests.matrix.row import Said, Stage
from tests.matrix.rows import ROWS

pytestmark = pytest.mark.network

AFTER = 0.4  # seconds: some of them are in the midst of what they wait for
WAITING = [
    row for row in ROWS.values() if Stage.FIREWALL in row.stages and row.at > 1.0 and row.said is not Said.LOOPBACK
]


def test_a_cancelled_task_has_ended_within_a_fifth_of_a_second(materials: Path) -> None:
    late = WAITING
    for _ in range(4):
        done = cancel(late, Stage.FIREWALL, materials, after=AFTER)
        assert {each.error for each in done} == {"CancelledError"}
        slow = {each.name for each in done if each.seconds > limit(0.2)}
        late = [row for row in late if row.name in slow]
        if not late:
            break
    assert [row.name for row in late] == []
