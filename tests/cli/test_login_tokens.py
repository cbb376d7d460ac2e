"""`boxship login` where the token server gives a refresh token: that is kept, as docker keeps it, and no password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from boxship.testing import Server, TokenServer
from tests.auth.guarded import TAGS, asked, guarded, pair
from tests.auth.test_docker_hub import docker_hub
from tests.cli.running import boxship
from tests.cli.test_login import KEEPER, auths, log_in
from tests.explain.machine import helper, write
from tests.transport.reaching import Authority

KEPT = {"auth": pair("ana:"), "identitytoken": "r3fresh"}


def oauth2() -> Server:
    return guarded(TokenServer("ana", "secret", refresh_token="r3fresh"))


def test_the_refresh_token_is_kept_and_used_and_the_password_is_not(home: Path) -> None:
    with oauth2() as server:
        assert log_in(server).status == 0
        assert auths(home / ".docker/config.json") == {server.address: KEPT}
        (wanted,) = asked(server)
        assert ("offline_token", "true") in wanted.query
        assert dict(wanted.query)["client_id"]
        assert boxship("ls", f"{server.address}/app").output.split() == TAGS
        exchanged = asked(server)[-1]
        assert (exchanged.method, dict(exchanged.form)["refresh_token"]) == ("POST", "r3fresh")
        assert "authorization" not in exchanged.headers


def test_nobody_else_asks_for_one(home: Path) -> None:
    with oauth2() as server:
        config = write(home / ".docker/config.json", {"auths": {server.address: {"auth": pair("ana:secret")}}})
        assert boxship("ls", f"{server.address}/app").output.split() == TAGS
        assert [name for request in asked(server) for name, _ in request.query if name == "offline_token"] == []
    assert "r3fresh" not in config.read_text()


def test_a_helper_keeps_it_as_the_protocol_has_it(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = helper(monkeypatch, tmp_path, "fake", KEEPER)
    write(home / ".docker/config.json", {"credsStore": "fake"})
    with oauth2() as server:
        assert log_in(server).status == 0
        kept = json.loads((program.parent / "kept.json").read_text())[server.address]
        assert (kept["Username"], kept["Secret"]) == ("<token>", "r3fresh")
        assert boxship("ls", f"{server.address}/app").output.split() == TAGS


def test_podmans_file_keeps_the_password_as_podman_does(home: Path) -> None:
    with oauth2() as server:
        file = home / "auth.json"
        assert log_in(server, "--authfile", str(file)).status == 0
        assert auths(file) == {server.address: {"auth": pair("ana:secret")}}


def test_docker_hub_gives_one_that_reads_what_is_private(home: Path, authority: Authority) -> None:
    with docker_hub(authority) as hub, hub.client(authority) as client:
        client.login("docker.io", "ana", "secret")
        assert auths(home / ".docker/config.json") == {"https://index.docker.io/v1/": KEPT}
        assert list(client.tags("secret/app")) == TAGS
        assert [request.method for request in hub.auth.requests] == ["GET", "POST"]


def test_without_a_name_a_refresh_token_that_is_kept_is_shown_again(home: Path) -> None:
    with oauth2() as server:
        assert log_in(server).status == 0
        again = boxship("login", server.address)
        assert (again.status, "as ana" in again.output) == (0, True)
        assert auths(home / ".docker/config.json") == {server.address: KEPT}
        assert [request.method for request in asked(server)] == ["GET", "POST"]
