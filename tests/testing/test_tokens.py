from __future__ import annotations

from urllib.parse import urlencode

import pytest

from boxship.testing import Answer, ScriptedRegistry, Server, TokenServer, basic, bearer, by_path, serving
from tests.testing.asking import Reply, ask, basic_header

PULL = {"service": "registry.test", "scope": "repository:app:pull"}
ANA = basic_header("ana", "secret")
STAY = {**PULL, "client_id": "test", "grant_type": "refresh_token", "refresh_token": "stay"}


def asked(server: Server, parameters: dict[str, str], *, user: dict[str, str] | None = None) -> Reply:
    return ask(server, f"/token?{urlencode(parameters)}", headers=user or {})


def posted(server: Server, form: dict[str, str]) -> Reply:
    return ask(server, "/token", "POST", urlencode(form).encode())


def test_basic_lets_the_right_password_in() -> None:
    with serving(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        refused = ask(server, "/v2/")
        assert (refused.status, refused.challenge.scheme) == (401, "basic")
        assert ask(server, "/v2/", headers=basic_header("ana", "wrong")).status == 401
        assert ask(server, "/v2/", headers=ANA).status == 200


def test_bearer_sends_to_the_token_server_and_accepts_its_token() -> None:
    tokens = TokenServer("ana", "secret")
    with serving(tokens) as auth, serving(ScriptedRegistry(access=bearer(f"{auth.url}/token", tokens))) as server:
        refused = ask(server, "/v2/app/tags/list")
        assert (refused.status, refused.challenge.scheme, refused.challenge.realm) == (
            401,
            "bearer",
            f"{auth.url}/token",
        )
        wanted = {name: refused.challenge.parameters[name] for name in ("service", "scope")}
        token = asked(auth, wanted, user=ANA).fields.text("token")
        allowed = {"Authorization": f"Bearer {token}"}
        assert ask(server, "/v2/app/tags/list", headers=allowed).status == 200
        other = ask(server, "/v2/other/tags/list", headers=allowed)
        assert other.challenge.parameters["error"] == "insufficient_scope"
        tokens.revoke()
        assert ask(server, "/v2/app/tags/list", headers=allowed).status == 401


def test_a_realm_may_be_on_the_registrys_own_host() -> None:
    tokens = TokenServer(anonymous=True)
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    with serving(by_path({"/token": tokens, "/": registry})) as server:
        assert ask(server, "/v2/").challenge.realm == f"{server.url}/token"
        token = asked(server, PULL).fields.text("token")
        assert ask(server, "/v2/app/tags/list", headers={"Authorization": f"Bearer {token}"}).status == 200


def test_anonymous_tokens_are_to_pull_only() -> None:
    tokens = TokenServer(anonymous=True)
    with serving(tokens) as server:
        asked(server, {**PULL, "scope": "repository:app:pull,push"})
    assert [(issued.user, issued.scopes) for issued in tokens.issued] == [("", ("repository:app:pull",))]


def test_a_refresh_token_is_given_and_taken() -> None:
    tokens = TokenServer("ana", "secret", refresh_token="stay")
    with serving(tokens) as server:
        assert asked(server, {**PULL, "offline_token": "true"}, user=ANA).fields.text("refresh_token") == "stay"
        assert not asked(server, PULL, user=ANA).fields.has("refresh_token")
        assert tokens.accepts(posted(server, STAY).fields.text("access_token"), "repository:app:pull")


def test_a_password_may_be_posted() -> None:
    form = {**PULL, "client_id": "test", "grant_type": "password", "username": "ana", "password": "secret"}
    with serving(TokenServer("ana", "secret")) as server:
        assert posted(server, form).status == 200
        assert posted(server, {**form, "password": "wrong"}).status == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"refresh_token": "other"}, 401),
        ({"client_id": ""}, 400),
        ({"service": "other"}, 400),
        ({"scope": "repository:app"}, 400),
        ({"scope": "repository:app:read"}, 400),
        ({"scope": "repository:APP:pull"}, 400),
        ({"scope": "registry:catalog:*"}, 200),
        ({"scope": "repository:app:pull repository:b/c:pull,push"}, 200),
    ],
    ids=str,
)
def test_a_token_server_is_strict(change: dict[str, str], status: int) -> None:
    with serving(TokenServer(refresh_token="stay")) as server:
        assert posted(server, {**STAY, **change}).status == status


def test_a_stranger_gets_no_token() -> None:
    with serving(TokenServer("ana", "secret")) as server:
        assert asked(server, PULL).status == 401
        assert asked(server, PULL, user=basic_header("ana", "wrong")).status == 401


def test_a_token_server_may_answer_oddly() -> None:
    with serving(TokenServer(anonymous=True, named="access_token", expires_in=None)) as server:
        fields = asked(server, PULL).fields
        assert (fields.has("access_token"), fields.has("token"), fields.has("expires_in")) == (True, False, False)
    with serving(TokenServer(anonymous=True, instead=Answer(200, b"<html>"))) as server:
        assert asked(server, PULL).body == b"<html>"


def test_a_token_ends_with_its_time() -> None:
    tokens = TokenServer(anonymous=True, expires_in=0)
    with serving(tokens) as server:
        assert not tokens.accepts(asked(server, PULL).fields.text("token"), "repository:app:pull")
