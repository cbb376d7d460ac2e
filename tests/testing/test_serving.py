from __future__ import annotations

import http.client
import itertools
import json
import ssl
import time
from contextlib import suppress

import pytest

from boxship.testing import (
    BAD_REQUEST,
    DROPPED,
    NEVER,
    RESET,
    Answer,
    Request,
    Server,
    endless,
    in_turn,
    serving,
)
from tests.testing.conftest import Dial, rest_of


def ask(
    server: Server, path: str = "/", method: str = "GET", body: bytes | None = None, *, timeout: float = 5
) -> tuple[http.client.HTTPResponse, bytes]:
    client = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    try:
        client.request(method, path, body)
        response = client.getresponse()
        return response, response.read()
    finally:
        client.close()


def test_requests_are_answered_and_remembered() -> None:
    with serving(lambda request: Answer(200, request.path.encode(), headers={"X-Test": "yes"})) as server:
        response, body = ask(server, "/v2/?n=1&last=", "PUT", b"content")
    assert (response.status, body, response.headers["X-Test"]) == (200, b"/v2/", "yes")
    request = server.requests[0]
    assert (request.method, request.path, request.query) == ("PUT", "/v2/", (("n", "1"), ("last", "")))
    assert (request.body, request.secure, "authorization" in request.headers) == (b"content", False, False)
    assert server.connections[0].received.startswith(b"PUT /v2/?n=1&last= HTTP/1.1\r\n")


def test_a_connection_is_kept_for_the_next_request() -> None:
    with serving(Answer(200)) as server:
        client = http.client.HTTPConnection(server.host, server.port, timeout=5)
        for _ in range(3):
            client.request("GET", "/")
            client.getresponse().read()
        client.close()
    assert (len(server.requests), len(server.connections)) == (3, 1)


def test_chunks_and_expect_are_understood(dial: Dial) -> None:
    with serving(lambda request: Answer(200, request.body, afterwards="close")) as server:
        client = dial(server)
        client.sendall(b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n")
        assert rest_of(client).endswith(b"\r\n\r\nabcde")


def test_answers_come_in_turn_and_the_last_one_stays() -> None:
    with serving(in_turn(Answer(500), Answer(503), lambda request: Answer(200, request.path.encode()))) as server:
        assert [ask(server, "/x")[0].status for _ in range(4)] == [500, 503, 200, 200]


def test_head_and_204_have_no_body() -> None:
    with serving(in_turn(Answer(200, b"12345"), Answer(204, b""))) as server:
        response, body = ask(server, method="HEAD")
        assert (response.headers["Content-Length"], body) == ("5", b"")
        assert "Content-Length" not in ask(server)[0].headers


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"abc" * 50_000, chunked=True),
        Answer(200, (b"abc" for _ in range(50_000))),
        Answer(200, [b"abc"] * 50_000, headers={"Content-Length": "150000"}),
        Answer(200, [b"abc"] * 50_000, afterwards="close"),
    ],
    ids=["bytes in chunks", "pieces in chunks", "pieces with a length", "pieces until the end"],
)
def test_a_body_arrives_whole_however_it_is_framed(answer: Answer) -> None:
    with serving(answer) as server:
        assert ask(server)[1] == b"abc" * 50_000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_truncated_body_is_incomplete(*, chunked: bool) -> None:
    with serving(Answer(200, b"x" * 1000, truncate_after=10, chunked=chunked)) as server:
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(server)
        assert chunked or caught.value.partial == b"x" * 10


def test_a_reset_body_ends_with_a_rst() -> None:
    with serving(Answer(200, b"x" * 1000, reset_after=10)) as server, pytest.raises(ConnectionResetError):
        ask(server)


def test_a_stalled_body_sends_so_much_and_no_more(dial: Dial) -> None:
    with serving(Answer(200, b"x" * 1000, stall_after=10)) as server:
        client = dial(server)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = b""
        client.settimeout(0.3)
        with suppress(TimeoutError):
            while True:
                received += client.recv(1000) or pytest.fail("the server ended")
        assert received.partition(b"\r\n\r\n")[2] == b"x" * 10


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (DROPPED, http.client.RemoteDisconnected),
        (RESET, ConnectionResetError),
        (NEVER, TimeoutError),
        (Answer(200, delay=60), TimeoutError),
        (Answer(200, head_byte_every=0.15), TimeoutError),
        (Answer(200, raw=b"\x00\x01\x02 no head\r\n\r\n"), http.client.BadStatusLine),
    ],
    ids=["dropped", "reset", "never", "delayed", "trickled slower than the timeout", "raw"],
)
def test_a_head_may_not_come(answer: Answer, raised: type[Exception]) -> None:
    with serving(answer) as server, pytest.raises(raised):
        ask(server, timeout=0.1)
    assert len(server.requests) == 1


