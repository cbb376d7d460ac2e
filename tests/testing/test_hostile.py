from __future__ import annotations

import http.client
from dataclasses import replace

import pytest

from boxship.digest import Digest
from boxship.testing import (
    NEVER,
    Answer,
    Answering,
    ScriptedRegistry,
    captive_portal,
    endless_page,
    endless_pages,
    failure,
    html,
    in_turn,
    instead,
    link_loop,
    link_to,
    not_json,
    random_image,
    rate_limited,
    redirect_loop,
    redirects,
    serving,
    spoilt,
    wrong_digest,
)
from boxship.wire.links import next_link
from tests.testing.asking import ask

IMAGE = random_image(seed=1)
REGISTRY = ScriptedRegistry(image=IMAGE)
BLOB = f"/v2/app/blobs/{Digest.of(IMAGE.layers[0])}"
MANIFEST = "/v2/app/manifests/v1"
TAGS = "/v2/app/tags/list"


@pytest.mark.parametrize(
    ("answer", "status", "header", "words"),
    [
        (captive_portal(), 302, ("Location", "http://login.portal.test/"), b""),
        (html(), 200, ("Content-Type", "text/html; charset=utf-8"), b"<title>Please sign in</title>"),
        (html(502, "Bad <Gateway>"), 502, ("Content-Type", "text/html; charset=utf-8"), b"Bad &lt;Gateway&gt;"),
        (rate_limited("7"), 429, ("Retry-After", "7"), b"TOOMANYREQUESTS"),
        (not_json(), 200, ("Content-Type", "application/json"), b'"v1"'),
        (failure(503, "UNAVAILABLE"), 503, ("Content-Type", "application/json"), b"UNAVAILABLE"),
    ],
    ids=["captive portal", "page", "page of a gateway", "rate limit", "not JSON", "failure"],
)
def test_an_answer_is_given_to_everything(answer: Answer, status: int, header: tuple[str, str], words: bytes) -> None:
    with serving(answer) as server:
        reply = ask(server, "/v2/")
    assert (reply.status, reply.headers[header[0]]) == (status, header[1])
    assert words in reply.body


def hops(answer: Answering, count: int) -> list[str]:
    places = ["/v2/"]
    with serving(answer) as server:
        for _ in range(count):
            reply = ask(server, places[-1])
            if reply.status != 307:
                break
            places.append(reply.headers["Location"])
    return places


def test_a_redirect_loop_comes_back() -> None:
    assert hops(redirect_loop(), 4) == ["/v2/", "/v2/?loop=a", "/v2/?loop=b", "/v2/?loop=a", "/v2/?loop=b"]


def test_redirects_end_or_never_do() -> None:
    assert hops(redirects(Answer(200), after=3), 20)[-1] == "/v2/?hop=3"
    assert len(set(hops(redirects(), 20))) == 21


def test_pages_may_name_themselves_or_another_host_as_the_next() -> None:
    with serving(link_loop(REGISTRY)) as server:
        assert next_link([ask(server, f"{TAGS}?n=1").headers["Link"]]) == f"{TAGS}?n=1"
        assert ask(server, MANIFEST).headers["Link"] is None
    with serving(link_to(REGISTRY, "https://other.test/v2/")) as server:
        assert next_link([ask(server, TAGS).headers["Link"]]) == "https://other.test/v2/"


def test_pages_may_never_end() -> None:
    target = TAGS
    seen: list[str] = []
    with serving(endless_pages()) as server:
        for _ in range(5):
            reply = ask(server, target)
            seen += reply.fields.texts("tags")
            target = next_link([reply.headers["Link"]]) or ""
    assert seen == ["1", "2", "3", "4", "5"]


def test_a_page_may_never_end() -> None:
    with serving(endless_page()) as server:
        client = http.client.HTTPConnection(server.host, server.port, timeout=5)
        for _ in range(2):
            client.request("GET", TAGS)
            response = client.getresponse()
            assert response.read(1_000_000).startswith(b'{"name":"app","tags":["a","a"')
            response.close()
            client.close()


@pytest.mark.parametrize(("where", "path"), [("/blobs/", BLOB), ("/manifests/", MANIFEST)])
def test_a_wrong_digest_is_of_as_many_bytes(where: str, path: str) -> None:
    with serving(REGISTRY) as right, serving(wrong_digest(REGISTRY, where)) as wrong:
        good, bad = ask(right, path), ask(wrong, path)
        assert ask(wrong, "/v2/").body == ask(right, "/v2/").body
    assert len(good.body) == len(bad.body)
    assert Digest.of(good.body) != Digest.of(bad.body)
    assert good.headers["Docker-Content-Digest"] == bad.headers["Docker-Content-Digest"]


def test_a_registrys_own_answer_may_break_off_once() -> None:
    cut = spoilt(REGISTRY, "/blobs/", lambda good: replace(good, truncate_after=10))
    with serving(in_turn(cut, REGISTRY)) as server:
        with pytest.raises(http.client.IncompleteRead):
            ask(server, BLOB)
        assert ask(server, BLOB, headers={"Range": "bytes=10-"}).body == IMAGE.layers[0][10:]


def test_one_answer_may_be_another() -> None:
    with serving(instead(REGISTRY, "/blobs/", in_turn(NEVER, REGISTRY))) as server:
        assert ask(server, MANIFEST).body == IMAGE.manifest
        with pytest.raises(TimeoutError):
            ask(server, BLOB, timeout=0.1)
        assert ask(server, BLOB).body == IMAGE.layers[0]


def test_a_server_may_recover() -> None:
    with serving(in_turn(*[failure(500, "UNKNOWN")] * 2, REGISTRY)) as server:
        assert [ask(server, "/v2/").status for _ in range(4)] == [500, 500, 200, 200]
