"""Interim answers and the time around them: they end neither the wait nor an upload, and do not go on for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from boxship import Client
from boxship.errors import BrokenAnswer, TimedOut
from boxship.testing import Connection, listening
from tests.transport.reaching import SHORT, Authority, bounds, failing

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
UPLOAD = b"x" * 20_000_000
PATH = "/v2/app/blobs/uploads/1"


def thinking(seconds: float, *said: bytes) -> Callable[[Connection], None]:
    """A server that says something at once, and answers so many seconds later."""

    def handle(connection: Connection) -> None:
        connection.receive()
        for words in said:
            connection.send(words)
        connection.sleep(seconds)
        connection.send(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"tags":["a"]}')
        connection.drain()

    return handle


def test_an_answer_that_comes_long_after_an_interim_one_is_waited_for() -> None:
    with listening(thinking(2 * SHORT, HINTS)) as place, Client(bounds=bounds(head=SHORT)) as client:
        assert list(client.tags(f"http://{place.address}/app")) == ["a"]


@pytest.mark.parametrize("said", [(HINTS,), (CONTINUE, HINTS, CONTINUE)], ids=["one", "three"])
def test_interim_answers_do_not_lengthen_the_wait_for_the_final_one(said: tuple[bytes, ...]) -> None:
    short = bounds(first_byte_slow=SHORT)
    with listening(thinking(30, *said)) as place, Client(bounds=short) as client:
        began = time.monotonic()
        error = failing(lambda: list(client.tags(f"http://{place.address}/app")))
        assert time.monotonic() - began < SHORT + 0.5
    assert isinstance(error, TimedOut)
    assert (error.phase, error.seconds) == ("first byte", SHORT)


def test_interim_answers_that_trickle_end_with_the_wait_for_the_final_one() -> None:
    def trickle(connection: Connection) -> None:
        connection.receive()
        while True:
            for byte in HINTS:
                connection.sleep(0.005)
                connection.send(bytes([byte]))

    with listening(trickle) as place, Client(bounds=bounds(first_byte_slow=SHORT)) as client:
        began = time.monotonic()
        error = failing(lambda: list(client.tags(f"http://{place.address}/app")))
        assert time.monotonic() - began < 2.0
    assert isinstance(error, TimedOut)
    assert error.phase == "first byte"


def swallow(connection: Connection, size: int) -> int:
    """Read so much of an upload, and tell how much came."""
    received = 0
    while received < size:
        received += len(connection.receive())
    return received


@pytest.mark.parametrize("said", [CONTINUE, HINTS], ids=["continue", "early hints"])
def test_an_interim_answer_does_not_end_an_upload(said: bytes) -> None:
    def handle(connection: Connection) -> None:
        received = swallow(connection, 1)
        connection.send(said)
        connection.sleep(0.1)
        swallow(connection, len(UPLOAD) - received)
        connection.send(CREATED)
        connection.drain()

    with (
        listening(handle) as place,
        Client(bounds=bounds(first_byte_moving=5)) as client,
        client.api("PUT", f"http://{place.address}", PATH, body=UPLOAD) as response,
    ):
        assert response.status == 201


def test_interim_answers_without_end_end_an_upload() -> None:
    def handle(connection: Connection) -> None:
        connection.receive()
        while True:
            connection.send(CONTINUE)

    with listening(handle) as place, Client(bounds=bounds(sending=5)) as client:
        error = failing(lambda: client.api("PUT", f"http://{place.address}", PATH, body=UPLOAD).__enter__())
    assert isinstance(error, BrokenAnswer)
    assert "interim answers" in error.why


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_an_upload_may_take_longer_than_the_wait_for_its_answer(authority: Authority, *, secure: bool) -> None:
    context = authority.server("127.0.0.1")

    def handle(connection: Connection) -> None:
        if secure:
            connection.secure(context)
        received = swallow(connection, 1_000_000)
        connection.sleep(2 * SHORT)
        swallow(connection, len(UPLOAD) - received)
        connection.send(CREATED)
        connection.drain()

    short = bounds(first_byte_moving=SHORT, sending=5)
    with listening(handle) as place, Client(bounds=short, ca_file=authority.file) as client:
        began = time.monotonic()
        url = f"{'https' if secure else 'http'}://{place.address}"
        with client.api("PUT", url, PATH, body=UPLOAD) as response:
            assert response.status == 201
        assert time.monotonic() - began > 2 * SHORT
