"""A lock is waited for while an operation lasts, and no longer."""

from __future__ import annotations

import threading
import time

import pytest

from boxship.connect.deadline import Work
from boxship.connect.holding import held
from boxship.errors import Cancelled, TimedOut
from tests.connect.driving import cancelling


def test_whoever_waits_has_it_when_it_is_given_back() -> None:
    lock, order = threading.Lock(), list[str]()
    lock.acquire()

    def waiting() -> None:
        with held(lock, Work().check):
            order.append("the other")

    other = threading.Thread(target=waiting)
    other.start()
    time.sleep(0.1)
    order.append("the first")
    lock.release()
    other.join()
    assert order == ["the first", "the other"]
    assert not lock.locked()


def test_a_wait_ends_with_its_operation_and_leaves_the_lock_to_whoever_has_it() -> None:
    lock, work = threading.Lock(), Work()
    with lock:
        with pytest.raises(TimedOut), held(lock, Work(timeout=0.1).check):
            pytest.fail("it was had twice")
        with cancelling(work, lock.locked), pytest.raises(Cancelled), held(lock, work.check):
            pytest.fail("it was had twice")
        assert lock.locked()


def test_an_error_gives_it_back() -> None:
    lock = threading.Lock()
    with pytest.raises(LookupError), held(lock, Work().check):
        raise LookupError
    assert not lock.locked()
