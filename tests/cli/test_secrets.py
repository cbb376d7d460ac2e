from __future__ import annotations

import re
from pathlib import Path

import pytest

from boxship.testing import (
    Answer,
    Image,
    Request,
    ScriptedRegistry,
    TokenServer,
    basic,
    bearer,
    by_path,
    redirect_to,
    serving,
)
from tests.auth.guarded import pair, write_config
from tests.cli.running import boxship

TAGS = ("latest", "sha256-" + "0" * 64, "sha256-" + "1" * 64 + ".sig", "v1", "v1.1", "v2")
LAYER = bytes(range(256)) * 10_000
GOOD = ScriptedRegistry(tags=TAGS, image=Image.of([LAYER]), page_size=2)
DIGEST = next(digest for digest, content in GOOD.image.blobs.items() if content == LAYER)
KLOG = re.compile(r"[IWD]\d{4} \d\d:\d\d:\d\d\.\d{6} [a-z_]+\.py:\d+\] [A-Za-z]+: .+")


def test_a_password_is_read_from_standard_input() -> None:
    with serving(ScriptedRegistry(access=basic("ana", "s3cret"))) as own:
        words = ("ls", "--username", "ana", "--password-stdin", f"{own.address}/app")
        assert boxship(*words, given=b"s3cret\n").status == 0
        assert boxship(*words, given=b"wrong\n").status == 4
        told = boxship("ls", "--username", "ana", "--password", "s3cret", f"{own.address}/app")
    assert told.status == 0
    assert "prefer --password-stdin" in told.errors


@pytest.mark.parametrize("words", [("ls", "http://127.0.0.1:1/app"), ("login", "http://127.0.0.1:1")])
def test_a_name_with_its_password_as_curl_takes_them_is_not_shown(words: tuple[str, str]) -> None:
    run = boxship(*words, "--username", "ana:hunter2", "--password-stdin", given=b"x\n")
    assert run.status == 2
    assert "write the password apart" in run.errors
    assert "hunter2" not in run.output + run.errors


def test_a_server_that_repeats_what_it_was_sent_is_quoted_without_it() -> None:
    def repeating(request: Request) -> Answer:
        sent = request.headers.get("authorization")
        asked = Answer(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        return Answer(500, f"You sent: Authorization: {sent}".encode()) if sent else asked

    with serving(repeating) as server:
        words = ("ls", "--username", "ana", "--password-stdin", f"{server.url}/app")
        run = boxship(*words, given=b"hunter2\n")
    assert "You sent: Authorization: Basic (removed)" in run.errors
    assert pair("ana:hunter2") not in run.errors


@pytest.mark.parametrize("kind", ["basic", "bearer", "identity token"])
def test_no_secret_is_shown(kind: str, tmp_path: Path) -> None:
    tokens = TokenServer("ana", "s3cret", refresh_token="r3fresh")
    access = basic("ana", "s3cret") if kind == "basic" else bearer("/token", tokens)
    registry = ScriptedRegistry(access=access, image=GOOD.image)
    moved = lambda r: redirect_to("/store?sig=s1gned") if "/blobs/" in r.path else registry(r)  # noqa: E731 -- a line
    answers = by_path({"/token": tokens, "/store": Answer(200, LAYER), "/": moved})
    with serving(answers) as own:
        stored = {"auth": pair("ana:s3cret")} if kind != "identity token" else {"identitytoken": "r3fresh"}
        config = write_config(tmp_path / "docker", auths={own.address: stored})
        trace = tmp_path / "trace.jsonl"
        common = ("-vv", "--trace", str(trace), "--config", config)
        shown = ""
        for words in (
            ("manifest", f"{own.url}/app:latest"),
            ("blob", f"{own.url}/app@{DIGEST}"),
            ("ls", f"{own.url}/x"),
        ):
            outcome = boxship(*words, *common)
            assert outcome.status == 0, outcome.errors
            shown += outcome.errors + trace.read_text() + outcome.raw.decode("latin-1")
    issued = list(tokens._issued)
    assert [secret for secret in ("s3cret", "r3fresh", "s1gned", pair("ana:s3cret"), *issued) if secret in shown] == []
