"""The question `GET /v2/`, and what each answer says: whole, byte by byte and cut short."""

from __future__ import annotations

import pytest

from boxship.connect.question import LONGEST, parse, question

HOST = "registry.test"
SAYS = b"Docker-Distribution-Api-Version: registry/2.0\r\n"
CHALLENGE = b'WWW-Authenticate: Bearer realm="https://auth.test/token",service="r"\r\n'


def http(status: str, *headers: bytes, body: bytes = b"", length: bool = True) -> bytes:
    told = b"Content-Length: %d\r\n" % len(body) if length else b""
    return b"HTTP/1.1 " + status.encode() + b"\r\n" + b"".join(headers) + told + b"\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed


REGISTRIES = {
    "it says its version": http("200 OK", SAYS),
    "it says its version and wants a credential": http("401 Unauthorized", SAYS, CHALLENGE, body=b'{"errors":[]}'),
    "a Bearer challenge": http("401 Unauthorized", CHALLENGE),
    "a Basic challenge": http("401 Unauthorized", b'WWW-Authenticate: Basic realm="r"\r\n', body=b"no"),
    "a JSON document": http("200 OK", body=b"{}"),
    "an error of the specification": http("404 Not Found", body=b'{"errors":[{"code":"UNSUPPORTED"}]}'),
    "in chunks": chunked(b"{", b"}"),
    "no content": b"HTTP/1.1 204 No Content\r\n" + SAYS + b"\r\n",
    "after early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + http("200 OK", SAYS),
    "after a word of patience": b"HTTP/1.1 100 Continue\r\n\r\n" + http("200 OK", body=b"{}"),
}
OTHERS = {
    "a portal's page": (http("200 OK", b"Content-Type: text/html\r\n", body=b"<html>sign in</html>"), "it answers 200"),
    "a redirect to another host": (http("302 Found", b"Location: http://login.test/\r\n"), "redirects to login.test"),
    "a redirect to another path": (http("302 Found", b"Location: /login\r\n"), "redirects to"),
    "TLS is spoken here": (http("400 Bad Request", body=b"Client sent an HTTP request"), "it answers 400"),
    "a list in JSON": (http("200 OK", body=b"[]"), "it answers 200"),
    "a challenge of another kind": (
        http("401 Unauthorized", b"WWW-Authenticate: NTLM\r\n"),
        "it answers 401 and wants ntlm",
    ),
    "a server in trouble": (http("503 Service Unavailable", body=b"busy"), "it answers 503"),
}
NOT_HTTP = {
    "nothing": (b"", "closes the connection without an answer"),
    "ssh": (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP: b'SSH-2.0"),
    "a TLS alert": (b"\x15\x03\x03\x00\x02\x02\x28", "does not speak HTTP"),
    "a head without end": (b"HTTP/1.1 200 OK\r\nServer: x\r\n", "does not speak HTTP"),
    "a status that is none": (b"HTTP/1.1 abc OK\r\n\r\n", "does not speak HTTP"),
    "a length that is too long": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9" + b"9" * 25 + b"\r\n\r\n{}",
        "not speak HTTP",
    ),
    "a chunk that is too long": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 25 + b"\r\n{}",
        "does not speak HTTP",
    ),
    "an endless line": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * LONGEST + b"\r\n\r\n", "does not speak HTTP"),
}


@pytest.mark.parametrize("data", REGISTRIES.values(), ids=REGISTRIES)
def test_a_registry_is_known_by_its_answer(data: bytes) -> None:
    answer = parse(data, HOST, ended=False)
    assert answer
    assert (answer.refusal, answer.moved, answer.reusable) == ("", None, True)


@pytest.mark.parametrize("data", REGISTRIES.values(), ids=REGISTRIES)
def test_an_answer_is_taken_when_its_last_byte_is_there_and_no_sooner(data: bytes) -> None:
    whole = parse(data, HOST, ended=False)
    assert [parse(data[:size], HOST, ended=False) for size in range(len(data))] == [None] * len(data)
    assert whole


@pytest.mark.parametrize("data", REGISTRIES.values(), ids=REGISTRIES)
def test_an_answer_that_is_cut_short_is_judged_by_what_came_and_not_used_on(data: bytes) -> None:
    answers = [parse(data[:size], HOST, ended=True) for size in range(len(data))]
    assert all(answer is not None and not answer.reusable for answer in answers)


@pytest.mark.parametrize(("data", "words"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_registry_is_said_to_be_none(data: bytes, words: str) -> None:
    answer = parse(data, HOST, ended=False)
    assert answer
    assert words in answer.refusal


@pytest.mark.parametrize(("data", "words"), NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_no_http_is_said_to_be_none(data: bytes, words: str) -> None:
    answer = parse(data, HOST, ended=True)
    assert answer
    assert answer.head.status == 0
    assert words in answer.refusal


def test_what_cannot_become_http_is_not_waited_for() -> None:
    assert parse(b"SSH-2", HOST, ended=False) is not None
    assert parse(b"HT", HOST, ended=False) is None


@pytest.mark.parametrize(
    ("host", "location", "moved"),
    [
        pytest.param("registry.test", "https://registry.test/v2/", 443, id="the same host"),
        pytest.param("registry.test", "https://REGISTRY.test/v2/", 443, id="in capitals"),
        pytest.param("registry.test", "https://registry.test:8443/v2/", 8443, id="another port"),
        pytest.param("registry.test:5000", "https://registry.test:5001/", 5001, id="from an explicit port"),
        pytest.param("[::1]:5000", "https://[::1]:5001/", 5001, id="an IPv6 literal"),
        pytest.param("registry.test", "https://other.test/v2/", None, id="another host"),
        pytest.param("registry.test", "http://registry.test/v2/x", None, id="plain again"),
        pytest.param("registry.test", "/v2/x", None, id="a path"),
        pytest.param("registry.test", "https://registry.test:99999/", None, id="a port that is none"),
        pytest.param("registry.test", "https://[::1/", None, id="no URL"),
    ],
)
def test_a_redirect_to_tls_on_the_same_host_is_a_move(host: str, location: str, moved: int | None) -> None:
    data = http("301 Moved Permanently", b"Location: " + location.encode() + b"\r\n")
    answer = parse(data, host, ended=False)
    assert answer
    assert answer.moved == moved
    assert bool(answer.refusal) is (moved is None)


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    data = http("200 OK", SAYS, body=b"{}", length=False)
    assert parse(data, HOST, ended=False) is None
    answer = parse(data, HOST, ended=True)
    assert answer
    assert (answer.head.status, answer.refusal, answer.moved, answer.reusable) == (200, "", None, False)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(http("200 OK", SAYS, b"Connection: close\r\n"), id="it is announced to end"),
        pytest.param(http("200 OK", SAYS).replace(b"1.1", b"1.0", 1), id="HTTP/1.0"),
        pytest.param(http("200 OK", SAYS) + b"HTTP/1.1 200", id="more came than was asked for"),
    ],
)
def test_a_connection_is_not_used_on_where_it_ends_or_says_too_much(data: bytes) -> None:
    answer = parse(data, HOST, ended=False)
    assert answer
    assert (answer.refusal, answer.reusable) == ("", False)


def test_the_question_says_nothing_but_the_host() -> None:
    assert question("[::1]:5000", "boxship/1").split(b"\r\n") == [
        b"GET /v2/ HTTP/1.1",
        b"Host: [::1]:5000",
        b"User-Agent: boxship/1",
        b"",
        b"",
    ]
