"""Whatever call a crash comes at, and whatever the disk forgets: what was acknowledged is there, all can go on.

CRASH_POINTS says how many points are tried: 50 of them if nobody does, or `all`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.points import ALL, ASKED, distinct, failing, forgetting, killing, sample, try_all
from tests.crash.recording import Recording, record

pytestmark = [pytest.mark.peer("strace"), pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def pushes(crashes: Path) -> Recording:
    return record("push", crashes)


def test_killed_at_any_call_a_registry_has_what_it_acknowledged(pushes: Recording, crashes: Path) -> None:
    points = killing(pushes)
    assert len(points) > 150
    assert not try_all(sample(points, 16), crashes)


def test_a_call_that_fails_costs_one_answer_and_nothing_that_was_acknowledged(pushes: Recording, crashes: Path) -> None:
    points = failing(pushes)
    assert len(points) > 150
    assert not try_all(sample(points, 12), crashes)


def test_what_a_disk_forgets_was_not_acknowledged(pushes: Recording, crashes: Path) -> None:
    points = forgetting(pushes)
    assert len(points) > 500
    chosen = distinct(sample(points, 12), pushes)
    assert len(chosen) > 500 or ASKED != ALL
    assert not try_all(chosen, crashes)


@pytest.mark.parametrize("task", ["migrate", "backup", "restore"])
def test_what_an_operator_begins_is_done_or_undone_or_can_be_done_again(task: str, crashes: Path) -> None:
    recording = record(task, crashes)
    killed, forgotten = killing(recording), forgetting(recording)
    assert len(killed) > 50
    assert len(forgotten) > 200
    assert not try_all([*sample(killed, 1), *distinct(sample(forgotten, 1), recording)], crashes)
