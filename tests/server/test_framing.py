"""Requests as bytes, to the real server: framing that is ambiguous, broken, huge, slow, or cut.

Each row is followed by a whole request that asks to close. It is answered only where both sides agree on where the row
ended, so the statuses show that nothing was smuggled; after each row the registry serves others.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.server.raw import HELLO, Peer, get, post, put_hello, received, request, responses

HOST = b"Host: localhost\r\n"
CHUNKED = "Transfer-Encoding: chunked"
LAST = get("/v2/", "Connection: close")
SMUGGLED = request("DELETE", "/v2/app/manifests/v1")


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with Peer.started(tmp_path_factory.mktemp("framing") / "registry") as started:
        yield started


# Closed after one answer: what follows was not read as a request.
REFUSED = {
    "two lengths that differ": (400, post("Content-Length: 5", "Content-Length: 6") + b"hello"),
    "two lengths in one": (400, post("Content-Length: 5, 6") + b"hello"),
    "a length with a sign": (400, post("Content-Length: +5") + b"hello"),
    "a negative length": (400, post("Content-Length: -5") + b"hello"),
    "a length in hex": (400, post("Content-Length: 0x5") + b"hello"),
    "a length of 30 digits": (400, post(f"Content-Length: {'9' * 30}") + b"hello"),
    "a length of 5000 digits": (400, post(f"Content-Length: {'9' * 5000}") + b"hello"),
    "identity": (400, post("Transfer-Encoding: identity") + b"hello"),
    "chunked, then gzip": (400, post("Transfer-Encoding: chunked, gzip") + b"0\r\n\r\n"),
    "gzip, then chunked": (501, post("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n"),
    "a coding that looks like chunked": (400, post("Transfer-Encoding: xchunked") + b"0\r\n\r\n"),
    "chunked in HTTP/1.0": (400, request("POST", "/v2/app/blobs/uploads/", CHUNKED, version="1.0") + b"0\r\n\r\n"),
    "chunked twice": (400, post(CHUNKED, CHUNKED) + b"0\r\n\r\n"),
    "a chunk without a size": (400, put_hello(CHUNKED) + b"zz\r\nhello\r\n0\r\n\r\n"),
    "a chunk of 2**68": (400, put_hello(CHUNKED) + b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n"),
    "a negative chunk": (400, put_hello(CHUNKED) + b"-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk longer than it says": (400, put_hello(CHUNKED) + b"4\r\nhello\r\n0\r\n\r\n"),
    "chunks that end in LF": (400, put_hello(CHUNKED) + b"5\nhello\n0\n\n"),
    "100 kB of a chunk's extension": (400, put_hello(CHUNKED) + b"5;a=" + b"b" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"),
    "100 kB of trailers": (400, put_hello(CHUNKED) + b"5\r\nhello\r\n0\r\nA: " + b"b" * 100_000 + b"\r\n\r\n"),
    "a folded header": (400, get("/v2/", "X-A: b\r\n c")),
    "a space before the colon": (400, get("/v2/", "Content-Length : 5")),
    "NUL in a header": (400, get("/v2/", "X-A: b\x00c")),
    "CR in a header": (400, get("/v2/", "X-A: b\rX-C: d")),
    "a header without a colon": (400, get("/v2/", "X-A")),
    "no Host": (400, b"GET /v2/ HTTP/1.1\r\n\r\n"),
    "an empty Host": (400, b"GET /v2/ HTTP/1.1\r\nHost:\r\n\r\n"),
    "two hosts": (400, get("/v2/", "Host: localhost")),
    "another host beside ours": (400, get("/v2/", "Host: evil.test")),
    "HTTP/0.9": (400, b"GET /v2/\r\n\r\n"),
    "HTTP/1.2": (400, get("/v2/", version="1.2")),
    "HTTP/2.0": (400, get("/v2/", version="2.0")),
    "no path": (400, get("v2/")),
    "a space in the path": (400, get("/v2/a b/tags/list")),
    "a path that is no ASCII": (400, get("/v2/\xff\xfe/tags/list")),
    "a method that is no token": (400, request("G\x01T", "/v2/")),
    "a method nobody knows": (405, request("BREW", "/v2/")),
    "a method of 5000": (405, request("A" * 5000, "/v2/")),
    "a path of 2100": (414, get(f"/v2/{'a' * 2100}/tags/list")),
    "a path of 200 kB": (414, get(f"/v2/{'a' * 200_000}/tags/list")),
    "a query of 60 kB": (414, get(f"/v2/_catalog?last={'a' * 60_000}")),
    "a head of 40 kB": (431, get("/v2/", f"X-A: {'a' * 40_000}")),
    "a head of 500 kB": (431, get("/v2/", f"X-A: {'a' * 500_000}")),
    "110 headers": (431, get("/v2/", *["X-A: b"] * 110)),
    "5000 headers": (431, get("/v2/", *["X-A: b"] * 5000)),
    "a manifest of 10 GB": (413, request("PUT", "/v2/app/manifests/v1", "Content-Length: 10000000000") + b"{"),
    "a blob of 65 GiB": (413, put_hello(f"Content-Length: {65 * 1024**3}") + b"hello"),
    "a hello of TLS": (400, bytes.fromhex("16030100c8010000c40303") + b"\x00" * 100),
}

# One request each, after which the next one is answered.
TAKEN = {
    "the same length twice": (202, post("Content-Length: 5", "Content-Length: 5") + b"hello"),
    "a chunk with an extension": (201, put_hello(CHUNKED) + b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    "chunks with trailers": (201, put_hello(CHUNKED) + b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n"),
    "a chunk of each byte": (201, put_hello(CHUNKED) + b"".join(b"1\r\n%c\r\n" % c for c in b"hello") + b"0\r\n\r\n"),
    "a body where none is expected": (200, get("/v2/", f"Content-Length: {len(SMUGGLED)}") + SMUGGLED),
    "a body of a request that is refused": (400, post("Content-Length: 5", target="/v2/A/blobs/uploads/") + b"hello"),
    "lines that end in LF": (200, b"GET /v2/ HTTP/1.1\nHost: localhost\n\n"),
    "empty lines before it": (200, b"\r\n\r\n" + get("/v2/")),
    "90 headers": (200, get("/v2/", *["X-A: b"] * 90)),
    "HTTP/1.0 that stays": (200, get("/v2/", "Connection: keep-alive", version="1.0")),
    "a whole URL": (200, get("http://localhost/v2/")),
    "OPTIONS *": (404, request("OPTIONS", "*")),
    "CONNECT": (404, request("CONNECT", "evil.test:443")),
    "a fragment": (200, get("/v2/#x")),
    "a backslash": (400, get("/v2/a\\b/tags/list")),
    "dots": (400, get("/v2/../etc/passwd")),
    "escaped dots": (400, get("/v2/%2e%2e/%2e%2e/etc/passwd")),
    "slashes": (400, get("//v2/")),
    "a websocket": (200, get("/v2/", "Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")),
    "HTTP/2 over this": (200, get("/v2/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA")),
    "an expectation nobody knows": (202, post("Expect: the-unexpected", "Content-Length: 0")),
}


@pytest.mark.parametrize(("status", "content"), REFUSED.values(), ids=REFUSED)
def test_what_is_ambiguous_or_too_large_is_refused_and_the_connection_closed(
    peer: Peer, status: int, content: bytes
) -> None:
    assert [answer.status for answer in peer.send(content + LAST)] == [status]
    assert peer.serves


@pytest.mark.parametrize(("status", "content"), TAKEN.values(), ids=TAKEN)
def test_what_is_unusual_but_clear_is_one_request(peer: Peer, status: int, content: bytes) -> None:
    assert [answer.status for answer in peer.send(content + LAST)] == [status, 200]
    assert peer.serves


@pytest.mark.parametrize("headers", [("Content-Length: 5", CHUNKED), (CHUNKED, "Content-Length: 5")])
def test_of_two_framings_no_request_is_smuggled(peer: Peer, headers: tuple[str, str]) -> None:
    # granian takes the length away, as RFC 9112, 6.3 permits, and closes; where a server hands on both, it is 400.
    (answer,) = peer.send(post(*headers) + b"0\r\n\r\n" + SMUGGLED + LAST)
    assert answer.headers["connection"] == "close"
    assert peer.serves


def test_requests_in_a_row_are_answered_in_their_order(peer: Peer) -> None:
    asked = [get("/v2/"), get("/v2/nobody/tags/list"), put_hello("Content-Length: 5") + b"hello"]
    answers = peer.send(b"".join(asked * 20) + LAST)
    assert [answer.status for answer in answers] == [200, 404, 201] * 20 + [200]


def test_a_refused_method_ends_the_connection(peer: Peer) -> None:
    (answer,) = peer.send(request("PATCH", "/v2/") + LAST)
    assert (answer.status, answer.headers["connection"], answer.headers["allow"]) == (405, "close", "GET, HEAD")


def test_a_whole_body_is_waited_for_when_somebody_asks_first(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.sendall(put_hello("Content-Length: 5", "Expect: 100-continue", "Connection: close"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert [answer.status for answer in responses(received(connection))] == [201]


def test_who_asks_first_is_refused_without_sending_a_body(peer: Peer) -> None:
    head = request("PUT", "/v2/app/manifests/v1", "Content-Length: 10000000000", "Expect: 100-continue")
    assert [answer.status for answer in peer.send(head)] == [413]


def test_who_is_refused_hears_it_once_the_body_has_come_and_is_served_on(peer: Peer) -> None:
    # What proxies do: head and body are sent apart, and the answer is read after both.
    with peer.connect() as connection:
        connection.sendall(post(f"Content-Length: {6_000_000}", target="/v2/A/blobs/uploads/"))
        time.sleep(0.1)
        for _ in range(6):
            connection.sendall(bytes(1_000_000))
        connection.sendall(LAST)
        assert [answer.status for answer in responses(received(connection))] == [400, 200]


def test_a_body_that_is_refused_is_not_waited_for_without_end(peer: Peer) -> None:
    head = post("Content-Length: 5", target="/v2/A/blobs/uploads/")
    assert [answer.status for answer in peer.send(head + b"hel")] == [400]


def test_old_and_half_closed_clients_get_their_answer(peer: Peer) -> None:
    assert [answer.status for answer in peer.send(b"GET /v2/ HTTP/1.0\r\n\r\n")] == [200]
    # granian takes one that sends no more for gone, unless it is waiting for a body.
    assert [answer.status for answer in peer.send(LAST, half_close=True)] in ([], [200])
    cut = put_hello("Content-Length: 10") + b"hello"
    assert [answer.status for answer in peer.send(cut, half_close=True)] == [400]
    assert peer.serves


def test_a_request_to_another_host_is_refused_however_it_is_written(peer: Peer) -> None:
    for content in (
        b"GET /v2/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"GET http://localhost/v2/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
    ):
        assert [answer.status for answer in peer.send(content)] == [403]


def open_session(peer: Peer) -> str:
    (answer,) = peer.send(post("Content-Length: 0", "Connection: close"))
    return answer.headers["location"]


def progress(peer: Peer, location: str) -> str:
    (answer,) = peer.send(get(location, "Connection: close"))
    assert answer.status == 204
    return answer.headers["range"]


def test_a_body_that_falls_silent_is_given_up_and_its_upload_goes_on(peer: Peer) -> None:
    location = open_session(peer)
    started = time.monotonic()
    (answer,) = peer.send(request("PATCH", location, "Content-Length: 5") + b"hel")
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert json.loads(answer.body)["errors"][0]["code"] == "BLOB_UPLOAD_INVALID"
    assert 0.4 < time.monotonic() - started < 5
    assert progress(peer, location) == "0-2"
    done = request("PUT", f"{location}?digest={HELLO}", "Content-Length: 2", "Connection: close") + b"lo"
    assert [answer.status for answer in peer.send(done)] == [201]


def test_a_body_that_trickles_is_given_up(peer: Peer) -> None:
    location = open_session(peer)
    with peer.connect() as connection:
        connection.sendall(request("PATCH", location, "Content-Length: 1000"))
        connection.settimeout(0.1)
        answer = b""
        for _ in range(100):
            connection.sendall(b"x")
            try:
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert int(progress(peer, location).removeprefix("0-")) > 5


def test_a_manifest_that_falls_silent_is_given_up(peer: Peer) -> None:
    head = request("PUT", "/v2/app/manifests/v1", "Content-Length: 500")
    assert [answer.status for answer in peer.send(head + b"{")] == [408]


def test_many_stalled_uploads_hold_nobody_up(peer: Peer) -> None:
    stalled: list[socket.socket] = []
    try:
        for _ in range(100):
            stalled.append(peer.connect())
            stalled[-1].sendall(put_hello("Content-Length: 5") + b"he")
        started = time.monotonic()
        for _ in range(50):
            answers = peer.send(put_hello("Content-Length: 5") + b"hello" + LAST)
            assert [answer.status for answer in answers] == [201, 200]
        assert time.monotonic() - started < 5
    finally:
        for connection in stalled:
            connection.close()


def test_heads_that_never_end_hold_nobody_up(peer: Peer) -> None:
    held = [peer.connect() for _ in range(100)]
    for connection in held:
        connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: local")
    assert peer.serves
    for connection in held:
        connection.close()
