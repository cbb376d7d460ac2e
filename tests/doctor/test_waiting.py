"""What only ends when nobody waits for it any more, all looked at at once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
import trustme

from boxship import Client
from boxship.doctor import Report, Status, examine
from boxship.testing import (
    NEVER,
    ScriptedRegistry,
    TokenServer,
    basic,
    bearer,
    black_hole,
    instead,
    refused,
    tls,
)
from boxship.testing.place import Place
from tests.auth.guarded import write_config
from tests.doctor.looking import WHOLE, check, red, report_of, stored_at
from tests.doctor.test_others import certified

SECRET = """echo '{"Username": "ana", "Secret": "hunter2"}'"""
HELPERS = {"answers": f"sleep 0.2; {SECRET}", "slow": f"sleep 2.1; {SECRET}", "hangs": "sleep 60"}


def with_dead_tokens(stack: ExitStack, place: Callable[[], AbstractContextManager[Place]]) -> Report:
    realm = f"http://{stack.enter_context(place()).address}/token"
    return report_of(stack, ScriptedRegistry(access=bearer(realm, TokenServer())))


def with_dead_store(stack: ExitStack, place: Callable[[], AbstractContextManager[Place]]) -> Report:
    return report_of(stack, stored_at(f"http://{stack.enter_context(place()).address}"))


def with_helper(stack: ExitStack, folder: Path, script: str) -> Report:
    config = write_config(folder, credsStore=written_helper(folder, script))
    return report_of(stack, ScriptedRegistry(access=basic("ana", "hunter2")), config=config)


def hanging_over_tls(stack: ExitStack, folder: Path) -> Report:
    authority, trusted = trustme.CA(), folder / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    server = stack.enter_context(tls(NEVER, certified(authority, "127.0.0.1")))
    return examine(f"{server.address}/app:v1", stack.enter_context(Client(ca_file=trusted)))


def written_helper(folder: Path, script: str) -> str:
    """A credential helper in the folder, called as that is; its folder has to be on PATH."""
    folder.mkdir()
    program = folder / f"docker-credential-{folder.name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return folder.name


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Report]]]:
    folder = tmp_path_factory.mktemp("helpers")
    with ExitStack() as stack, ThreadPoolExecutor(10) as pool, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join((*(str(folder / name) for name in HELPERS), os.environ["PATH"])))
        looks: dict[str, Future[Report]] = {
            name: pool.submit(with_helper, stack, folder / name, script) for name, script in HELPERS.items()
        }
        for name, place in {"refused": refused, "dropped": black_hole}.items():
            looks[f"tokens {name}"] = pool.submit(with_dead_tokens, stack, place)
            looks[f"store {name}"] = pool.submit(with_dead_store, stack, place)
        looks["hangs in plain"] = pool.submit(report_of, stack, NEVER)
        looks["hangs over TLS"] = pool.submit(hanging_over_tls, stack, folder)
        looks["no blob"] = pool.submit(report_of, stack, instead(ScriptedRegistry(), "/blobs/", NEVER))
        looks["mute"] = pool.submit(report_of, stack, instead(ScriptedRegistry(), "/manifests/", NEVER))
        yield looks


DEAD = [("refused", "refused"), ("dropped", "no SYN-ACK and no RST")]


@pytest.mark.parametrize(("how", "words"), DEAD)
def test_a_token_server_that_is_dead_is_named_with_its_places(
    how: str, words: str, slow: Mapping[str, Future[Report]]
) -> None:
    report = slow[f"tokens {how}"].result()
    assert red(report) == {"auth.realm"}
    realm = check(report, "auth.realm")
    assert words in realm.evidence[0]
    assert "token server" in report.verdict
    assert check(report, "auth.token").status is check(report, "content.blob").status is Status.SKIPPED
    assert report.endpoints[1:] == (realm.at.removeprefix("http://").removesuffix("/token"),)


@pytest.mark.parametrize(("how", "words"), DEAD)
def test_a_store_that_is_dead_is_named_with_who_sends_there(
    how: str, words: str, slow: Mapping[str, Future[Report]]
) -> None:
    report = slow[f"store {how}"].result()
    assert red(report) == {"content.redirect"}
    redirect = check(report, "content.redirect")
    assert f"sends to {redirect.at}" in redirect.words
    assert words in redirect.evidence[0]
    assert f"sends to {redirect.at}" in report.verdict
    assert check(report, "content.blob").words == f"needs the way to {redirect.at}"
    assert report.endpoints[1:] == (redirect.at.removeprefix("http://"),)
    assert "hunter2" not in json.dumps(report.document())


def test_who_takes_a_request_and_says_nothing_is_named_in_time(slow: Mapping[str, Future[Report]]) -> None:
    report = slow["mute"].result()
    assert red(report) == {"content.manifest"}
    words = check(report, "content.manifest").words
    assert "took the request and did not answer" in words
    assert re.search(r"within \d(\.\d)? s\b", words)
    assert "took the request and did not answer" in report.verdict


def test_who_sends_no_blob_itself_is_not_said_to_send_elsewhere(slow: Mapping[str, Future[Report]]) -> None:
    report = slow["no blob"].result()
    assert "content.redirect" not in red(report)
    assert report.verdict.startswith(
        "The registry answers and has the manifest, and does not send what it consists of."
    )


@pytest.mark.parametrize("way", ["in plain", "over TLS"])
def test_who_takes_connections_and_never_answers_is_said_to_hang(way: str, slow: Mapping[str, Future[Report]]) -> None:
    report = slow[f"hangs {way}"].result()
    assert "no answer to GET /v2/ comes: the registry hangs" in report.verdict
    assert "http" in red(report)
    assert report.seconds < WHOLE


def test_a_helper_that_is_slow_is_a_warning(slow: Mapping[str, Future[Report]]) -> None:
    report = slow["slow"].result()
    assert (report.healthy, check(report, "auth.helper").status) == (True, Status.WARNING)


def test_a_helper_that_hangs_ends_with_the_examination(slow: Mapping[str, Future[Report]]) -> None:
    report = slow["hangs"].result()
    assert red(report) == {"auth.helper"}
    assert "no answer within" in check(report, "auth.helper").words
    assert check(report, "auth.login").status is Status.SKIPPED


def test_what_a_helper_answers_is_told_and_how_long_it_took(slow: Mapping[str, Future[Report]]) -> None:
    report = slow["answers"].result()
    assert report.healthy
    asked = check(report, "auth.helper")
    assert (asked.status, asked.words) == (Status.OK, "it has a credential")
    assert (asked.ms or 0) >= 200
    assert "hunter2" not in json.dumps(report.document())
