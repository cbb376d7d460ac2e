"""The whole server under granian, two clients at once: whatever strikes it, what it acknowledged is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.points import sample, try_all
from tests.crash.server import STRUCK_SERVERS, STRUCK_WORKERS

# To trace what one did not start oneself, one must be root (Yama's ptrace_scope).
pytestmark = [pytest.mark.peer("strace"), pytest.mark.network, pytest.mark.timeout(900)]


def test_killed_or_failed_while_two_push_a_server_has_what_it_acknowledged(crashes: Path) -> None:
    assert len(STRUCK_SERVERS) >= 20
    assert not try_all(sample(STRUCK_SERVERS, 2), crashes)


def test_a_worker_that_is_killed_takes_nothing_along_that_was_acknowledged(crashes: Path) -> None:
    assert not try_all(sample(STRUCK_WORKERS, 1), crashes)
