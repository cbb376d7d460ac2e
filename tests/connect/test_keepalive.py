"""What a socket bears of a peer that does not read, and how early it tells of one that does."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from boxship.connect.address import Address
from boxship.connect.dial import open_socket
from boxship.connect.keepalive import PATH, UnderWay
from boxship.connect.readiness import WRITE, Readiness
from boxship.connect.verdict import PlainSocket

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such option")

PIECE = b"x" * 256 * 1024


@pytest.fixture
def pair() -> Iterator[tuple[PlainSocket, socket.socket]]:
    """A connected socket of ours, and its peer, who has little room."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20_000)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with open_socket(Address.of(*listener.getsockname())) as ours:
            ours.connect_ex(listener.getsockname())
            theirs, _ = listener.accept()
            with theirs:
                yield ours, theirs


def fill(sock: PlainSocket) -> int:
    """Send until no byte more is taken, and tell how many were."""
    taken = 0
    while True:
        try:
            taken += sock.send(PIECE)
        except BlockingIOError:
            return taken


def test_a_pause_is_tolerated_for_as_long_as_is_said(pair: tuple[PlainSocket, socket.socket]) -> None:
    ours, _ = pair
    ours.tolerate(0.3)
    fill(ours)
    assert Readiness(ours, WRITE).wait(time.monotonic() + 5.0)
    with pytest.raises(TimeoutError):
        ours.send(b"x")


def test_little_waits_in_the_system_so_that_progress_is_seen(pair: tuple[PlainSocket, socket.socket]) -> None:
    ours, theirs = pair
    assert fill(ours) < 4 * len(PIECE)
    theirs.recv(len(PIECE), socket.MSG_WAITALL)
    assert Readiness(ours, WRITE).wait(time.monotonic() + 5.0)


def test_a_peer_without_room_is_no_lost_path(pair: tuple[PlainSocket, socket.socket]) -> None:
    ours, theirs = pair
    assert not ours.under_way
    fill(ours)
    time.sleep(0.2)
    way = ours.under_way
    assert (way.flies, way.waits) == (False, True)
    assert not way.lost
    assert not UnderWay(waits=True, unanswered=1, silence=60.0).lost
    assert UnderWay(waits=True, unanswered=2, silence=60.0).lost
    assert UnderWay(flies=True, silence=PATH + 1).lost
    assert not UnderWay(flies=True, silence=PATH - 1).lost
    assert theirs.recv(1)


def test_nothing_is_under_way_when_the_peer_has_it(pair: tuple[PlainSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.send(b"x")
    theirs.recv(1)
    until = time.monotonic() + 2.0
    while ours.under_way and time.monotonic() < until:
        time.sleep(0.01)
    assert not ours.under_way
