"""Credentials, as scripts ask crane for them: what is printed, what is kept, and what the registry is asked for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from boxship.testing import TokenServer
from tests.auth.guarded import asked, guarded, pair
from tests.crane.stage import Stage

USER, SECRET = "ana", "secret"


def done(stage: Stage, *words: str, given: str = "", fails: bool = False) -> str:
    ended = subprocess.run(
        [*stage.program, *words], input=given, capture_output=True, text=True, timeout=20, check=False
    )
    assert (ended.returncode != 0) is fails, ended.stderr
    return ended.stdout


def kept(home: Path) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads((home / ".docker/config.json").read_text()).get("auths", {})
    return found


def test_a_token_is_json_or_a_header_with_the_rights_that_are_asked_for(stage: Stage, home: Path) -> None:
    (home / ".docker").mkdir()
    with guarded(TokenServer(USER, SECRET)) as server:
        auths = {server.address: {"auth": pair(f"{USER}:{SECRET}")}}
        (home / ".docker/config.json").write_text(json.dumps({"auths": auths}))
        at = server.address
        token = json.loads(done(stage, "auth", "token", f"{at}/app"))["token"]
        header = done(stage, "auth", "token", "--header", "--push", "--mount", f"{at}/base", f"{at}/app").strip()
        short = done(stage, "auth", "token", "-H", "-m", f"{at}/base", f"{at}/app").strip()
        scopes = [[value for name, value in one.query if name == "scope"] for one in asked(server)]
    assert token
    assert header.startswith("Authorization: Bearer ")
    assert short.startswith("Authorization: Bearer ")
    base = "repository:base:pull"
    wanted = [["repository:app:pull"], ["repository:app:push,pull", base], ["repository:app:pull", base]]
    assert [[_sorted(scope) for scope in one] for one in scopes] == [[_sorted(one) for one in each] for each in wanted]


def _sorted(scope: str) -> str:
    name, _, rights = scope.rpartition(":")
    return f"{name}:{','.join(sorted(rights.split(',')))}"


@pytest.mark.parametrize(
    "words",
    [
        ("-u", USER, "-p", SECRET),
        ("--username", USER, "--password", SECRET),
        ("-u", USER, "--password-stdin"),
    ],
)
def test_who_logs_in_is_kept_and_told_and_forgotten(stage: Stage, home: Path, words: tuple[str, ...]) -> None:
    with guarded(TokenServer(USER, SECRET)) as server:
        at = server.address
        done(stage, "auth", "login", at, *words, given=f"{SECRET}\n")
        assert kept(home) == {at: {"auth": pair(f"{USER}:{SECRET}")}}
        told = json.loads(done(stage, "auth", "get", given=at))
        assert (told["Username"], told["Secret"]) == (USER, SECRET)
        assert done(stage, "ls", f"{at}/app").split() == ["latest", "v1", "v2"]
        done(stage, "auth", "logout", at)
        assert kept(home) == {}
        assert done(stage, "auth", "get", at, fails=True) == "credentials not found in native keychain\n"
