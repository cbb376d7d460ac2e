"""Several credentials for one place: which is tried first, and what follows one that is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxship import Client
from boxship.auth.authorizer import Authorizer, _Learnt
from boxship.auth.candidates import Candidates
from boxship.auth.scope import Scope, pull
from boxship.connect.address import Address
from boxship.connect.connector import Connector
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds, Work
from boxship.connect.resolve import Resolver
from boxship.connect.verdict import Origin, Verdict
from boxship.credential import Credential, Secret
from boxship.errors import CredentialFailed, Refused
from boxship.settings.docker_config import Lookup
from boxship.settings.hosts import Site
from boxship.settings.pull_secret import read_secrets
from boxship.testing import (
    Answer,
    Request,
    ScriptedRegistry,
    Server,
    TokenServer,
    basic,
    bearer,
    by_path,
    failure,
    tls,
)
from boxship.wire import message
from boxship.wire.challenge import Challenge
from tests.auth.guarded import TAGS, asked, guarded, pair
from tests.connect.driving import site
from tests.explain.machine import helper, write
from tests.transport.reaching import Authority, failing, repository, tags

WRONG, RIGHT = {"auth": pair("ana:wr0ng")}, {"auth": pair("ana:secret")}
NOTHING = "echo 'credentials not found in native keychain'; exit 1"


def users(server: Server) -> list[str]:
    """Who asked, request by request: the user and password of Basic, or nobody."""
    sent = (request.headers.get("authorization", "").removeprefix("Basic ") for request in server.requests)
    return [base64.b64decode(words).decode() for words in sent]


def stored(home: Path, name: str, *entries: Mapping[str, str]) -> None:
    """A file of podman's in the session's folder and one of docker's, an entry each."""
    write(home / "config/containers/auth.json", {"auths": {name: entries[0]}})
    write(home / ".docker/config.json", {"auths": dict.fromkeys([name][: len(entries) - 1], entries[-1])})


def test_one_that_a_registry_refuses_is_followed_by_the_next(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server, Client() as client:
        stored(home, server.address, WRONG, RIGHT)
        assert tags(client, server) == TAGS
        assert users(server) == ["", "ana:wr0ng", "ana:secret"]
        assert tags(client, server) == TAGS
        assert users(server)[3:] == ["ana:secret"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request's."""

    site: Site
    scopes: tuple[Scope, ...]
    work: Work


class Two:
    """Knows two credentials for everything."""

    preemptive = offline = False
    both = tuple(Credential.password(name, Secret("s"), source=name) for name in ("first", "second"))

    def candidates(self, _site: Site, _repository: str, _work: Work) -> Iterator[Lookup]:
        yield from self.both

    def ask(self, found: Lookup, _work: Work) -> Credential | None:
        return found if isinstance(found, Credential) else None


def test_of_two_threads_that_are_refused_the_same_one_the_second_takes_the_next_too() -> None:
    candidates, want = Candidates(Two()), Wanted(site("reg.corp"), (pull("app"),), Work())
    first, second = Two.both
    assert candidates.current(want) == first
    assert [candidates.another(want, first) for _ in range(2)] == [True, True]
    assert candidates.current(want) == second
    assert not candidates.another(want, second)
    assert candidates.current(want) == first  # whoever comes next begins anew
    assert candidates.known(want) == Two.both


def test_each_is_tried_once_though_another_thread_brings_the_first_round_again() -> None:
    """Too many attempts lock an account."""
    want = Wanted(site("reg.corp"), (pull("app"),), Work())
    tried: list[str] = []

    def refuse(request: message.Request, *_: object, **__: object) -> tuple[message.Head, bytes]:
        tried.append(base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode())
        assert len(tried) < 10
        if tried[-1] == "second:s":  # which the other one has found out, too
            authorizer._candidates.another(want, Two.both[-1])
        return message.Head.of(401, "", ()), b""

    authorizer = Authorizer(Two(), refuse, Connector(Resolver(), Contexts(None), Bounds()))
    learnt = _Learnt()
    learnt.challenge = Challenge("bearer", {"realm": "https://reg.corp/token"})
    verdict = Verdict(Origin("https", "reg.corp", 443), Address.of("10.0.0.5", 443), told=True)
    with pytest.raises(CredentialFailed):
        authorizer._accepted(want, verdict, learnt)
    assert tried == ["first:s", "second:s"]


def test_one_that_a_token_server_refuses_is_followed_by_the_next(home: Path) -> None:
    with guarded(TokenServer("ana", "secret")) as server, Client() as client:
        stored(home, server.address, WRONG, RIGHT)
        assert tags(client, server) == TAGS
        assert len(asked(server)) == 2
        client.digest(f"{repository(server)}:v1")
        assert len(asked(server)) == 2


def test_one_whose_token_does_not_reach_is_followed_by_the_next(home: Path) -> None:
    tokens = TokenServer("ana", "secret", anonymous=True)

    def issue(request: Request) -> Answer:
        # Everybody gets a token, as registries do that give fewer scopes than were asked for; bob's is for nothing.
        user = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        return tokens(request) if user == "ana:secret" else Answer(200, json.dumps({"token": "empty"}).encode())

    with guarded(tokens, issue) as server, Client() as client:
        stored(home, server.address, {"auth": pair("bob:b")}, RIGHT)
        assert tags(client, server) == TAGS
        sent = [request.headers.get("authorization") for request in server.requests if request.path != "/token"]
        assert (sent[0], sent[1], len(sent)) == (None, "Bearer empty", 3)


def test_one_that_is_forbidden_is_followed_by_the_next_and_is_still_good_elsewhere(home: Path) -> None:
    content = ScriptedRegistry(access=basic("ana", "secret"))

    def answer(request: Request) -> Answer:
        words = request.headers.get("authorization", "")
        reader = words == f"Basic {pair('bob:b')}"
        if reader and request.path.startswith("/v2/open/"):
            return ScriptedRegistry()(request)
        return failure(403, "DENIED", "not for you") if reader else content(request)

    with Server(answer) as server, Client() as client:
        stored(home, server.address, {"auth": pair("bob:b")}, RIGHT)
        assert tags(client, server) == TAGS
        assert users(server) == ["", "bob:b", "ana:secret"]


def test_where_all_are_refused_each_is_named_once_and_none_is_shown(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "other"))) as server, Client() as client:
        stored(home, server.address, WRONG, RIGHT)
        for _ in range(2):
            error = failing(lambda: tags(client, server))
            assert isinstance(error, Refused)
            assert error.why.startswith("it accepts none of the credentials: password of 'ana' (")
            assert f"{home}/.docker/config.json:3" in error.why
            assert f"{home}/config/containers/auth.json:3" in error.why
            assert "wr0ng" not in f"{error!r} {error} {error.timeline}"
        assert users(server) == ["", "ana:wr0ng", "ana:secret", "ana:wr0ng", "ana:secret"]


