from __future__ import annotations

import pytest

from boxship import Client
from boxship.errors import InvalidInput, NotFound, RateLimited, Refused, TLSFailed, UnexpectedAnswer
from boxship.registry.remote import error_of
from boxship.testing import (
    Answer,
    Request,
    ScriptedRegistry,
    TokenServer,
    bearer,
    by_path,
    captive_portal,
    failure,
    html,
    serving,
    tls,
)
from boxship.wire.message import Head
from tests.transport.reaching import Authority, failing

GOOD = ScriptedRegistry()


@pytest.mark.parametrize("status", [200, 201, 204, 400, 403, 404, 409, 416, 501])
def test_an_answer_of_any_status_is_given(status: int) -> None:
    with serving(Answer(status, b"" if status == 204 else b"words", headers={"X-Own": "1"})) as server:
        with Client() as client, client.api("GET", server.url, "/v2/x?y=z") as response:
            assert (response.status, response.head.get("x-own")) == (status, "1")
            assert response.read(100) == (b"" if status == 204 else b"words")
        assert server.requests[0].target == "/v2/x?y=z"


@pytest.mark.parametrize("method", ["get", "HEAD", "post", "PUT", "patch", "DELETE", "OPTIONS"])
def test_a_request_is_sent_as_it_was_written(method: str) -> None:
    with serving(Answer(200)) as server, Client() as client:
        body = b"content" if method in ("post", "PUT", "patch") else None
        with client.api(method, server.url, "/v2/", body=body, headers={"X-Own": "a b"}) as response:
            assert response.status == 200
        sent = server.requests[0]
    assert (sent.method, sent.body, sent.headers["x-own"]) == (method.upper(), body or b"", "a b")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/v2/ x", {}),
        ("GET", "/v2/\r\nX: y", {}),
        ("GET", "/v2/\u00fc", {}),
        ("GET", "", {}),
        ("G T", "/v2/", {}),
        ("GET", "/v2/", {"X Y": "z"}),
        ("GET", "/v2/", {"X": "a\r\nY: b"}),
        ("GET", "/v2/", {"X": "\u20ac"}),
        ("GET", "/v2/", {"Host": "other.corp"}),
        ("POST", "/v2/", {"Content-Length": "0"}),
        ("POST", "/v2/", {"Transfer-Encoding": "chunked"}),
    ],
    ids=repr,
)
def test_what_would_break_the_framing_is_refused(method: str, path: str, headers: dict[str, str]) -> None:
    with serving(Answer(200)) as server, Client() as client:
        error = failing(lambda: client.api(method, server.url, path, headers=headers).__enter__())
        assert server.requests == ()
    assert isinstance(error, InvalidInput)


def test_a_request_of_ones_own_has_the_credentials_of_others() -> None:
    tokens = TokenServer("ana", "secret")
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    with serving(by_path({"/token": tokens, "/": registry})) as server, Client(username="ana", password="secret") as c:
        url = server.url
        with c.api("GET", url, "/v2/app/tags/list") as response:
            assert response.status == 200
    assert [issued.scopes for issued in tokens.issued] == [("repository:app:pull",)]


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/v2/_catalog?n=1", ("registry:catalog:*",)),
        ("GET", "/v2/", ()),
        ("GET", "/v2/a/b/manifests/v1", ("repository:a/b:pull",)),
        ("HEAD", "/v2/a/blobs/sha256:x", ("repository:a:pull",)),
        ("GET", "/v2/a/referrers/sha256:x", ("repository:a:pull",)),
        ("POST", "/v2/a/b/blobs/uploads/", ("repository:a/b:pull,push",)),
        ("PUT", "/v2/a/manifests/v1", ("repository:a:pull,push",)),
    ],
)
def test_a_token_is_asked_for_what_the_path_needs(method: str, path: str, scopes: tuple[str, ...]) -> None:
    tokens = TokenServer("ana", "secret")
    unsaid = by_path({"/token": tokens, "/": _challenge})
    with serving(unsaid) as server, Client(username="ana", password="secret") as client:
        url = server.url
        with client.api(method, url, path) as response:
            assert response.status == 200
    assert [issued.scopes for issued in tokens.issued] == [scopes]


def _challenge(request: Request) -> Answer:
    if "authorization" in request.headers:
        return Answer(200)
    realm = f"http://{request.headers['host']}/token"
    return Answer(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="registry.test"'})


@pytest.mark.parametrize(
    ("head", "body", "kind", "words"),
    [
        (Head(404, "Not Found", {}), b"", NotFound, "404 Not Found"),
        (Head(404, "", {"content-type": "text/html"}), b"<title>x", UnexpectedAnswer, "an HTML page, 'x'"),
        (Head(401, "", {}), b"", Refused, "401"),
        (Head(403, "", {}), b'{"errors":[{"code":"DENIED","message":"no"}]}', Refused, "403: DENIED: no"),
        (Head(403, "", {"content-type": "text/html"}), b"", UnexpectedAnswer, "403: an HTML page"),
        (Head(429, "", {"retry-after": "7"}), b"", RateLimited, "429"),
        (Head(500, "Oops", {}), b"it broke", UnexpectedAnswer, "500 Oops: it broke"),
        (Head(500, "", {}), b'{"errors":[{"code":"UNKNOWN","message":null}]}', UnexpectedAnswer, "500: UNKNOWN"),
        (Head(502, "", {"content-type": "TEXT/HTML"}), b"", UnexpectedAnswer, "502: an HTML page"),
        (Head(302, "", {}), b"", UnexpectedAnswer, "302"),
        (Head(599, "", {}), b'{"errors":"x"}', UnexpectedAnswer, "599"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_means_an_error(head: Head, body: bytes, kind: type[Exception], words: str) -> None:
    error = error_of("the manifest x", head, body)
    assert type(error) is kind
    assert words in error.why
    assert error.status == head.status


def test_a_ping_says_how_it_was_answered(authority: Authority) -> None:
    with tls(GOOD, authority.server("127.0.0.1")) as server, Client(ca_file=authority.file) as client:
        pong = client.ping(server.address)
    assert (pong.status, pong.origin, pong.address) == (200, server.url, server.address)
    assert (pong.api_version, pong.encrypted, pong.seconds > 0) == ("registry/2.0", True, True)


def test_a_ping_of_what_is_no_registry_is_an_error() -> None:
    with serving(html()) as server, Client() as client:
        assert "an HTML page, 'Please sign in'" in str(failing(lambda: client.ping(server.url)))
    with serving(captive_portal()) as server, Client() as client:
        assert failing(lambda: client.ping(server.url)).exit_status in (1, 5)
    with serving(failure(404, "X")) as server, Client() as client:
        assert isinstance(failing(lambda: client.ping(server.url)), NotFound)


def test_a_ping_of_an_unknown_certificate_is_an_error(authority: Authority) -> None:
    with tls(GOOD, authority.server("127.0.0.1")) as server, Client() as client:
        assert isinstance(failing(lambda: client.ping(server.url)), TLSFailed)
