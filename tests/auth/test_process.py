"""A program that is run for its answer, and what is said to it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from boxship.auth import process
from boxship.auth.process import Stopped, run

LONG = b"x" * 1_000_000  # more than any pipe holds
MUTE = [sys.executable, "-c", "import time; time.sleep(30)"]
ECHO = [sys.executable, "-c", "import sys; print(len(sys.stdin.buffer.read()))"]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name == "boxship-helper":
            thread.join(5.0)
            assert not thread.is_alive()


def test_a_program_that_does_not_read_is_stopped_when_its_time_is_up() -> None:
    began = time.monotonic()
    with pytest.raises(Stopped, match="no answer within"):
        run(MUTE, LONG, timeout=0.5)
    assert time.monotonic() - began < 10


def test_a_program_that_does_not_read_is_stopped_with_its_operation() -> None:
    @contextmanager
    def watch(wake: Callable[[], None]) -> Iterator[None]:
        threading.Timer(0.3, wake).start()
        yield

    began = time.monotonic()
    with pytest.raises(Stopped, match="cancelled"):
        run(MUTE, LONG, timeout=20.0, watch=watch)
    assert time.monotonic() - began < 10


def test_a_program_that_reads_hears_all() -> None:
    assert run(ECHO, LONG, timeout=20.0).output.split() == [b"1000000"]


def test_what_comes_too_late_for_a_program_reaches_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    over, closed = threading.Event(), list[bool]()
    tell = process._tell

    def late(pipe: IO[bytes], question: bytes) -> None:
        assert over.wait(20)
        closed.append(pipe.closed)  # then its number may be another program's pipe
        tell(pipe, question)

    monkeypatch.setattr(process, "_tell", late)
    assert run([sys.executable, "-c", ""], b"secret", timeout=20.0).status == 0
    over.set()
    for thread in threading.enumerate():
        if thread.name == "boxship-helper":
            thread.join(20)
    assert closed == [False]
