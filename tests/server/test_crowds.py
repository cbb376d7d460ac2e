"""Many connections: they keep nobody out, and no client has all that there may be."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from boxship.server.running.connections import are_shown
from boxship.server.running.crowds import cut_crowds, make_room
from tests.server.raw import Peer, get

ONLY_THERE = pytest.mark.skipif(not are_shown(), reason="the system shows no connections")


@pytest.fixture
def files() -> Iterator[None]:
    """Room for the tests' own ends of connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert make_room() >= 2000, "so many files may not be open here: `ulimit -Hn` is to be 4128 at least"
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("files")
def test_more_than_a_thousand_open_connections_keep_nobody_out(tmp_path: Path) -> None:
    with Peer.started(tmp_path / "registry") as peer, ExitStack() as crowd:
        for _ in range(1100):
            crowd.enter_context(peer.connect()).sendall(get("/livez"))
        assert peer.serves


@ONLY_THERE
def test_what_a_client_has_too_many_of_is_cut_those_first_that_were_silent_for_longest() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as crowd:
        port = listener.getsockname()[1]
        clients = [crowd.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(6)]
        for _ in clients:
            crowd.enter_context(listener.accept()[0])
        time.sleep(0.1)
        busy = clients[1:5:2]
        for client in busy:
            client.sendall(b"x")
        time.sleep(0.02)
        # Each has two ends in this process; only those at the port are looked at.
        assert cut_crowds(port, 6, whose=lambda _: "10.0.0.7") == 0
        assert cut_crowds(port, 2, whose=lambda _: "10.0.0.7") == 4
        assert [client for client in clients if is_open(client)] == busy


@ONLY_THERE
def test_programs_of_this_machine_are_not_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as crowd:
        for _ in range(3):
            crowd.enter_context(socket.create_connection(listener.getsockname()))
            crowd.enter_context(listener.accept()[0])
        assert cut_crowds(listener.getsockname()[1], 1) == 0


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return bool(client.recv(1))
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
