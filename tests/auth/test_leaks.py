"""Secrets are marked, everything that a person or a program may see is searched for them."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import BoxshipError
from boxship.event import Event
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
    by_path,
    instead,
    json_answer,
    link_to,
    redirect_to,
    serving,
)
from tests.auth.guarded import TAGS, pair, write_config
from tests.transport.reaching import bounds, repository

PASSWORD, REFRESH, TOKEN, SIGNED, OWN = "p4ssw0rd", "r3fr3sh", "t0k3n", "s1gn4tur3", "0wnh34d3r"
SECRETS = (PASSWORD, REFRESH, TOKEN, SIGNED, OWN, pair(f"ana:{PASSWORD}"))
GOOD = ScriptedRegistry()
DIGEST = next(iter(GOOD.image.blobs))


def shown(error: BoxshipError) -> str:
    """All that an error shows, and what a debugger's or a logger's traceback does."""
    chain = "".join(traceback.format_exception(error))
    again = pickle.loads(pickle.dumps(error))
    parts = (error, again, error.args, error.what, error.why, error.remedy, error.timeline, again.__dict__)
    return f"{chain} {pickle.dumps(error)!r} " + " ".join(f"{part} {part!r}" for part in parts)


def failing(call: Callable[[], object]) -> BoxshipError:
    """The error, with its traceback."""
    with pytest.raises(BoxshipError) as caught:
        call()
    return caught.value


def leaked(text: str) -> list[str]:
    return [text[max(0, text.find(secret) - 200) : text.find(secret) + 50] for secret in SECRETS if secret in text]


TROUBLE: dict[str, Answer] = {
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
    "sends elsewhere": redirect_to("http://other.corp/?x=s1gn4tur3"),
    "sends to nowhere": redirect_to("https://ana:p4ssw0rd@[::1/?x=s1gn4tur3"),
    "sends round": redirect_to("?x=s1gn4tur3"),
    "challenges": Answer(401, headers={"WWW-Authenticate": 'Bearer realm="https://10.0.0.9/"'}),
}


@pytest.mark.parametrize("answer", TROUBLE.values(), ids=TROUBLE.keys())
def test_a_blob_store_in_trouble_shows_no_signature(answer: Answer) -> None:
    heard = list[Event]()
    short = bounds(first_byte_slow=0.3, silence=0.3, document=0.3)
    with serving(answer) as store, serving(away(store)) as server:
        with Client(on_event=heard.append, bounds=short, username="ana", password=PASSWORD) as client:
            error = failing(lambda: client.read_blob(f"{repository(server)}@{DIGEST}"))
        assert all("authorization" not in request.headers for request in store.requests)
    assert leaked(f"{shown(error)} {heard} {list(map(str, heard))}") == []


def away(store: Server) -> Callable[[Request], Answer]:
    """A registry whose blobs are at a store, behind a signed URL, and that asks for a password."""
    registry = ScriptedRegistry(access=basic("ana", PASSWORD))

    def answer(request: Request) -> Answer:
        asked = registry(request)
        if asked.status == 401 or "/blobs/" not in request.path:
            return asked
        return redirect_to(f"{store.url}/b?X-Amz-Signature={SIGNED}")

    return answer


@pytest.mark.parametrize("answer", TROUBLE.values(), ids=TROUBLE.keys())
@pytest.mark.parametrize("kind", ["password", "refresh token"])
def test_a_token_server_in_trouble_shows_no_secret(kind: str, answer: Answer, tmp_path: Path) -> None:
    heard = list[Event]()
    tokens = TokenServer("ana", PASSWORD, refresh_token=REFRESH)
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    auth = {"auth": pair(f"ana:{PASSWORD}")} if kind == "password" else {"identitytoken": REFRESH}
    with serving(by_path({"/token": answer, "/": registry})) as server:
        config = write_config(tmp_path / "docker", auths={server.address: auth})
        short = bounds(first_byte=0.3, document=0.3)
        with Client(config=config, on_event=heard.append, bounds=short) as client:
            error = failing(lambda: list(client.tags(repository(server))))
    assert leaked(f"{shown(error)} {heard} {list(map(str, heard))}") == []


@pytest.mark.parametrize("answer", TROUBLE.values(), ids=TROUBLE.keys())
def test_a_registry_in_trouble_shows_no_token(answer: Answer, tmp_path: Path) -> None:
    heard = list[Event]()

    def registry(request: Request) -> Answer:
        if "authorization" in request.headers:
            return answer
        realm = f"http://{request.headers['host']}/token"
        return Answer(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="registry.test"'})

    with serving(by_path({"/token": json_answer({"token": TOKEN}), "/": registry})) as server:
        short = bounds(first_byte_slow=0.3, document=0.3)
        with Client(username="ana", password=PASSWORD, on_event=heard.append, bounds=short) as client:
            error = failing(lambda: list(client.tags(repository(server))))
    assert leaked(f"{shown(error)} {heard} {list(map(str, heard))}") == []


def test_a_header_of_ones_own_and_a_query_are_not_shown() -> None:
    heard = list[Event]()
    with serving(RESET) as server, Client(on_event=heard.append) as client:
        asked = client.api("GET", server.url, f"/v2/?x={SIGNED}", headers={"X-Own": OWN})
        error = failing(asked.__enter__)
    assert leaked(f"{shown(error)} {heard} {list(map(str, heard))}") == []


# What is sent where.


def test_the_first_request_carries_no_credential() -> None:
    for access in (basic("ana", PASSWORD), bearer("/token", TokenServer("ana", PASSWORD))):
        with serving(ScriptedRegistry(access=access)) as server:
            with Client(username="ana", password=PASSWORD) as client, suppress(BoxshipError):
                list(client.tags(repository(server)))
            assert "authorization" not in server.requests[0].headers


def test_another_host_gets_accept_and_range_alone() -> None:
    with serving(Answer(200, GOOD.image.blobs[DIGEST])) as store, serving(away(store)) as server:
        with Client(username="ana", password=PASSWORD) as client:
            assert client.read_blob(f"{repository(server)}@{DIGEST}") == GOOD.image.blobs[DIGEST]
            url, path = server.url, f"/v2/app/blobs/{DIGEST}"
            headers = {"X-Own": OWN, "Cookie": OWN, "Accept": "a/b", "Range": "bytes=0-"}
            with client.api("GET", url, path, headers=headers) as response:
                assert response.status == 200
        sent = [set(request.headers) for request in store.requests]
    assert sent == [{"host", "user-agent"}, {"host", "user-agent", "accept", "range"}]


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
