"""The story of a log-in has its facts for programs: the challenge, who one is, what was asked for and granted."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from boxship import Client, auth
from boxship.errors import CredentialFailed
from boxship.event import Event, Fact
from boxship.testing import Answer, TokenServer, failure, json_answer, redirect_to, serving
from tests.auth.guarded import ana, guarded, write_config
from tests.auth.test_grant import jwt
from tests.transport.reaching import failing, tags


def facts(heard: list[Event], name: str) -> Mapping[str, Fact]:
    """The facts of the one event of that name."""
    (event,) = (event for event in heard if event.name == name)
    return event.facts


def test_a_log_in_is_told_from_challenge_to_grant() -> None:
    heard: list[Event] = []
    with guarded(TokenServer("ana", "secret")) as server, ana(on_event=heard.append) as client:
        tags(client, server)
    realm, scope = f"{server.url}/token", "repository:app:pull"
    asked = {"host": server.address, "scheme": "bearer", "realm": realm, "service": "registry.test", "scope": scope}
    assert facts(heard, "Challenge") == asked
    assert facts(heard, "Token") == {"realm": realm, "scope": scope, "kind": "password"}
    answered = facts(heard, "TokenAnswer")
    assert (answered["opaque"], answered["seconds"], answered["told"], answered["missing"]) == (1, 300, 1, "")
    who = facts(heard, "Credential")
    assert (who["kind"], who["user"]) == ("password", "ana")
    assert "secret" not in str(heard)


def test_a_story_names_the_line_that_tells_it() -> None:
    heard: list[Event] = []
    with guarded(TokenServer("ana", "secret")) as server, ana(on_event=heard.append) as client:
        tags(client, server)
    for name, told in (("Challenge", "tell_challenge"), ("Credential", "tell_found"), ("Token", "tell_asked")):
        module, _, number = next(event.source for event in heard if event.name == name).partition(":")
        assert told in linecache.getline(str(Path(auth.__file__).with_name(module)), int(number))


def test_what_is_granted_and_what_is_missing_are_told() -> None:
    heard: list[Event] = []
    tokens = TokenServer("ana", "secret")
    token = jwt(access=[{"type": "repository", "name": "other", "actions": ["pull"]}])
    with guarded(tokens, json_answer({"token": token})) as server, ana(on_event=heard.append) as client:
        failing(lambda: tags(client, server))
    answered = next(event for event in heard if event.name == "TokenAnswer")
    assert (answered.level, answered.facts["granted"]) == ("W", "repository:other:pull")
    assert (answered.facts["missing"], answered.facts["told"]) == ("repository:app:pull", 0)


def test_why_there_is_no_token_is_told() -> None:
    heard: list[Event] = []
    tokens = TokenServer("ana", "secret")
    with guarded(tokens, failure(403, "DENIED", "not you")) as server, ana(on_event=heard.append) as client:
        error = failing(lambda: tags(client, server))
    assert isinstance(error, CredentialFailed)
    assert error.remedy == "check the user name and password"
    assert facts(heard, "TokenAnswer")["error"] == "403: DENIED: not you"


def test_how_long_a_token_was_waited_for_is_told_in_milliseconds() -> None:
    for answer in (json_answer({"token": "t"}), failure(403, "DENIED")):
        heard: list[Event] = []
        late = replace(answer, delay=0.1)
        with guarded(TokenServer("ana", "secret"), late) as server, ana(on_event=heard.append) as client:
            failing(lambda: tags(client, server))
        waits = [event.facts["ms"] for event in heard if event.name == "TokenAnswer"]
        assert waits
        assert all(100 <= float(str(ms)) < 60_000 for ms in waits)


def test_a_realm_is_told_without_what_authenticates_in_it() -> None:
    heard: list[Event] = []
    challenge = {"WWW-Authenticate": 'Bearer realm="https://u:hunter2@auth.corp/token?key=hunter2",service="s"'}
    with serving(Answer(401, headers=challenge)) as server, ana(on_event=heard.append) as client:
        failing(lambda: tags(client, server))
    assert facts(heard, "Challenge")["realm"] == "https://(removed)auth.corp/token(removed)"
    assert "hunter2" not in str(heard)


def test_what_a_helper_answered_is_told(tmp_path: Path) -> None:
    heard: list[Event] = []
    config = write_config(tmp_path, credsStore="missing")
    with guarded(TokenServer()) as server, Client(config=config, on_event=heard.append) as client:
        failing(lambda: tags(client, server))
    assert facts(heard, "HelperDone")["error"] == "it is not on PATH"


def test_where_a_redirect_leads_is_told_without_its_query() -> None:
    heard: list[Event] = []
    with serving(Answer(200)) as store, serving(redirect_to(f"{store.url}/b/x?sig=hunter2")) as server:
        with Client(on_event=heard.append) as client, client.api("GET", server.url, "/v2/app/blobs/x"):
            pass
        told = {"host": server.host, "status": 307, "from": server.url, "to": f"{store.url}/b/x"}
    assert facts(heard, "Redirect") == told
    assert "hunter2" not in str(heard)
