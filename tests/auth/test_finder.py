from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from boxship import Client
from boxship.credential import Credential
from boxship.errors import BoxshipError, CredentialFailed, InvalidSettings, Refused
from boxship.event import Event
from boxship.testing import ScriptedRegistry, Server, TokenServer, basic
from tests.auth.guarded import TAGS, guarded, pair, together, write_config
from tests.transport.reaching import bounds, failing, tags

Write = Callable[[str], None]
ANSWER = """echo '{"ServerURL": "x", "Username": "ana", "Secret": "secret"}'"""
REFRESH = """echo '{"ServerURL": "x", "Username": "<token>", "Secret": "r3fresh"}'"""
NOTHING = "echo 'credentials not found in native keychain'; exit 1"


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the program docker-credential-fake into a folder on PATH; it notes in `asked` for what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(script: str) -> None:
        program = folder / "docker-credential-fake"
        program.write_text(f"#!/bin/sh\n(cat; echo) >> {tmp_path / 'asked'}\n{script}\n")
        program.chmod(0o755)

    return write


@pytest.fixture
def registry() -> Server:
    return Server(ScriptedRegistry(access=basic("ana", "secret")))


@pytest.mark.parametrize("where", ["auths", "credHelpers", "credsStore"])
def test_a_credential_is_found_in_dockers_settings(where: str, registry: Server, helper: Write, tmp_path: Path) -> None:
    helper(ANSWER)
    with registry as server:
        fields: dict[str, dict[str, object]] = {
            "auths": {"auths": {server.address: {"auth": pair("ana:secret")}}},
            "credHelpers": {"credHelpers": {server.address: "fake"}},
            "credsStore": {"credsStore": "fake"},
        }
        with Client(config=write_config(tmp_path / "docker", **fields[where])) as client:
            assert tags(client, server) == TAGS


def test_a_credential_is_found_in_the_environment(registry: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with registry as server:
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {server.address: {"auth": pair("ana:secret")}}}))
        with Client() as client:
            assert tags(client, server) == TAGS


def test_a_credential_is_found_in_the_usual_place(registry: Server, home: Path) -> None:
    with registry as server:
        write_config(home / ".docker", auths={server.address: {"auth": pair("ana:secret")}})
        with Client() as client:
            assert tags(client, server) == TAGS


def test_a_told_credential_comes_before_those_of_files(registry: Server, home: Path) -> None:
    with registry as server:
        write_config(home / ".docker", auths={server.address: {"auth": pair("ana:wrong")}})
        with Client(username="ana", password="secret") as client:
            assert tags(client, server) == TAGS


def test_a_told_credential_may_be_none_at_all(registry: Server, home: Path) -> None:
    with registry as server:
        write_config(home / ".docker", auths={server.address: {"auth": pair("ana:secret")}})
        with Client(credential=Credential.anonymous(source="a test")) as client:
            assert isinstance(failing(lambda: tags(client, server)), Refused)
        assert all("authorization" not in request.headers for request in server.requests)


def test_a_told_credential_has_one_form() -> None:
    with pytest.raises(InvalidSettings, match="one of them is sent"):
        Client(username="ana", credential=Credential.anonymous(source="a test"))


def test_a_helper_may_keep_an_identity_token(helper: Write, tmp_path: Path) -> None:
    helper(REFRESH)
    with guarded(tokens := TokenServer("ana", "secret", refresh_token="r3fresh")) as server:
        with Client(config=write_config(tmp_path / "docker", credsStore="fake")) as client:
            assert tags(client, server) == TAGS
        assert [request.method for request in server.requests if request.path == "/token"] == ["POST"]
    assert [issued.user for issued in tokens.issued] == ["ana"]


def test_a_helper_that_keeps_nothing_means_nobody_in_particular(helper: Write, tmp_path: Path) -> None:
    helper(NOTHING)
    config = write_config(tmp_path / "docker", credsStore="fake")
    with guarded(tokens := TokenServer(anonymous=True)) as server, Client(config=config) as client:
        assert tags(client, server) == TAGS
    assert [issued.user for issued in tokens.issued] == [""]


def test_a_helper_is_asked_once_and_only_when_it_is_needed(registry: Server, helper: Write, tmp_path: Path) -> None:
    helper(f"sleep 0.2; {ANSWER}")
    with registry as server, Client(config=write_config(tmp_path / "docker", credsStore="fake")) as client:
        together(10, lambda: tags(client, server))
        assert len(server.requests) >= 20
    assert len((tmp_path / "asked").read_text().split()) == 1


def test_the_story_has_when_a_helper_was_asked_and_what_came_of_it(
    registry: Server, helper: Write, tmp_path: Path
) -> None:
    helper(ANSWER)
    config, told = write_config(tmp_path / "docker", credsStore="fake"), list[Event]()
    with registry as server, Client(config=config, on_event=told.append) as client:
        tags(client, server)
        begun, done = [event for event in told if event.name.startswith("Helper")]
        facts = {"helper": "docker-credential-fake", "key": server.address}
    assert (begun.name, begun.facts) == ("HelperStart", facts)
    assert {**done.facts, "ms": 0} == {**facts, "found": 1, "ms": 0}
    assert done.name == "HelperDone"
    assert 0 < float(str(done.facts["ms"])) < 60_000


