from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import pytest

from boxship.testing import black_hole, refused


def test_a_connect_to_a_black_hole_gets_no_answer_even_to_the_kernels_second_syn() -> None:
    with black_hole() as hole, socket.socket() as dialled:
        dialled.settimeout(1.3)  # Linux sends the second SYN after 1 s
        with pytest.raises(TimeoutError):
            dialled.connect((hole.host, hole.port))


def test_a_black_hole_is_there_at_once_and_gone_at_once() -> None:
    started = time.monotonic()
    with black_hole():
        pass
    assert time.monotonic() - started < 1


def test_many_black_holes_can_be_open() -> None:
    with ExitStack() as stack:
        ports = {stack.enter_context(black_hole()).port for _ in range(5)}
    assert len(ports) == 5


def test_a_black_hole_can_have_an_ipv6_address() -> None:
    with black_hole(host="::1") as hole:
        assert hole.address == f"[::1]:{hole.port}"


def test_a_refused_port_refuses() -> None:
    with refused() as place, pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.host, place.port), timeout=5)


@pytest.mark.parametrize("reuse", [0, 1])
def test_nobody_else_can_take_a_refused_port(reuse: int) -> None:
    with refused() as place, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        with pytest.raises(OSError, match="in use"):
            other.bind((place.host, place.port))


def test_a_told_port_is_taken() -> None:
    with refused() as free:
        port = free.port
    with refused(port=port) as place:
        assert place.address == f"127.0.0.1:{port}"
