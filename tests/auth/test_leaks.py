"""Secrets are marked: what a person or a program may see is searched for them, from every place they can stand in."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from boxship import Client
from boxship.errors import BoxshipError
from boxship.testing import (
    NEVER,
    RESET,
    Answer,
    Request,
    ScriptedRegistry,
    Server,
    TokenServer,
    basic,
    bearer,
    instead,
    link_to,
    redirect_to,
    serving,
)
from tests.auth.guarded import TAGS, pair
from tests.auth.secret_places import MARK, PLACES, forms
from tests.auth.secret_sinks import leaks, of_a_client, of_a_command
from tests.transport.reaching import repository

PASSWORD, OWN = "p4ssw0rd", "0wnh34d3r"
GOOD = ScriptedRegistry()
DIGEST = next(iter(GOOD.image.blobs))
SECRETS = forms(MARK)


def failing(call: Callable[[], object]) -> BoxshipError:
    """The error, with its traceback."""
    with pytest.raises(BoxshipError) as caught:
        call()
    return caught.value


# What the server does once it has what it asked for; None: what it should.
TROUBLE: dict[str, Answer | None] = {
    "answers": None,
    "refuses": Answer(401, b"no"),
    "denies": Answer(403, b"{}"),
    "is missing": Answer(404),
    "is unavailable": Answer(503, headers={"Retry-After": "3600"}),
    "limits": Answer(429, headers={"Retry-After": "3600"}),
    "never answers": NEVER,
    "resets": RESET,
    "is not HTTP": Answer(raw=b"SSH-2.0\r\n", truncate_after=0),
    "breaks off": Answer(200, b"x" * 100, truncate_after=5),
    "stalls": Answer(200, b"x" * 100, stall_after=5),
    "sends elsewhere": redirect_to("http://other.corp/?sig=1"),
    "sends to nowhere": redirect_to("https://ana:x@[::1/?sig=1"),
    "sends round": redirect_to("?sig=1"),
    "challenges": Answer(401, headers={"WWW-Authenticate": 'Bearer realm="https://10.0.0.9/"'}),
}


# Whose server has every trouble; in the other places a few are enough.
IN_ALL = frozenset({"--password, for a token", "a token server's token", "a redirect's signed query"})
FEW = ("answers", "denies", "limits", "resets", "is not HTTP", "sends elsewhere")
ROWS = [(place, trouble) for place in PLACES for trouble in (TROUBLE if place in IN_ALL else FEW)]
# A process each: one that ends well, and one that does not.
COMMANDS = [("answers", "jsonl"), ("denies", "har")]


@pytest.mark.parametrize(("place", "trouble"), ROWS)
def test_a_program_is_shown_no_secret(
    place: str, trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PLACES[place](tmp_path, TROUBLE[trouble]) as play:
        shown = of_a_client(play, tmp_path, monkeypatch)
    assert leaks({"wire": " ".join(play.told)}, SECRETS), "the secret was never where it should be"
    assert leaks(shown, SECRETS) == []


@pytest.mark.parametrize(("trouble", "form"), COMMANDS)
@pytest.mark.parametrize("place", PLACES)
def test_a_command_shows_no_secret(place: str, trouble: str, form: str, tmp_path: Path) -> None:
    with PLACES[place](tmp_path, TROUBLE[trouble]) as play:
        shown = of_a_command(play, tmp_path, form)
    assert leaks({"wire": " ".join(play.told)}, SECRETS), "the secret was never where it should be"
    assert leaks(shown, SECRETS) == []


@pytest.mark.parametrize("before", range(4))
def test_a_secret_is_found_in_every_form(before: int) -> None:
    text = f"{'x' * before}{MARK}yz"
    for shown in (text, quote(text), quote(text, safe=""), pair(text), urlsafe_b64encode(text.encode()).decode()):
        assert leaks({"anywhere": shown}, SECRETS)
    assert leaks({"anywhere": pair("something else, and longer than the mark")}, SECRETS) == []


# What is sent where.


def away(store: Server) -> Callable[[Request], Answer]:
    """A registry whose blobs are at a store, and that asks for a password."""
    registry = ScriptedRegistry(access=basic("ana", PASSWORD))

    def answer(request: Request) -> Answer:
        asked = registry(request)
        if asked.status == 401 or "/blobs/" not in request.path:
            return asked
        return redirect_to(f"{store.url}/b")

    return answer


def test_the_first_request_carries_no_credential() -> None:
    for access in (basic("ana", PASSWORD), bearer("/token", TokenServer("ana", PASSWORD))):
        with serving(ScriptedRegistry(access=access)) as server:
            with Client(username="ana", password=PASSWORD) as client, suppress(BoxshipError):
                list(client.tags(repository(server)))
            assert "authorization" not in server.requests[0].headers


def test_another_host_gets_what_chooses_the_content_alone() -> None:
    with serving(Answer(200, GOOD.image.blobs[DIGEST])) as store, serving(away(store)) as server:
        with Client(username="ana", password=PASSWORD) as client:
            assert client.read_blob(f"{repository(server)}@{DIGEST}") == GOOD.image.blobs[DIGEST]
            url, path = server.url, f"/v2/app/blobs/{DIGEST}"
            headers = {"X-Own": OWN, "Cookie": OWN, "Accept": "a/b", "Range": "bytes=0-"}
            with client.api("GET", url, path, headers=headers) as response:
                assert response.status == 200
        sent = [set(request.headers) for request in store.requests]
    assert sent == [{"host", "user-agent", "accept-encoding"}, {"host", "user-agent", "accept", "range"}]


@pytest.mark.parametrize("scheme", ["Basic realm=x", 'Bearer realm="{url}/token",service="registry.test"'])
def test_another_hosts_challenge_is_not_answered(scheme: str) -> None:
    with Server(lambda _: challenge) as store:
        challenge = Answer(401, headers={"WWW-Authenticate": scheme.format(url=store.url)})
        with serving(away(store)) as server, Client(username="ana", password=PASSWORD) as client:
            error = failing(lambda: client.read_blob(f"{repository(server)}@{DIGEST}"))
        assert [request.path for request in store.requests] == ["/b"]
        assert all("authorization" not in request.headers for request in store.requests)
    assert error.exit_status == 4


def test_a_next_page_at_another_host_is_not_asked_for() -> None:
    with serving(GOOD) as other, serving(link_to(GOOD, f"http://localhost:{other.port}/v2/x")) as server:
        with Client(username="ana", password=PASSWORD) as client, pytest.raises(BoxshipError, match="another host"):
            list(client.tags(repository(server)))
        assert other.requests == ()


def test_credentials_belong_to_one_port() -> None:
    with serving(ScriptedRegistry(access=basic("ana", PASSWORD))) as server, serving(GOOD) as other:
        with Client(username="ana", password=PASSWORD) as client:
            for place in (server, other, other):
                assert list(client.tags(repository(place))) == TAGS
        assert all("authorization" not in request.headers for request in other.requests)


def test_cookies_are_not_kept() -> None:
    cookie = Answer(200, b'{"tags":["a"]}', headers={"Set-Cookie": "id=1; Path=/"})
    with serving(instead(GOOD, "/tags/", cookie)) as server, Client() as client:
        for _ in range(2):
            list(client.tags(repository(server)))
        assert all("cookie" not in request.headers for request in server.requests)