def test_a_helper_that_keeps_another_password_after_a_login_is_asked_again(
    registry: Server, helper: Write, tmp_path: Path
) -> None:
    helper(f"case $1 in get) {NOTHING};; esac")
    config = write_config(tmp_path / "docker", credsStore="fake")
    with registry as server, Client(config=config) as client:
        assert isinstance(failing(lambda: tags(client, server)), Refused)
        client.login(server.address, "ana", "secret")
        helper(ANSWER)
        assert tags(client, server) == TAGS


def logged_in_before(server: Server, folder: Path) -> str:
    """Settings as an earlier log-in left them: a later one changes no line."""
    folder.mkdir()
    settings = {"auths": {server.address: {}}, "credsStore": "fake"}
    (folder / "config.json").write_text(json.dumps(settings, indent="\t"))
    return str(folder)


def test_a_helper_that_kept_a_wrong_password_is_asked_again_after_a_login(
    registry: Server, helper: Write, tmp_path: Path
) -> None:
    helper("""case $1 in get) echo '{"Username": "ana", "Secret": "old"}';; esac""")
    with registry as server, Client(config=logged_in_before(server, tmp_path / "docker")) as client:
        assert isinstance(failing(lambda: tags(client, server)), Refused)
        client.login(server.address, "ana", "secret")
        helper(ANSWER)
        assert tags(client, server) == TAGS


def test_a_registry_that_asks_for_nothing_needs_no_helper(helper: Write, tmp_path: Path) -> None:
    helper(ANSWER)
    config = write_config(tmp_path / "docker", credsStore="fake")
    with Server(ScriptedRegistry()) as server, Client(config=config) as client:
        tags(client, server)
    assert not (tmp_path / "asked").exists()


def with_helper(server: Server, folder: Path, **options: float) -> tuple[BoxshipError, float]:
    """The error that a listing ends with, whose credential the helper keeps, and how long it took."""
    began = time.monotonic()
    with Client(config=write_config(folder, credsStore="fake"), bounds=bounds(**options)) as client:
        return failing(lambda: tags(client, server)), time.monotonic() - began


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo rubbish; exit 0", "not the protocol's"),
        ("echo '{\"Username\": 7}'", "not the protocol's"),
        ("echo 'keychain is locked' >&2; exit 1", "keychain is locked"),
        ("kill -9 $$", "signal 9"),
    ],
)
def test_a_helper_that_fails_is_said(script: str, why: str, registry: Server, helper: Write, tmp_path: Path) -> None:
    helper(script)
    with registry as server:
        error, _ = with_helper(server, tmp_path / "docker")
        assert len(server.requests) == 1
    assert (type(error), error.exit_status) == (CredentialFailed, 4)
    assert "docker-credential-fake" in error.what
    assert why in error.why


def test_a_helper_that_hangs_is_bounded(registry: Server, helper: Write, tmp_path: Path) -> None:
    helper("sleep 60")
    with registry as server:
        error, seconds = with_helper(server, tmp_path / "docker", helper=0.3)
    assert (type(error), error.exit_status) == (CredentialFailed, 4)
    assert "no answer within 0.3 s" in error.why
    assert seconds < 2


def test_a_helper_that_is_missing_is_said(registry: Server, tmp_path: Path) -> None:
    with registry as server:
        error, _ = with_helper(server, tmp_path / "docker")
    assert (type(error), error.exit_status) == (CredentialFailed, 4)
    assert "not on PATH" in error.why


def test_a_wrong_password_of_a_helper_is_sent_once(registry: Server, helper: Write, tmp_path: Path) -> None:
    helper("""echo '{"Username": "ana", "Secret": "wr0ng"}'""")
    with registry as server:
        error, _ = with_helper(server, tmp_path / "docker")
        assert len(server.requests) == 2
    assert isinstance(error, Refused)
    assert "wr0ng" not in f"{error} {error!r} {error.timeline}"


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": 7}', "\x00"])
def test_settings_that_cannot_be_read_are_said_before_anything_is_asked(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with Server(ScriptedRegistry()) as server, Client(config=tmp_path) as client:
        error = failing(lambda: tags(client, server))
        assert server.connections == ()
    assert (type(error), error.exit_status) == (InvalidSettings, 2)
    assert str(tmp_path / "config.json") in error.what


def test_a_helper_that_hangs_is_not_waited_for_longer_than_all_may_take(
    registry: Server, helper: Write, tmp_path: Path
) -> None:
    helper("sleep 60")
    config = write_config(tmp_path / "docker", credsStore="fake")
    began = time.monotonic()
    with registry as server, Client(config=config, timeout=0.5) as client:
        error = failing(lambda: tags(client, server))
    assert time.monotonic() - began < 5
    assert (type(error), error.what) == (CredentialFailed, "credential helper docker-credential-fake")
    assert re.fullmatch(r"no answer within 0(\.\d+)? s \(what is left of --timeout\)", error.why)
