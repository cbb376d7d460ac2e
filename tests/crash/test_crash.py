"""Whatever call a crash comes at, and whatever the disk forgets: what was acknowledged is there, all can go on.

CRASH_POINTS says how many points are tried: 50 of them if nobody does, or `all`.
"""

from __future__ import annotations

import pytest

from tests.crash.conftest import Recording
from tests.crash.points import ALL, ASKED, distinct, failing, forgetting, killing, sample, try_all

pytestmark = [pytest.mark.peer("strace"), pytest.mark.timeout(1800)]


def test_killed_at_any_call_a_registry_has_what_it_acknowledged(recording: Recording) -> None:
    points = killing(recording.calls)
    assert len(points) > 150
    assert not try_all(sample(points, 18), recording.scopes, recording.log)


def test_a_call_that_fails_costs_one_answer_and_nothing_that_was_acknowledged(recording: Recording) -> None:
    points = failing(recording.calls)
    assert len(points) > 150
    assert not try_all(sample(points, 12), recording.scopes, recording.log)


def test_what_a_disk_forgets_was_not_acknowledged(recording: Recording) -> None:
    points = forgetting(recording.calls)
    assert len(points) > 500
    chosen = distinct(sample(points, 16), recording.calls)
    assert len(chosen) > 500 or ASKED != ALL
    assert not try_all(chosen, recording.scopes, recording.log)
