"""One SYN in twenty is lost, 200 times: the password never goes out in the open, and TLS is found in time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.matrix.lab import play
from tests.matrix.result import Result
from tests.matrix.row import End, Learns, Row, Stage, lossy, only
from tests.network.road import Kind, Loss

pytestmark = pytest.mark.network

RUNS, SHARE = 200, 0.05
LOST = Loss(kind=Kind.SYN, share=SHARE)
ROW = [Row(f"run {n}", only(lossy("TLS", LOST), lossy("basic", LOST)), 0.0, End.TLS) for n in range(RUNS)]
SECOND_REPETITION = 3.0  # seconds from the first SYN, where Linux doubles the time


@pytest.fixture(scope="module")
def runs(materials: Path) -> Sequence[Result]:
    return play(ROW, Stage.WIRE, materials)


def test_syns_were_lost_and_port_80_asked_for_the_password_meanwhile(runs: Sequence[Result]) -> None:
    again = [run for run in runs if run.syns[443] > 1]
    assert len(again) >= RUNS * SHARE / 2
    assert any(run.learns is Learns.READ for run in again)


def test_no_password_goes_over_plain_http(runs: Sequence[Result]) -> None:
    assert [run for run in runs if run.learns is Learns.SECRET] == []


def test_tls_is_found_each_time(runs: Sequence[Result]) -> None:
    assert {run.end for run in runs} == {End.TLS}
    # The next repetition would come after 7 s; what a machine has besides may take two.
    assert max(run.seconds for run in runs) <= SECOND_REPETITION + 2


def test_port_80_is_not_asked_where_nothing_was_lost(runs: Sequence[Result]) -> None:
    # A machine with other work may be slow with a few of them.
    asked = [run for run in runs if run.syns[443] == 1 and run.learns is not Learns.NOTHING]
    assert len(asked) <= RUNS * 0.05
