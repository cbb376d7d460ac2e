from __future__ import annotations

import pytest

from boxship.transport.flow import LEAST_RATE, Flow


def test_a_flow_is_silent_when_nothing_has_come_for_as_long_as_it_may() -> None:
    flow = Flow(30.0)
    flow.waited(29.0)
    assert (flow.silent, flow.left) == (False, 1.0)
    flow.waited(1.0)
    assert flow.silent


def test_a_byte_ends_a_silence() -> None:
    flow = Flow(30.0)
    flow.waited(29.0)
    flow.came(1)
    flow.waited(29.0)
    assert (flow.silent, flow.trickles, flow.left) == (False, False, 1.0)


@pytest.mark.parametrize(("brought", "trickles"), [(0, True), (60 * LEAST_RATE - 1, True), (60 * LEAST_RATE, False)])
def test_a_flow_trickles_when_it_has_brought_too_little_in_the_time_it_was_waited_for(
    brought: int,
    trickles: bool,  # noqa: FBT001 -- a row
) -> None:
    flow = Flow(1000.0, 60.0)
    flow.waited(59.0)
    flow.came(brought)
    assert (flow.trickles, flow.left) == (False, 1.0)
    flow.waited(1.0)
    assert flow.trickles is trickles


def test_what_a_flow_brought_a_while_ago_does_not_count() -> None:
    flow = Flow(1000.0, 60.0)
    flow.came(10**9)
    flow.waited(60.0)
    assert not flow.trickles
    flow.came(1)
    flow.waited(60.0)
    assert flow.trickles


def test_a_flow_that_may_be_slow_never_trickles() -> None:
    flow = Flow(1000.0)
    flow.waited(999.0)
    assert not flow.trickles
