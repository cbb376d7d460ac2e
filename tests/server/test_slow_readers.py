"""Clients that ask and do not read (the slow read attack): each holds a connection, and memory, for a bounded time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from boxship.server.body import Patience
from boxship.server.running.slow_readers import SlowReaders
from tests.server.content import digest, image
from tests.server.raw import Peer, get, received, request

LARGE = bytes(range(256)) * 256 * 1024  # 64 MiB: no buffers of a connection hold it
LARGE_NAME = digest(LARGE)
DOCUMENT = image(b"{}", x="a" * 4_000_000)
KIND = "Content-Type: application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with Peer.started(tmp_path_factory.mktemp("slow") / "registry") as started:
        for content in (LARGE, b"{}"):
            head = f"/v2/app/blobs/uploads/?digest={digest(content)}"
            started.send(request("POST", head, f"Content-Length: {len(content)}", "Connection: close") + content)
        put = request("PUT", "/v2/app/manifests/v1", KIND, f"Content-Length: {len(DOCUMENT)}", "Connection: close")
        assert [answer.status for answer in started.send(put + DOCUMENT)] == [201]
        yield started


def dial(peer: Peer, asked: bytes) -> socket.socket:
    """A connection whose client has room for little, and has asked."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", peer.port))
    connection.sendall(asked)
    return connection


def is_cut(connection: socket.socket, *, reading: int = 0) -> bool:
    """Whether the other side gives the connection up before long, although somebody reads so much now and then."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        time.sleep(0.1)
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return True
        assert not reading or connection.recv(reading)
    return False


ASKED = {
    "a blob": get(f"/v2/app/blobs/{LARGE_NAME}"),
    "a range of it": get(f"/v2/app/blobs/{LARGE_NAME}", "Range: bytes=1-"),
    "a document": get("/v2/app/manifests/v1"),
    "many small documents": get("/v2/_catalog") * 20_000,
}


def test_who_reads_nothing_is_cut_off_whatever_it_asked_for(peer: Peer) -> None:
    def ask(asked: bytes) -> bool:
        connection = dial(peer, b"")
        # Who reads nothing is not read from for ever, either.
        threading.Thread(target=_send, args=(connection, asked), daemon=True).start()
        with connection:
            return is_cut(connection)

    with ThreadPoolExecutor() as clients:
        assert dict(zip(ASKED, clients.map(ask, ASKED.values()), strict=True)) == dict.fromkeys(ASKED, True)
    assert peer.serves


def _send(connection: socket.socket, content: bytes) -> None:
    with suppress(OSError):  # it is cut off
        connection.sendall(content)


def test_who_reads_a_byte_now_and_then_is_cut_off_too(peer: Peer) -> None:
    with dial(peer, ASKED["a blob"]) as connection:
        assert is_cut(connection, reading=1)


def test_who_reads_slowly_gets_everything(peer: Peer) -> None:
    with dial(peer, get("/v2/app/manifests/v1", "Connection: close")) as connection:
        until, content = time.monotonic() + 3, b""
        while time.monotonic() < until:  # some 200 kB a second, for six times the time that who reads nothing has
            content += connection.recv(10_000)
            time.sleep(0.05)
        assert (content + received(connection)).endswith(DOCUMENT)


def test_many_who_read_nothing_hold_nobody_up_and_are_gone_soon(peer: Peer) -> None:
    with ExitStack() as crowd, ThreadPoolExecutor(60) as clients:
        connections = [crowd.enter_context(dial(peer, ASKED["a blob"])) for _ in range(60)]
        assert peer.serves
        assert [*clients.map(is_cut, connections)] == [True] * 60
    assert peer.serves


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection that a server has, and its client's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            server.setblocking(False)
            yield server, client


def fill(server: socket.socket) -> None:
    try:
        while True:
            server.send(b"x" * 65536)
    except BlockingIOError:
        return


def test_each_time_that_a_client_has_is_judged_by_itself(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    clock = Clock()
    readers = SlowReaders(server.getsockname()[1], Patience(silence=30, slowest=1024), clock)
    fill(server)
    assert readers.look() == 0
    clock.now = 29
    assert readers.look() == 0
    for _ in range(20):
        client.recv(65536)
        time.sleep(0.01)
    clock.now = 31  # it has taken enough by now, and then no more
    assert readers.look() == 0
    clock.now = 60
    assert readers.look() == 0
    clock.now = 62
    assert readers.look() == 1
    with pytest.raises(BrokenPipeError):
        server.send(b"x")


def test_who_owes_nothing_has_all_the_time(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    clock = Clock()
    readers = SlowReaders(server.getsockname()[1], Patience(), clock)
    server.send(b"hello")
    assert client.recv(5) == b"hello"
    for _ in range(20):
        clock.now += 100
        assert readers.look() == 0
    # Of others' connections nothing is known, nor touched.
    fill(server)
    others = SlowReaders(1, Patience(), clock)
    for _ in range(20):
        clock.now += 100
        assert others.look() == 0
