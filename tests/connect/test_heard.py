"""Waits for another thread: a signal that does not interrupt one of them is heard all the same."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from boxship.connect.crew import Crew
from boxship.connect.heard import ended, next_of


class _Told(Exception):
    """What the handler of a signal raises."""


@contextmanager
def signalled(begins: threading.Event) -> Iterator[None]:
    """Shortly after that, a signal comes as one that comes just before a wait: the system interrupts another thread."""

    def tell(*_: object) -> None:
        raise _Told

    def signal_here() -> None:
        begins.wait()
        time.sleep(0.2)
        signal.raise_signal(signal.SIGUSR1)

    other = threading.Thread(target=signal_here)
    other.start()
    before = signal.signal(signal.SIGUSR1, tell)
    try:
        yield
    finally:
        begins.set()
        other.join()
        signal.signal(signal.SIGUSR1, before)


def for_what_comes_next(_: threading.Event) -> Callable[[], object]:
    return lambda: next_of(queue.SimpleQueue[None]())


def for_the_end_of_a_thread(over: threading.Event) -> Callable[[], object]:
    thread = threading.Thread(target=over.wait)
    thread.start()
    return lambda: ended(thread)


def for_a_result(over: threading.Event) -> Callable[[], object]:
    crew = Crew(1, "heard-test")
    result = crew.begin(lambda _: over.wait(10), None)
    crew.close()
    return result


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
@pytest.mark.parametrize("waiting", [for_what_comes_next, for_the_end_of_a_thread, for_a_result])
def test_a_signal_that_does_not_interrupt_the_wait_is_heard(
    waiting: Callable[[threading.Event], Callable[[], object]],
) -> None:
    begins, over = threading.Event(), threading.Event()
    wait = waiting(over)
    try:
        with signalled(begins):
            began = time.monotonic()
            begins.set()
            with pytest.raises(_Told):
                wait()
            assert time.monotonic() - began < 5
    finally:
        over.set()


def test_what_has_come_and_who_has_ended_are_not_waited_for() -> None:
    line = queue.SimpleQueue[int]()
    line.put(3)
    assert next_of(line) == 3
    thread = threading.Thread(target=lambda: None)
    thread.start()
    ended(thread)
    assert not thread.is_alive()
    ended(thread)
