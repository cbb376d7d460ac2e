"""Waiting for one descriptor: what it is ready for, its end included, and for how long it is waited for."""

from __future__ import annotations

import os
import socket
import time

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
