"""Who one is to a registry: its challenge, its token server, what that grants, helpers; and no secret in it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from boxship.doctor import Status
from boxship.testing import (
    Answer,
    ScriptedRegistry,
    TokenServer,
    basic,
    bearer,
    failure,
    html,
    json_answer,
    serving,
)
from tests.auth.guarded import pair, write_config
from tests.auth.test_grant import PULL, jwt
from tests.doctor.looking import check, guarded, ids, red, report_of

KNOWN = jwt(access=[PULL, {**PULL, "name": "app"}])


def test_who_asks_nobody_is_told_so(stack: ExitStack) -> None:
    report = report_of(stack, ScriptedRegistry())
    assert report.healthy
    assert "nobody is asked" in check(report, "auth.challenge").words
    assert ids(report, "auth") == {"auth.challenge": Status.OK}


def test_a_token_is_told_from_its_challenge_to_its_life(stack: ExitStack) -> None:
    tokens = TokenServer("ana", "secret", expires_in=300)
    report = report_of(stack, guarded(stack, tokens, tokens), username="ana", password="secret")
    assert report.healthy
    assert "scope repository:app:pull" in check(report, "auth.challenge").words
    assert check(report, "auth.realm").status is Status.OK
    assert "open after" in check(report, "auth.realm").evidence[0]
    token = check(report, "auth.token")
    assert "opaque" in token.words
    assert "it lives for 300 s" in token.evidence
    assert "a password of 'ana'" in check(report, "auth.login").words
    assert "secret" not in json.dumps(report.document())


class Known:
    """Takes one token, for whatever is wanted."""

    def accepts(self, token: str, scope: str) -> bool:
        return token == KNOWN


def test_what_a_token_grants_is_told_without_it(stack: ExitStack) -> None:
    server = stack.enter_context(serving(json_answer({"token": KNOWN, "issued_at": "2026-01-01T00:00:00Z"})))
    report = report_of(stack, ScriptedRegistry(access=bearer(f"{server.url}/token", Known())))
    assert report.healthy
    assert check(report, "auth.token").words == "granted: repository:team/app:pull repository:app:pull"
    assert "issued at 2026-01-01T00:00:00Z" in check(report, "auth.token").evidence
    assert KNOWN.split(".")[1] not in json.dumps(report.document())


def test_nobody_in_particular_may_have_a_token(stack: ExitStack) -> None:
    tokens = TokenServer(anonymous=True, expires_in=None)
    report = report_of(stack, guarded(stack, tokens, tokens))
    assert report.healthy
    assert "nobody in particular" in check(report, "auth.login").words
    assert "it lives for 60 s, the default: the answer does not say it" in check(report, "auth.token").evidence


@pytest.mark.parametrize(
    ("access", "granted"),
    [([], "nothing"), ([{**PULL, "name": "other"}], "repository:other:pull")],
    ids=["nothing", "another repository"],
)
def test_a_scope_that_is_missing_is_named(access: list[object], granted: str, stack: ExitStack) -> None:
    report = report_of(stack, guarded(stack, json_answer({"token": jwt(access=access)})))
    token = check(report, "auth.token")
    assert token.status is Status.ERROR
    assert token.words == f"repository:app:pull was asked for; granted is {granted}"
    assert check(report, "auth.login").status is Status.ERROR
    assert check(report, "content.manifest").status is Status.SKIPPED


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (html(), "an HTML page, 'Please sign in'"),
        (failure(403, "DENIED", "not you"), "DENIED: not you"),
        (Answer(200, b"{"), "is not JSON"),
        (json_answer({"expires_in": 300}), "neither token nor access_token"),
        (failure(401, "UNAUTHORIZED", "no such user"), "no such user"),
    ],
    ids=["page", "403", "broken JSON", "no token", "401"],
)
def test_a_token_server_that_gives_none_is_told_apart_from_one_that_is_dead(
    answer: Answer, words: str, stack: ExitStack
) -> None:
    report = report_of(stack, guarded(stack, answer))
    assert red(report) == {"auth.token"}
    assert words in check(report, "auth.token").words
    assert check(report, "auth.realm").status is Status.OK
    assert words in report.verdict


def test_a_token_server_that_is_not_asked_is_not_dialled_either(stack: ExitStack) -> None:
    realm = "http://169.254.169.254/token"
    report = report_of(stack, ScriptedRegistry(access=bearer(realm, TokenServer())))
    assert red(report) == {"auth.realm"}
    assert "link-local or metadata" in check(report, "auth.realm").words
    assert not any("169.254" in endpoint for endpoint in report.endpoints)


def test_a_401_without_a_challenge_that_can_be_answered_is_told(stack: ExitStack) -> None:
    asks = Answer(401, headers={"WWW-Authenticate": "Negotiate", "Docker-Distribution-Api-Version": "registry/2.0"})
    report = report_of(stack, asks)
    assert red(report) == {"auth.challenge"}
    assert "Negotiate" in check(report, "auth.challenge").words


def test_a_wrong_password_is_told_without_it(stack: ExitStack) -> None:
    registry = ScriptedRegistry(access=basic("ana", "secret"))
    report = report_of(stack, registry, username="ana", password="hunter2")
    assert red(report) == {"auth.login"}
    assert check(report, "auth.challenge").words == "Basic, realm registry"
    assert "auth.token" not in ids(report, "auth")
    assert "hunter2" not in json.dumps(report.document())
    assert pair("ana:hunter2") not in json.dumps(report.document())


def test_a_helper_that_is_missing_keeps_nobody_s_token(stack: ExitStack, tmp_path: Path) -> None:
    tokens = TokenServer(anonymous=True)
    config = write_config(tmp_path, credsStore="missing")
    report = report_of(stack, guarded(stack, tokens, tokens), config=config)
    assert red(report) == {"auth.helper"}
    assert "not on PATH" in check(report, "auth.helper").words
    assert check(report, "auth.realm").status is check(report, "auth.token").status is Status.SKIPPED
