"""A crew: few daemon threads, started as they are needed, whose results come in order."""

from __future__ import annotations

import contextlib
import gc
import queue
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from boxship.connect.crew import Crew

SIZE = 3
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a stack may be as large as that")


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew(SIZE, "crew-test")
    yield crew
    crew.close()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("crew-test")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threads():
        thread.join(2.0)
    assert threads() == []


def test_results_come_in_the_order_of_their_items(crew: Crew) -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.05 if number == 0 else 0.0)
        return number * number

    assert list(crew.map(slow_first, range(20))) == [number * number for number in range(20)]


def test_no_more_threads_work_than_were_asked_for_and_none_blocks_the_end(crew: Crew) -> None:
    running = list(crew.map(lambda _: threading.current_thread().name, range(50)))
    assert len(set(running)) <= SIZE
    assert all(thread.daemon for thread in threads())


def test_items_are_worked_on_at_the_same_time(crew: Crew) -> None:
    together = threading.Barrier(SIZE, timeout=2.0)
    assert len(list(crew.map(lambda _: together.wait(), range(SIZE)))) == SIZE


def test_one_job_after_the_other_has_one_thread(crew: Crew) -> None:
    for _ in range(5):
        list(crew.map(lambda number: number, [1]))
        time.sleep(0.02)
    assert len(threads()) == 1


def test_an_error_is_raised_where_its_result_would_be(crew: Crew) -> None:
    results = crew.map(lambda number: 10 // number, [5, 2, 0, 1])
    assert [next(results), next(results)] == [2, 5]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_error_that_is_forgotten_takes_with_it_what_its_frames_have(crew: Crew) -> None:
    """At once: were it to hold itself, files would be open until the interpreter looks for such rings."""

    class Held:
        pass

    gone = threading.Event()

    def failing(_: int) -> None:
        held = Held()
        weakref.finalize(held, gone.set)
        raise ZeroDivisionError

    gc.disable()
    try:
        with contextlib.suppress(ZeroDivisionError):
            crew.begin(failing, 1)()
        assert gone.wait(2.0)
    finally:
        gc.enable()


def test_an_endless_source_is_not_read_far_ahead(crew: Crew) -> None:
    taken = list[int]()

    def source() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = crew.map(lambda number: number, source())
    assert next(results) == 0
    assert len(taken) <= 4 * SIZE


def test_threads_end_with_the_crew(crew: Crew) -> None:
    list(crew.map(lambda number: number, range(10)))
    crew.close()
    for thread in threads():
        thread.join(2.0)
    assert threads() == []


def test_a_job_that_comes_after_the_end_is_done_all_the_same(crew: Crew) -> None:
    go, done = threading.Event(), threading.Event()
    crew.submit(lambda: (go.wait(2.0), None)[1])
    crew.close()
    go.set()
    for thread in threads():
        thread.join(2.0)
    crew.submit(done.set)
    assert done.wait(2.0)
    assert len(threads()) == 1


@contextmanager
def no_more_threads() -> Iterator[None]:
    """The system gives none: it has no room for such a stack."""
    before = threading.stack_size(1 << 46)
    try:
        yield
    finally:
        threading.stack_size(before)


@linux_only
def test_threads_that_could_not_be_started_are_not_counted(crew: Crew) -> None:
    with no_more_threads():
        for _ in range(SIZE):
            with pytest.raises(RuntimeError):
                crew.submit(lambda: None)
    done = threading.Event()
    crew.submit(done.set)
    assert done.wait(2.0)


@linux_only
def test_where_no_more_threads_are_to_be_had_the_first_does_all(crew: Crew) -> None:
    go, done = threading.Event(), threading.Event()
    crew.submit(lambda: (go.wait(2.0), None)[1])
    with no_more_threads():
        crew.submit(done.set)
    assert not done.is_set()
    go.set()
    assert done.wait(2.0)


def test_a_job_that_raises_is_told_and_keeps_no_other_from_being_done(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda args: told.put(str(args.exc_value)))

    def wrong() -> None:
        raise AssertionError("a job that raises")

    for _ in range(10 * SIZE):
        crew.submit(wrong)
    assert list(crew.map(lambda number: number, range(SIZE))) == list(range(SIZE))
    assert {told.get(timeout=20) for _ in range(10 * SIZE)} == {"a job that raises"}
