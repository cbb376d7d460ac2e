"""The API is the page's: no other site has anything done or read by it, and nothing that is sent breaks it."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from boxship.server.beside import is_of_page
from boxship.server.routes import RESOURCES
from boxship.testing import put_image, registry
from boxship.ui.questions import QUESTIONS
from tests.ui.conftest import fill
from tests.ui.serving import Served, any_page, own_page

STRANGERS: Mapping[str, Mapping[str, str]] = {
    "another site's page": {"origin": "https://evil.test"},
    "a page of another port": {"origin": "http://127.0.0.1:1"},
    "a page in a frame without an origin": {"origin": "null"},
    "a name that was rebound": {"host": "evil.test"},
    "a name that was rebound, with its origin": {"host": "evil.test", "origin": "http://evil.test"},
    "an image on another site": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    "another port of this machine": {"sec-fetch-site": "same-site"},
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_reads_nothing_of_the_registry(page: Served, stranger: str) -> None:
    reply = page.as_(STRANGERS[stranger]).ask("tags", repository="team/app")
    assert reply.status == 403
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_changes_nothing(page: Served, stranger: str) -> None:
    plan = page.ask("plan", repository="lib/base", reference="1").json["plan"]
    body = json.dumps({"plan": plan}).encode()
    token = str(page.ask("session").json["token"])
    headers = {"content-type": "application/json", "x-boxship-token": token, **STRANGERS[stranger]}
    assert page.send("POST", "/api/apply", body, headers).status == 403
    assert page.ask("tags", repository="lib/base").json["tags"] == ["1"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"},
        {"content-type": "application/json", "x-boxship-token": ""},
        {"content-type": "application/json", "x-boxship-token": "A" * 32},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
    ],
    ids=str,
)
def test_a_change_needs_the_token_that_only_the_page_can_read(page: Served, headers: dict[str, str]) -> None:
    plan = page.ask("plan", repository="lib/base", reference="1").json["plan"]
    told = dict(headers)
    if "x-boxship-token" not in told and told["content-type"] != "application/json":
        told["x-boxship-token"] = str(page.ask("session").json["token"])
    assert page.send("POST", "/api/apply", json.dumps({"plan": plan}).encode(), told).status == 403
    assert page.ask("tags", repository="lib/base").json["tags"] == ["1"]


def test_the_page_itself_may_ask(page: Served) -> None:
    own = page.as_({"origin": f"http://{page.address}", "sec-fetch-site": "same-origin"})
    assert own.ask("tags", repository="team/app").status == 200


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"plan": 1}', b'{"plan": {}}', b'{"plan": NaN}'], ids=str
)
def test_a_body_that_is_no_plan_is_refused(page: Served, body: bytes) -> None:
    headers = {"content-type": "application/json", "x-boxship-token": str(page.ask("session").json["token"])}
    assert page.send("POST", "/api/apply", body, headers).status == 400


def test_a_plan_for_another_registry_is_refused(page: Served) -> None:
    with registry(allow_delete=True) as other:
        put_image(other.address, "app", "1")
        plan = page.ask("plan", repository="lib/base", reference="1").json["plan"]
        moved = json.loads(json.dumps(plan).replace(page.address, other.address))
        assert page.apply(moved).status == 400


def test_what_is_too_long_is_refused_and_not_kept(page: Served) -> None:
    headers = {"content-type": "application/json", "x-boxship-token": str(page.ask("session").json["token"])}
    body = json.dumps({"plan": {"words": "x" * 5_000_000}}).encode()
    assert page.send("POST", "/api/apply", body, headers).status == 413
    assert page.ask("tags", repository="x" * 9000).status == 414
    assert page.send("GET", f"/api/{'x' * 600}").status == 404
    assert page.ask("details", repository="team/app", tag=[str(number) for number in range(127)]).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/page/../application.py",
        "/page/%2e%2e/application.py",
        "/page/..%2fapplication.py",
        "/page//etc/passwd",
        "/page/\\..\\x",
        "/page/",
        "/page/none.js",
        "/api/",
        "/api/none",
        "/api/session/",
        "/api/../v2/",
        "/api/__class__",
    ],
)
def test_no_path_leads_out_of_the_page(page: Served, path: str) -> None:
    host, port = page.address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {page.address}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.match(rb"HTTP/1\.1 40[04] ", answer), answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_what_the_page_does_is_possible(page: Served, method: str) -> None:
    for path in ("/api/tags?repository=team/app", "/api/session"):
        reply = page.send(method, path)
        assert (reply.status, reply.headers.get("access-control-allow-origin")) == (405, None)
    assert page.send("GET", "/api/apply").status == 405


POLICY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/", "/page/none.js", "/api/session", "/api/tags?repository=team/app", "/api/none"])
def test_every_answer_keeps_browsers_from_running_what_is_not_the_pages(page: Served, path: str) -> None:
    headers = page.send("GET", path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == ("'none'",) * 3
    assert POLICY.items() <= headers.items()
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "application/json"


def test_hostile_words_come_as_data(page: Served) -> None:
    body = page.ask("image", repository="team/app", reference="labelled").body
    assert b'onerror=\\"alert(1)\\"' in body
    assert body.isascii()


def test_no_path_of_the_registry_is_the_pages() -> None:
    paths = [resource.path.rstrip("?").replace("<", "").replace(">", "") for resource in RESOURCES]
    assert [path for path in paths if is_of_page(path)] == []
    assert [path for path in ("/v2", "/v2/", "/page", "/api", "/metrics", "//") if is_of_page(path)] == []


def test_without_the_page_the_registry_is_what_it_was(tmp_path: Path) -> None:
    with own_page(tmp_path, "--no-page") as bare:
        assert [bare.send("GET", path).status for path in ("/", "/api/session", "/v2/")] == [404, 404, 200]
        assert "page:" not in bare.log.read_text()


def test_who_does_not_know_the_key_gets_nothing(tmp_path: Path) -> None:
    with registry() as running, any_page(running.address, tmp_path) as page:
        fill(running.address)
        assert re.fullmatch(r"/[\w-]{32}", page.base)
        wrong = page.base[:-1] + ("A" if page.base[-1] != "A" else "B")
        for base in ("", "/", wrong, page.base[:-1], f"/x{page.base}"):
            for path in ("/", "/api/session", "/api/repositories", "/page/start.js"):
                assert page.send("GET", f"{base}{path}").status == 404
        assert page.ask("repositories").json["total"] == 2
        assert page.send("GET", page.base).headers["location"] == f"{page.base}/"
        for stranger in STRANGERS.values():
            assert page.as_(stranger).ask("session").status == 403


def test_every_question_has_a_bound() -> None:
    assert all(0 < question.seconds <= 900 for question in QUESTIONS.values())
