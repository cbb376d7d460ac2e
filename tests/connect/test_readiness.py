"""Waiting for one descriptor: what it is ready for, its end included, and for how long it is waited for."""

from __future__ import annotations

import os
import socket
import threading
import time
from math import inf

import pytest

from boxship.connect import readiness
from boxship.connect.readiness import READ, WRITE, Readiness


def test_nothing_to_read_is_waited_for_to_the_end_and_not_when_asked_about_now() -> None:
    one, other = socket.socketpair()
    with one, other:
        began = time.monotonic()
        assert not Readiness(one).now()
        assert time.monotonic() - began < 0.1
        assert not Readiness(one).wait(began + 0.2)
        assert time.monotonic() >= began + 0.2


def test_only_what_was_asked_for_is_told() -> None:
    one, other = socket.socketpair()
    with one, other:
        other.send(b"x")
        assert Readiness(one).now() == READ
        assert Readiness(one, WRITE).now() == WRITE
        assert Readiness(one, READ | WRITE).now() == READ | WRITE


def test_an_end_is_something_to_read_though_no_byte_comes() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as end:
        os.close(writer)
        assert Readiness(end).now() == READ


@pytest.mark.parametrize("seconds", [inf, 1e12, 3e6])
def test_a_wait_without_end_is_one(seconds: float) -> None:
    one, other = socket.socketpair()
    with one, other:
        threading.Timer(0.1, other.send, [b"x"]).start()
        assert Readiness(one).wait(time.monotonic() + seconds) == READ


def test_what_lasts_longer_than_systems_wait_at_a_time_is_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LONGEST_WAIT", 0.01)
    one, other = socket.socketpair()
    with one, other:
        began = time.monotonic()
        assert not Readiness(one).wait(began + 0.2)
        assert time.monotonic() >= began + 0.2
