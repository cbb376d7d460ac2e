from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import Refused
from boxship.testing import (
    Answer,
    Request,
    ScriptedRegistry,
    TokenServer,
    basic,
    bearer,
    by_path,
    failure,
    json_answer,
    serving,
)
from tests.auth.guarded import TAGS, ana, asked, guarded, pair, together, write_config
from tests.transport.reaching import failing, repository, tags

# Basic.


def test_basic_is_answered_when_it_is_asked_for_and_remembered() -> None:
    with (
        serving(ScriptedRegistry(access=basic("ana", "secret"))) as server,
        ana() as c,
    ):
        assert tags(c, server) == tags(c, server) == TAGS
        assert ["authorization" in request.headers for request in server.requests] == [False, True, True]


def test_a_wrong_password_is_sent_once() -> None:
    with serving(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        with Client(username="ana", password="wrong") as client:
            error = failing(lambda: tags(client, server))
        assert len(server.requests) == 2
    assert (type(error), error.exit_status) == (Refused, 4)
    assert "wrong" not in f"{error} {error!r} {error.timeline}"


def test_no_credential_is_said() -> None:
    with serving(ScriptedRegistry(access=basic("ana", "secret"))) as server, Client() as client:
        error = failing(lambda: tags(client, server))
        assert len(server.requests) == 1
    assert (type(error), error.exit_status) == (Refused, 4)
    assert "boxship login" in error.remedy


# Bearer.


def test_a_token_is_asked_for_with_the_password_and_used() -> None:
    with guarded(tokens := TokenServer("ana", "secret")) as server, ana() as client:
        assert tags(client, server) == TAGS
        assert "authorization" not in server.requests[0].headers
    assert [(issued.user, issued.scopes) for issued in tokens.issued] == [("ana", ("repository:app:pull",))]


def test_a_token_for_nobody_in_particular() -> None:
    with guarded(tokens := TokenServer(anonymous=True)) as server, Client() as client:
        assert tags(client, server) == TAGS
        assert all("authorization" not in request.headers for request in asked(server))
    assert [issued.user for issued in tokens.issued] == [""]


CHALLENGES = [
    'Bearer realm="REALM",service="registry.test",scope="repository:app:pull"',
    'bearer realm="REALM", service="registry.test"',
    "BEARER  realm=REALM,service=registry.test",
    'Bearer realm = "REALM" , service = "registry.test"',
    'Bearer Realm="REALM",Service="registry.test",error="invalid_token"',
    'Bearer service="registry.test",realm="REALM"',
    'Bearer realm="REALM",service="registry.test",scope=""',
    'Bearer realm="REALM",service="registry.test',
    'Bearer realm="REALM",service="registry\\.test"',
    'Basic realm="x", Bearer realm="REALM",service="registry.test"',
    'Negotiate, Bearer realm="REALM",service="registry.test", Basic realm="x"',
]


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_a_challenge_is_understood_however_it_is_quoted(challenge: str) -> None:
    tokens = TokenServer("ana", "secret")

    def registry(request: Request) -> Answer:
        if tokens.accepts(request.headers.get("authorization", "").removeprefix("Bearer "), "repository:app:pull"):
            return json_answer({"tags": ["a"]})
        realm = f"http://{request.headers['host']}/token"
        return Answer(401, headers={"WWW-Authenticate": challenge.replace("REALM", realm)})

    with serving(by_path({"/token": tokens, "/": registry})) as server, ana() as c:
        assert tags(c, server) == ["a"]


def test_a_challenge_in_a_second_header_is_found() -> None:
    tokens = TokenServer("ana", "secret")

    def registry(request: Request) -> Answer:
        if tokens.accepts(request.headers.get("authorization", "").removeprefix("Bearer "), ""):
            return json_answer({"tags": ["a"]})
        own = f'Bearer realm="http://{request.headers["host"]}/token",service="registry.test"'
        return Answer(401, headers=[("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", own)])

    with serving(by_path({"/token": tokens, "/": registry})) as server, ana() as c:
        assert tags(c, server) == ["a"]


@pytest.mark.parametrize("challenge", ["", "Negotiate", "Digest realm=x", '"', "Bearer"])
def test_a_challenge_that_is_none_is_an_error(challenge: str) -> None:
    answer = failure(401, "UNAUTHORIZED", "who are you", headers={"WWW-Authenticate": challenge} if challenge else {})
    with serving(answer) as server, ana() as client:
        error = failing(lambda: tags(client, server))
        assert all("authorization" not in request.headers for request in server.requests)
    assert error.exit_status == 4


def test_each_request_asks_for_its_own_scope_alone() -> None:
    with guarded(tokens := TokenServer("ana", "secret")) as server, ana() as client:
        for name in ("app", "team/other", "app"):
            list(client.tags(repository(server, name)))
        with suppress(Exception):
            list(client.catalog(server.url))
        scopes = [value for request in asked(server) for name, value in request.query if name == "scope"]
    assert scopes == ["repository:app:pull", "repository:team/other:pull", "registry:catalog:*"]
    assert len(tokens.issued) == 3


def test_thirty_threads_wait_for_one_token() -> None:
    with guarded(tokens := TokenServer("ana", "secret")) as server, ana() as client:
        together(30, lambda: tags(client, server))
    assert len(tokens.issued) == 1


def test_a_revoked_token_is_asked_for_anew_once() -> None:
    with guarded(tokens := TokenServer("ana", "secret")) as server, ana() as client:
        assert tags(client, server) == TAGS
        tokens.revoke()
        assert tags(client, server) == TAGS
    assert len(tokens.issued) == 2


def test_thirty_threads_replace_a_revoked_token_once() -> None:
    with guarded(tokens := TokenServer("ana", "secret")) as server, ana() as client:
        tags(client, server)
        tokens.revoke()
        together(30, lambda: tags(client, server))
    assert len(tokens.issued) == 2


def test_a_token_that_is_never_accepted_is_asked_for_once() -> None:
    tokens = TokenServer("ana", "secret")
    deaf = ScriptedRegistry(access=bearer("/token", TokenServer()))
    with serving(by_path({"/token": tokens, "/": deaf})) as server, ana() as client:
        error = failing(lambda: tags(client, server))
        assert len(server.requests) == 3
    assert isinstance(error, Refused)


def test_a_token_is_replaced_before_it_ends() -> None:
    # A tenth before: at 2.7 s of 3 s.
    with (
        guarded(tokens := TokenServer("ana", "secret", expires_in=3)) as server,
        ana() as c,
    ):
        tags(c, server)
        tags(c, server)
        assert len(tokens.issued) == 1
        time.sleep(2.75)
        tags(c, server)
        assert len(tokens.issued) == 2
        assert [request.path for request in server.requests][-2:] == ["/token", "/v2/app/tags/list"]


# Credentials of other kinds.


def test_an_identity_token_is_posted(tmp_path: Path) -> None:
    with guarded(tokens := TokenServer("ana", "secret", refresh_token="r3fresh")) as server:
        config = write_config(tmp_path, auths={server.address: {"identitytoken": "r3fresh", "auth": pair("ana:")}})
        with Client(config=config) as client:
            assert tags(client, server) == TAGS
        assert [(request.method, dict(request.form)["grant_type"]) for request in asked(server)] == [
            ("POST", "refresh_token")
        ]
        assert all("authorization" not in request.headers for request in asked(server))
    assert [issued.scopes for issued in tokens.issued] == [("repository:app:pull",)]


def test_a_registry_token_is_sent_as_it_is(tmp_path: Path) -> None:
    def registry(request: Request) -> Answer:
        if request.headers.get("authorization") == "Bearer t0ken":
            return json_answer({"tags": ["a"]})
        return Answer(401, headers={"WWW-Authenticate": 'Bearer realm="http://auth.corp/",service="x"'})

    with serving(registry) as server:
        config = write_config(tmp_path, auths={server.address: {"registrytoken": "t0ken"}})
        with Client(config=config) as client:
            assert tags(client, server) == ["a"]
        assert ["authorization" in request.headers for request in server.requests] == [False, True]


@pytest.mark.parametrize("token", ["a b", "a\nb", "\u20ac"])
def test_a_registry_token_that_cannot_be_sent_is_said(token: str, tmp_path: Path) -> None:
    with guarded(TokenServer()) as server:
        config = write_config(tmp_path, auths={server.address: {"registrytoken": token}})
        with Client(config=config) as client:
            error = failing(lambda: tags(client, server))
        assert len(asked(server)) == 0
    assert error.exit_status in (2, 4)
    assert token not in f"{error} {error!r}"
