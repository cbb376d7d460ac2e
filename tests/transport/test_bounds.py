from __future__ import annotations

import time
from dataclasses import fields, replace
from math import inf

import pytest

from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.errors import BrokenAnswer, TimedOut
from boxship.testing import NEVER, Answer, Connection, ScriptedRegistry, endless, instead, listening, serving
from tests.transport.reaching import SHORT, bounds, failing, repository, tags

GOOD = ScriptedRegistry()
DIGEST, LAYER = max(GOOD.image.blobs.items(), key=lambda item: len(item[1]))
UPLOAD = b"x" * 20_000_000


def timed_out(error: BaseException, phase: str) -> bool:
    return isinstance(error, TimedOut) and (error.phase, error.seconds) == (phase, SHORT)


def test_a_server_that_does_not_answer() -> None:
    with serving(NEVER) as server, Client(bounds=bounds(first_byte_slow=SHORT)) as client:
        began = time.monotonic()
        error = failing(lambda: tags(client, server))
        assert timed_out(error, "first byte")
        assert SHORT <= time.monotonic() - began < SHORT + 0.5
    assert "took the request and did not answer" in str(error)
    assert error.timeline


@pytest.mark.parametrize("verb", ["document", "digest"])
def test_a_manifest_has_the_shorter_bound(verb: str) -> None:
    with serving(NEVER) as server, Client(bounds=bounds(first_byte=SHORT)) as client:
        assert timed_out(failing(lambda: getattr(client, verb)(f"{repository(server)}:v1")), "first byte")


def test_a_ping_has_the_shorter_bound() -> None:
    with serving(NEVER) as server, Client(bounds=bounds(first_byte=SHORT)) as client:
        assert timed_out(failing(lambda: client.ping(server.url)), "first byte")


def test_a_slow_server_is_waited_for_within_its_bound() -> None:
    with serving(Answer(200, b'{"tags":["a"]}', delay=0.5)) as server, Client(bounds=bounds(head=0.1)) as client:
        assert tags(client, server) == ["a"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"{}", head_byte_every=0.05),
        Answer(raw=b"HTTP/1.1 200 OK\r\n", stall_after=0),
        Answer(raw=b"H", stall_after=0),
    ],
    ids=["a byte at a time", "stalls", "one byte"],
)
def test_a_head_that_does_not_end(answer: Answer) -> None:
    with serving(answer) as server, Client(bounds=bounds(head=SHORT)) as client:
        assert timed_out(failing(lambda: tags(client, server)), "head")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, (b" " for _ in range(1000)), body_piece_every=0.05),
        Answer(200, b" " * 1000, stall_after=10),
        Answer(200, b" " * 1000, stall_after=10, chunked=True),
        Answer(200, b" " * 1000, stall_after=0),
    ],
    ids=["a byte at a time", "stalls", "stalls in a chunk", "stalls at its beginning"],
)
def test_a_document_that_does_not_end(answer: Answer) -> None:
    with serving(answer) as server, Client(bounds=bounds(document=SHORT)) as client:
        began = time.monotonic()
        assert timed_out(failing(lambda: tags(client, server)), "body")
        assert time.monotonic() - began < SHORT + 0.5


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("after", [0, 10])
def test_a_blob_that_falls_silent(after: int) -> None:
    still = Answer(200, LAYER, stall_after=after)
    with serving(instead(GOOD, "/blobs/", still)) as server, Client(bounds=bounds(silence=SHORT)) as client:
        error = failing(lambda: client.read_blob(f"{repository(server)}@{DIGEST}"))
        assert timed_out(error, "body")


def test_a_blob_that_is_slow_and_not_silent_is_read() -> None:
    pieces = Answer(200, (LAYER[start : start + 100] for start in range(0, len(LAYER), 100)), body_piece_every=0.05)
    with serving(instead(GOOD, "/blobs/", pieces)) as server, Client(bounds=bounds(silence=SHORT)) as client:
        assert client.read_blob(f"{repository(server)}@{DIGEST}") == LAYER


def test_an_operation_has_the_bound_of_its_caller() -> None:
    with serving(Answer(200, endless(b" "), body_piece_every=0.05)) as server, Client(timeout=SHORT) as client:
        error = failing(lambda: tags(client, server))
    assert timed_out(error, "--timeout")


def test_a_peer_that_stops_reading() -> None:
    def deaf(connection: Connection) -> None:
        connection.receive()
        connection.rest()

    with listening(deaf) as place, Client(bounds=bounds(sending=SHORT)) as client:
        url = f"http://{place.address}"
        error = failing(lambda: client.api("PUT", url, "/v2/app/blobs/uploads/1", body=UPLOAD).__enter__())
    assert timed_out(error, "sending")
    assert "stopped reading" in error.what


@pytest.mark.parametrize("status", [413, 400])
def test_an_answer_during_an_upload_is_read(status: int) -> None:
    with serving(Answer(status, b"too much", afterwards="close"), early=True) as server, Client() as client:
        with client.api("PUT", server.url, "/v2/app/blobs/uploads/1", body=UPLOAD) as response:
            assert (response.status, response.read(100)) == (status, b"too much")
        with client.api("GET", server.url, "/v2/") as response:
            assert response.status == status


def test_an_answer_of_a_server_that_reads_no_further_is_read() -> None:
    def refuse(connection: Connection) -> None:
        connection.receive()
        connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        connection.rest()

    with listening(refuse) as place, Client(bounds=bounds(sending=5)) as client:
        url = f"http://{place.address}"
        with client.api("PUT", url, "/v2/app/blobs/uploads/1", body=UPLOAD) as response:
            assert (response.status, response.read(100)) == (413, b"big")
        assert place.connections[0].received.startswith(b"PUT /v2/app/blobs/uploads/1 HTTP/1.1")


def test_an_upload_that_is_reset_without_an_answer_is_an_error() -> None:
    def slam(connection: Connection) -> None:
        connection.receive()
        connection.reset()

    with listening(slam) as place, Client() as client:
        url = f"http://{place.address}"
        error = failing(lambda: client.api("PUT", url, "/v2/app/blobs/uploads/1", body=UPLOAD).__enter__())
    assert isinstance(error, BrokenAnswer)


def test_an_upload_arrives_whole() -> None:
    with serving(Answer(201)) as server, Client() as client:
        with client.api("PUT", server.url, "/v2/app/blobs/uploads/1", body=UPLOAD) as response:
            assert response.status == 201
        assert server.requests[-1].body == UPLOAD


@pytest.mark.parametrize("seconds", [inf, 3_000_000.0])
def test_a_bound_may_be_longer_than_any_system_waits(seconds: float) -> None:
    every = bounds(**{field.name: seconds for field in fields(Bounds) if field.name != "patience"})
    with serving(lambda request: replace(GOOD(request), delay=0.1)) as server:
        for auto in (server.address, server.url):
            with Client(bounds=every, timeout=seconds, plain_http="auto") as client:
                assert list(client.tags(f"{auto}/app"))
                assert client.read_blob(f"{auto}/app@{DIGEST}") == LAYER