def test_a_token_server_that_refuses_all_is_said_with_all(home: Path) -> None:
    with guarded(TokenServer("ana", "other")) as server, Client() as client:
        stored(home, server.address, WRONG, RIGHT)
        error = failing(lambda: tags(client, server))
    assert isinstance(error, CredentialFailed)
    assert "before it, password of 'ana'" in error.why


def test_the_same_password_in_two_files_is_tried_once(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "other"))) as server, Client() as client:
        stored(home, server.address, WRONG, WRONG)
        failing(lambda: tags(client, server))
        assert users(server) == ["", "ana:wr0ng"]


def test_what_a_helper_lacks_another_file_may_have(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(monkeypatch, tmp_path, "fake", NOTHING)
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server, Client() as client:
        write(home / ".docker/config.json", {"credsStore": "fake", "auths": {server.address: RIGHT}})
        assert tags(client, server) == TAGS
        assert users(server) == ["", "ana:secret"]


def test_each_repository_has_the_narrowest_entry_for_it(home: Path) -> None:
    keys: dict[str, str] = {}

    def answer(request: Request) -> Answer:
        name = request.path.removeprefix("/v2/").removesuffix("/tags/list")
        return ScriptedRegistry(access=basic(keys[name], "secret"))(request)

    keys = {"team/app": "app", "team/other": "team", "wide": "host"}
    with Server(answer) as server, Client() as client:
        auths = {
            f"{server.address}{path}": user for path, user in (("", "host"), ("/team", "team"), ("/team/app", "app"))
        }
        entries = {key: {"auth": pair(f"{user}:secret")} for key, user in auths.items()}
        write(home / "config/containers/auth.json", {"auths": entries})
        for name in keys:
            assert list(client.tags(repository(server, name))) == TAGS
        assert [user for user in users(server) if user] == ["app:secret", "team:secret", "host:secret"]


def test_an_entry_for_a_part_of_a_registry_is_sent_to_no_other_part(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server, Client() as client:
        write(home / "config/containers/auth.json", {"auths": {f"{server.address}/team": RIGHT}})
        assert isinstance(failing(lambda: tags(client, server)), Refused)
        assert users(server) == [""]


SECRET = """
kind: Secret
metadata: {{name: pull}}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{{"auths": {{"{host}/app": {{"auth": "{wrong}"}}, "{host}": {{"auth": "{right}"}}}}}}'
"""


def test_a_pull_secret_is_all_that_is_sent_and_all_its_entries_are_tried(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        stored(home, server.address, {"auth": pair("not:this")}, {"auth": pair("nor:that")})
        text = SECRET.format(host=server.address, wrong=pair("ana:wr0ng"), right=pair("ana:secret"))
        with Client(pull_secrets=read_secrets(text).keyring) as client:
            assert tags(client, server) == TAGS
        assert users(server) == ["", "ana:wr0ng", "ana:secret"]


def test_a_pull_secret_for_another_image_is_not_sent(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        text = SECRET.format(host="elsewhere.test", wrong=pair("a:b"), right=pair("ana:secret"))
        with Client(pull_secrets=read_secrets(text).keyring) as client:
            error = failing(lambda: tags(client, server))
        assert "no entry of the pull secrets" in str(error)
        assert users(server) == [""]


@pytest.mark.parametrize("access", ["basic", "bearer"])
def test_preemptive_is_asked_for_by_the_caller_only(access: str, home: Path) -> None:
    def serve() -> Server:
        tokens = TokenServer("ana", "secret")
        return guarded(tokens) if access == "bearer" else Server(ScriptedRegistry(access=basic("ana", "secret")))

    for preemptive in (False, True):
        with serve() as server, Client(preemptive=preemptive) as client:
            stored(home, server.address, RIGHT)
            assert tags(client, server) == TAGS
            assert ("authorization" in server.requests[0].headers) is preemptive
            sent = [request for request in server.requests if request.path != "/token"]
            assert len(sent) == (1 if preemptive and access == "basic" else 2)


Environment = Mapping[str, str]
CLOUDS: Mapping[str, tuple[str, Environment, str]] = {
    "GitHub": ("ghcr.io", {"GITHUB_TOKEN": "t0ken", "GITHUB_ACTOR": "ana"}, "ana:t0ken"),
    "GitHub, without a name": ("ghcr.io", {"GITHUB_TOKEN": "t0ken"}, "unset:t0ken"),
    "gh": ("ghcr.io", {"GH_TOKEN": "t0ken"}, "unset:t0ken"),
    "Google": ("europe-docker.pkg.dev", {"GOOGLE_OAUTH_ACCESS_TOKEN": "t0ken"}, "oauth2accesstoken:t0ken"),
    "gcloud": ("eu.gcr.io", {"CLOUDSDK_AUTH_ACCESS_TOKEN": "t0ken"}, "oauth2accesstoken:t0ken"),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_what_the_environment_has_for_a_cloud_is_sent_to_that_one(
    name: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, environment, wanted = CLOUDS[name]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    registry = ScriptedRegistry(access=basic(*wanted.split(":")))
    with tls(registry, authority.server(host, "reg.corp")) as server:
        places = {(other, 443): (server.host, server.port) for other in (host, "reg.corp")}
        with Client(resolve=places, ca_file=authority.file) as client:
            assert list(client.tags(f"{host}/app")) == TAGS
            assert isinstance(failing(lambda: list(client.tags("reg.corp/app"))), Refused)
        assert users(server) == ["", wanted, ""]


def test_what_is_public_can_be_read_with_a_token_that_is_of_no_use(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "of-another-organisation")
    tokens = TokenServer("ana", "secret", anonymous=True)
    registry = by_path({"/token": tokens, "/": ScriptedRegistry(access=bearer("/token", tokens))})
    with tls(registry, authority.server("ghcr.io")) as server:
        with Client(resolve={("ghcr.io", 443): (server.host, server.port)}, ca_file=authority.file) as client:
            assert list(client.tags("ghcr.io/app")) == TAGS
        assert len(asked(server)) == 2


def test_a_clouds_helper_is_asked_where_it_is_there_and_not_missed_where_it_fails(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    registry = ScriptedRegistry(access=basic("AWS", "secret"))
    with tls(registry, authority.server(host)) as server:
        options = {"resolve": {(host, 443): (server.host, server.port)}, "ca_file": authority.file}
        helper(monkeypatch, tmp_path, "ecr-login", """echo '{"Username": "AWS", "Secret": "secret"}'""")
        with Client(**options) as client:  # type: ignore[arg-type] # options of their kinds
            assert list(client.tags(f"{host}/app")) == TAGS
        helper(monkeypatch, tmp_path, "ecr-login", "echo no credentials of Amazon >&2; exit 1")
        with Client(**options) as client:  # type: ignore[arg-type] # the same
            assert isinstance(failing(lambda: list(client.tags(f"{host}/app"))), Refused)
