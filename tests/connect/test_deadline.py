"""`Work`: one operation's time, and how it is ended from outside."""

from __future__ import annotations

import math
import threading
import time

import pytest

from boxship.connect.deadline import Bounds, Work
from boxship.errors import Cancelled, InvalidSettings, TimedOut
from boxship.seconds import Seconds, told_by


def test_work_without_a_timeout_goes_on() -> None:
    work = Work()
    work.check()
    assert work.until(5.0) == pytest.approx(time.monotonic() + 5.0, abs=0.1)


def test_a_phase_ends_with_the_operation_at_the_latest() -> None:
    work = Work(timeout=1.0)
    assert work.until(5.0) == pytest.approx(time.monotonic() + 1.0, abs=0.1)
    assert work.until(0.5) == pytest.approx(time.monotonic() + 0.5, abs=0.1)


@pytest.mark.parametrize("late", [0.0, 0.0004, 0.4996, 0.49951, 0.5])
def test_who_waited_for_what_was_left_finds_the_operation_over(monkeypatch: pytest.MonkeyPatch, late: float) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    work = Work(timeout=0.5)
    now += late
    left = work.at_most(900.0)
    assert told_by(left) == "what is left of --timeout"
    now += left
    with pytest.raises(TimedOut, match="not done within"):
        work.check()


def test_an_operation_out_of_time_says_how_long_it_had() -> None:
    with pytest.raises(TimedOut, match=r"0 s") as caught:
        Work(timeout=0.0).check()
    assert caught.value.phase == "--timeout"


def test_sleep_ends_with_the_operation() -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        Work(timeout=0.05).sleep(5.0)
    assert time.monotonic() - began < 1.0


def test_sleep_ends_when_it_is_cancelled() -> None:
    work, began = Work(), time.monotonic()
    threading.Timer(0.05, work.cancel).start()
    with pytest.raises(Cancelled):
        work.sleep(5.0)
    assert time.monotonic() - began < 2.0


def test_everybody_who_watches_is_woken_once() -> None:
    work, woken = Work(), list[str]()
    with work.watch(lambda: woken.append("first")), work.watch(lambda: woken.append("second")):
        work.cancel()
    work.cancel()
    assert woken == ["first", "second"]


def test_who_watches_too_late_is_woken_at_once() -> None:
    work, woken = Work(), list[bool]()
    work.cancel()
    with work.watch(lambda: woken.append(True)):
        assert woken == [True]


def test_a_watch_may_end_in_any_order() -> None:
    work, woken = Work(), list[str]()
    first, second = work.watch(lambda: woken.append("first")), work.watch(lambda: woken.append("second"))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    work.cancel()
    second.__exit__(None, None, None)
    assert woken == ["second"]


def test_a_part_is_over_at_its_own_bound_and_the_whole_goes_on() -> None:
    work = Work()
    part = work.within(0.0, "a part")
    with pytest.raises(TimedOut) as caught:
        part.check()
    assert (caught.value.phase, caught.value.seconds) == ("a part", 0.0)
    work.check()


def test_a_part_is_over_with_the_whole() -> None:
    with pytest.raises(TimedOut) as caught:
        Work(timeout=0.0).within(5.0, "a part").check()
    assert caught.value.phase == "--timeout"


def test_a_part_is_cancelled_with_the_whole_and_the_whole_with_a_part() -> None:
    for which in (0, 1):
        work, woken = Work(), list[str]()
        part = work.within(5.0, "a part")
        with part.watch(lambda: woken.append("part")), work.watch(lambda: woken.append("whole")):  # noqa: B023 -- called within the loop's turn
            (work, part)[which].cancel()
        assert woken == ["part", "whole"]
        for ended in (work, part):
            with pytest.raises(Cancelled):
                ended.check()


def test_a_bound_that_is_not_the_default_remembers_who_chose_it() -> None:
    bounds = Bounds(tls=2.0, names=Seconds(3.0, "flag --names-timeout"), connect=5.0)
    assert [told_by(seconds) for seconds in (bounds.tls, bounds.names, bounds.connect, bounds.head)] == [
        "Bounds.tls",
        "flag --names-timeout",
        "",
        "",
    ]


@pytest.mark.parametrize("seconds", [-1.0, math.nan])
def test_a_bound_that_is_no_time_is_a_wrong_setting(seconds: float) -> None:
    with pytest.raises(InvalidSettings, match=r"Bounds\.connect: .* is no number of seconds"):
        Bounds(connect=seconds)


def test_a_waker_that_raises_keeps_no_other_from_being_called() -> None:
    work, woken = Work(), list[int]()

    def wrong() -> None:
        raise AssertionError("a waker that raises")

    with (
        work.watch(lambda: woken.append(1)),
        work.watch(wrong),
        work.watch(lambda: woken.append(2)),
        pytest.raises(AssertionError),
    ):
        work.cancel()
    assert sorted(woken) == [1, 2]
    assert work.cancelled