def test_a_trickled_answer_comes_byte_by_byte() -> None:
    with serving(Answer(200, [b"a", b"b"], head_byte_every=0.001, body_piece_every=0.05)) as server:
        started = time.monotonic()
        assert ask(server)[1] == b"ab"
        assert time.monotonic() - started > 0.15


def test_a_dropped_connection_ends_without_notice() -> None:
    with serving(Answer(200, b"x", afterwards="drop")) as server:
        client = http.client.HTTPConnection(server.host, server.port, timeout=5)
        client.request("GET", "/")
        response = client.getresponse()
        assert (response.read(), response.headers["Connection"]) == (b"x", None)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):  # noqa: PT012 - either may notice
            client.request("GET", "/")
            client.getresponse()
        client.close()


@pytest.mark.parametrize(
    ("answer", "mark"),
    [
        (Answer(200, interim=itertools.repeat(100)), b"HTTP/1.1 100 Continue"),
        (Answer(200, headers=itertools.repeat(("X-More", "y" * 100))), b"X-More: yyy"),
        (Answer(500, endless(b"sorry ")), b"sorry "),
        (Answer(500, endless(b"sorry "), afterwards="close"), b"sorry "),
    ],
    ids=["interim answers", "headers", "a body in chunks", "a body"],
)
def test_an_endless_answer_goes_on_until_the_client_leaves(answer: Answer, mark: bytes, dial: Dial) -> None:
    with serving(answer) as server:
        client = dial(server)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = b""
        while received.count(mark) < 1000:
            received += client.recv(100_000)
        client.close()
        assert server.connection().ending() == "reset"


def test_early_hints_come_before_the_answer(dial: Dial) -> None:
    with serving(Answer(404, interim=(103,), afterwards="close")) as server:
        client = dial(server)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = rest_of(client)
        client.close()
    assert [line for line in received.split(b"\r\n") if line.startswith(b"HTTP")] == [
        b"HTTP/1.1 103 Early Hints",
        b"HTTP/1.1 404 Not Found",
    ]


def test_an_early_server_answers_while_the_body_is_still_coming(dial: Dial) -> None:
    with serving(Answer(413, afterwards="close"), early=True) as server:
        client = dial(server)
        client.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nxxx")
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")
        client.sendall(b"x" * 100_000)
        client.close()


def test_a_stalled_server_may_stop_reading(dial: Dial) -> None:
    never = Answer(raw=b"", stall_after=0, reads_on=False)
    with serving(never, early=True) as server:
        client = dial(server)
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100_000_000)


def test_a_hello_is_answered_in_plain_and_remembered(dial: Dial, client_context: ssl.SSLContext) -> None:
    with serving(Answer(200)) as server:
        with pytest.raises(ssl.SSLError):
            client_context.wrap_socket(dial(server), server_hostname="registry.test")
        client = dial(server)
        client.sendall(b"\x16\x03\x01\x00")
        assert client.recv(1000) == BAD_REQUEST
        client.close()
    assert b"registry.test" in server.connections[0].received
    assert server.requests == ()


def test_a_hello_may_just_be_closed(dial: Dial) -> None:
    with serving(Answer(200), on_hello=b"") as server:
        client = dial(server)
        client.sendall(b"\x16\x03\x01\x00")
        assert client.recv(1000) == b""
        client.close()


def test_an_error_in_the_answers_function_fails_the_test() -> None:
    def broken(request: Request) -> Answer:
        return Answer(200, json.loads(request.body))

    with pytest.raises(json.JSONDecodeError), serving(broken) as server:
        assert ask(server)[0].status == 500


def test_a_server_on_a_told_address() -> None:
    with serving(Answer(200), host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert ask(server)[0].status == 200
