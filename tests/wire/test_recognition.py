from __future__ import annotations

import pytest

from boxship.wire.message import Head
from boxship.wire.recognition import not_a_registry

VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
DENIED = b'{"errors": [{"code": "DENIED"}]}'


def head(status: int, *headers: tuple[str, str]) -> Head:
    return Head.of(status, "", headers)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (head(200, VERSION), b""),
        (head(200), b"{}"),
        (head(200, VERSION, ("Content-Type", "text/html")), b"<html>"),
        (head(404, VERSION), b""),
        (head(401, ("WWW-Authenticate", 'Bearer realm="x"')), b""),
        (head(401, ("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", 'Basic realm="x"')), b""),
        (head(401), DENIED),
        (head(403), DENIED),
        (head(503), DENIED),
    ],
    ids=str,
)
def test_a_registry_is_recognised(answer: Head, body: bytes) -> None:
    assert not_a_registry(answer, body) == ""


@pytest.mark.parametrize(
    ("answer", "body", "why"),
    [
        (head(200), b"", "it answers 200"),
        (head(200), b"[]", "it answers 200 with []"),
        (
            head(200, ("Content-Type", "text/html")),
            b"<title>Log in</title>",
            "it answers 200 with an HTML page, 'Log in'",
        ),
        (head(200, ("Docker-Distribution-Api-Version", "registry/1.0")), b"", "it answers 200"),
        (head(401), b"", "it answers 401 without a challenge"),
        (head(401), b"sign in", "it answers 401 without a challenge with sign in"),
        (head(401, ("WWW-Authenticate", "Negotiate")), b"", "it answers 401 and wants negotiate"),
        (head(403, ("WWW-Authenticate", 'Basic realm="x"')), b"", "it answers 403"),
        (head(400), b"Client sent an HTTP request", "it answers 400 with Client sent an HTTP request"),
        (head(404), b"{}", "it answers 404 with {}"),
        (head(302, VERSION, ("Location", "https://portal.corp/x?y")), b"", "it redirects to portal.corp"),
        (head(302, ("Location", "https://me:hunter2@portal.corp:8443/")), b"", "it redirects to portal.corp:8443"),
        (head(302, ("Location", "https://a\x07b/")), b"", "it redirects to a b"),
        (head(307, ("Location", "/login")), b"", "it redirects to another path"),
        (head(301), b"", "it redirects to another path"),
        (head(302, ("Location", "https://[x/")), b"", "it redirects to what is no URL"),
    ],
    ids=str,
)
def test_what_is_no_registry_is_said_in_words(answer: Head, body: bytes, why: str) -> None:
    assert not_a_registry(answer, body) == why
