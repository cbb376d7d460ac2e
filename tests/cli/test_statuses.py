from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from boxship.cli.verbs import VERBS
from boxship.testing import (
    NEVER,
    Answer,
    Listener,
    Place,
    Request,
    ScriptedRegistry,
    basic,
    black_hole,
    failure,
    html,
    link_loop,
    mute,
    rate_limited,
    refused,
    serving,
    tls,
    wrong_digest,
)
from tests.cli.running import begin, boxship, three_parts
from tests.transport.reaching import Authority

GOOD = ScriptedRegistry()
DIGEST = next(iter(GOOD.image.blobs))
Opens = Callable[[], AbstractContextManager[Place | Listener]]

FAILURES: dict[str, tuple[Opens, tuple[str, ...], int, str]] = {
    "a missing tag": (lambda: serving(GOOD), ("digest", "AT/app:v9"), 3, "not found"),
    "a missing blob": (lambda: serving(GOOD), ("blob", f"AT/app@sha256:{'0' * 64}"), 3, "not found"),
    "a missing repository": (lambda: serving(failure(404, "NAME_UNKNOWN")), ("ls", "AT/app"), 3, "not found"),
    "no credential": (lambda: serving(ScriptedRegistry(access=basic("a", "b"))), ("ls", "AT/app"), 4, "credential"),
    "no right": (lambda: serving(failure(403, "DENIED", "no")), ("ls", "AT/app"), 4, "refused"),
    "nobody there": (refused, ("ls", "AT/app"), 5, "cannot connect"),
    "a firewall": (black_hole, ("ls", "--connect-timeout", "0.3", "AT/app"), 5, ""),
    "a mute server": (mute, ("ls", "--tls-timeout", "0.3", "https://AT/app"), 5, ""),
    "a server that hangs": (lambda: serving(NEVER), ("ls", "--first-byte-timeout", "0.3", "http://AT/app"), 5, ""),
    "a whole timeout": (lambda: serving(NEVER), ("ls", "--timeout", "0.3", "http://AT/app"), 5, "not done within"),
    "a broken answer": (lambda: serving(Answer(200, b"xxxx", truncate_after=1)), ("ls", "http://AT/app"), 5, ""),
    "a wrong digest": (lambda: serving(wrong_digest(GOOD)), ("blob", f"AT/app@{DIGEST}"), 6, "the blob"),
    "a wrong manifest": (lambda: serving(wrong_digest(GOOD, "/manifests/")), ("manifest", "AT/app:v1"), 6, ""),
    "a limit": (lambda: serving(rate_limited("3600")), ("ls", "http://AT/app"), 7, "refused"),
    "a page for people": (lambda: serving(html(200)), ("ls", "http://AT/app"), 1, "no list"),
    "a loop of pages": (lambda: serving(link_loop(GOOD)), ("catalog", "AT"), 3, ""),
    "no platform": (lambda: serving(GOOD), ("config", "--platform", "nonsense", "AT/app:v1"), 2, ""),
    "a broken request": (lambda: serving(GOOD), ("api", "GET", "AT/v2/ x"), 2, "cannot be sent"),
}


@pytest.mark.parametrize(("place", "words", "status", "what"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_has_its_status_and_is_said(place: Opens, words: tuple[str, ...], status: int, what: str) -> None:
    with place() as reached:
        outcome = boxship(*(word.replace("AT", reached.address) for word in words))
    failed, why, _ = three_parts(outcome)
    assert outcome.status == status, outcome.errors
    assert what in failed
    assert why


@pytest.mark.parametrize(
    ("words", "caret"),
    [
        (("ls", "reg.corp/App"), "  reg.corp/App\n           ^^^\n"),
        (("digest", "reg.corp/app:a b"), "  reg.corp/app:a b\n               ^^^\n"),
        (("ping", "127.1"), "  127.1\n  ^^^^^\n"),
        (("blob", "reg.corp/app:v1"), "  reg.corp/app:v1\n                 ^\n"),
        (("manifest", "reg.corp/app@sha256:xyz"), "^"),
        (("catalog", "reg.corp/app"), "  reg.corp/app\n          ^^^^\n"),
        (("api", "GET", "reg.corp"), "  reg.corp\n          ^\n"),
        (("ls", "reg.corp:99999/app"), "  reg.corp:99999/app\n           ^^^^^\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_reference_is_marked(words: tuple[str, ...], caret: str) -> None:
    outcome = boxship(*words)
    assert outcome.status == 2
    assert caret in outcome.errors
    assert outcome.raw == b""


@pytest.mark.parametrize(
    "words",
    [
        ("lss",),
        ("--nonsense",),
        ("ls",),
        ("ls", "--nonsense", "reg.corp/app"),
        ("ls", "reg.corp/app", "more"),
        ("ls", "--match", "[", "reg.corp/app"),
        ("ls", "--exclude", "(", "reg.corp/app"),
        ("ls", "--limit", "x", "reg.corp/app"),
        ("ls", "--limit", "-1", "reg.corp/app"),
        ("ls", "--page-size", "0", "reg.corp/app"),
        ("ls", "--timeout", "soon", "reg.corp/app"),
        ("ls", "--timeout", "0", "reg.corp/app"),
        ("ls", "--timeout", "nan", "reg.corp/app"),
        ("ls", "--plain-http=perhaps", "reg.corp/app"),
        ("ls", "--plain-http", "auto", "reg.corp/app"),
        ("ls", "--resolve", "nonsense", "reg.corp/app"),
        ("ls", "--resolve", "reg.corp:443", "reg.corp/app"),
        ("ls", "--resolve", "reg.corp:443:name", "reg.corp/app"),
        ("ls", "--resolve", "reg.corp:x:127.0.0.1", "reg.corp/app"),
        ("ls", "--resolve", "reg.corp:443:127.0.0.1:99999", "reg.corp/app"),
        ("ls", "--resolve", "reg.corp:0:127.0.0.1", "reg.corp/app"),
        ("ls", "--resolve", ":443:127.0.0.1", "reg.corp/app"),
        ("ls", "--trace", "/nonexistent/trace", "reg.corp/app"),
        ("ls", "--trace", "/", "reg.corp/app"),
        ("ls", "--username", "ana", "--password", "x", "--password-stdin", "reg.corp/app"),
        ("ls", "--username", "ana", "reg.corp/app"),
        ("ls", "--password", "x", "reg.corp/app"),
        ("ls", "--username", "ana", "--password-stdin", "reg.corp/app"),
        ("ls", "127.0.0.1:5000"),
        ("config", "--platform", "a/b/c/d/e", "reg.corp/app"),
        ("api", "GET", "127.0.0.1:1/v2/", "-H", "nonsense"),
        ("api", "POST", "127.0.0.1:1/v2/", "-d", "@/nonexistent/file"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_ends_with_2(words: tuple[str, ...]) -> None:
    outcome = boxship(*words)
    assert (outcome.status, outcome.raw) == (2, b""), outcome.errors
    assert outcome.errors


@pytest.mark.parametrize("content", [None, b"rubbish", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"])
def test_a_ca_file_that_is_none_ends_with_2(content: bytes | None, tmp_path: Path, authority: Authority) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with tls(GOOD, authority.server("127.0.0.1")) as server:
        outcome = boxship("ls", "--ca-file", str(file), f"{server.address}/app")
    assert outcome.status == 2, outcome.errors
    assert str(file) in outcome.errors


@pytest.mark.parametrize(
    ("text", "line"),
    [('{\n  "auths": {\n', 3), ('{\n\n  "auths": 7}', 0), ("[]", 0), ("\x00", 1)],
    ids=["cut", "wrong", "list", "rubbish"],
)
def test_settings_that_are_wrong_are_named_with_their_line(text: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with serving(GOOD) as server:
        outcome = boxship("ls", "--config", str(tmp_path), f"{server.address}/app")
        assert server.connections == ()
    failed, why, _ = three_parts(outcome)
    assert outcome.status == 2
    assert failed.startswith(f"{tmp_path / 'config.json'}{f':{line}' if line else ''}")
    assert why


def test_settings_that_are_no_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    with serving(GOOD) as server:
        outcome = boxship("ls", "--config", str(tmp_path), f"{server.address}/app")
    assert outcome.status == 2, outcome.errors
    assert str(tmp_path / "config.json") in outcome.errors


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    # Permissions stop everybody but root; links that go round stop everybody.
    (tmp_path / "config.json").symlink_to(tmp_path / "config.json")
    with serving(GOOD) as server:
        outcome = boxship("ls", "--config", str(tmp_path), f"{server.address}/app")
    assert outcome.status == 2, outcome.errors
    assert str(tmp_path / "config.json") in outcome.errors


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_an_example(verb: str) -> None:
    outcome = boxship(verb, "--help")
    assert (outcome.status, outcome.errors) == (0, "")
    assert re.match(rf"example: .*\bboxship {verb}\b", outcome.output)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "version"])
def test_a_wrong_option_is_not_hidden_by_all_the_others(verb: str) -> None:
    outcome = boxship(verb, *["x"] * 2, "--nonsense")
    usage, error = outcome.errors.splitlines()
    assert outcome.status == 2
    assert usage.startswith(f"usage: boxship {verb} [options]")
    assert error.endswith(f"(boxship {verb} --help lists the options)")


def test_what_has_taken_all_the_time_is_said() -> None:
    with serving(NEVER) as server:
        outcome = boxship("ls", "--timeout", "0.3", f"http://{server.address}/app")
    assert f"tried: http://{server.address} ({server.address}) took the request" in outcome.errors


def test_a_body_that_has_taken_all_the_time_is_said() -> None:
    with serving(Answer(200, b"x" * 50, stall_after=10)) as server:
        outcome = boxship("api", "--timeout", "0.3", "GET", f"http://{server.address}/v2/")
    assert f"tried: the answer of http://{server.address}" in outcome.errors


@pytest.mark.parametrize("words", [(), ("--help",), ("help",)], ids=["nothing", "--help", "help"])
def test_the_verbs_are_listed(words: tuple[str, ...]) -> None:
    outcome = boxship(*words)
    assert outcome.status == (0 if words else 2)
    assert [verb for verb in VERBS if f"  {verb} " not in outcome.output] == []


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("lss", "did you mean ls?"),
        ("pul", "did you mean pull?"),
        ("xyzzy", "--help lists them"),
        ("--timeout=3", "verb first"),
    ],
)
def test_an_unknown_verb_is_named_and_the_one_that_was_meant(word: str, remedy: str) -> None:
    said = boxship(word, "reg.corp/app")
    assert (said.status, said.raw) == (2, b"")
    assert f"there is no verb {word!r}" in said.errors
    assert remedy in said.errors


@pytest.mark.parametrize("words", [("ls",), ("registry", "serve")], ids=" ".join)
def test_help_of_a_verb_can_be_asked_for_either_way(words: tuple[str, ...]) -> None:
    asked = boxship("help", *words)
    assert (asked.status, asked.raw) == (0, boxship(*words, "--help").raw)
    assert " ".join(words) in asked.output


@pytest.mark.parametrize("word", ["version", "--version"])
def test_the_version_is_printed(word: str) -> None:
    assert boxship(word).output.count(".") >= 1


# How it ends.


def test_a_reader_that_has_enough_is_no_failure() -> None:
    many = ScriptedRegistry(tags=[f"tag-{number:06}" for number in range(60_000)], page_size=1000)
    with serving(many) as server, begin("ls", f"{server.address}/app") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"tag-000000\n"
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "words", [("manifest", "AT/app:v1"), ("config", "AT/app:v1"), ("blob", f"AT/app@{DIGEST}"), ("ls", "AT/app")]
)
def test_a_reader_that_is_gone_is_no_failure(words: tuple[str, ...]) -> None:
    def answer(request: Request) -> Answer:
        time.sleep(0.3)
        return GOOD(request)

    with serving(answer) as server, begin(*(word.replace("AT", server.address) for word in words)) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize("where", ["answer", "connect"])
def test_an_interrupt_ends_it_at_once(where: str) -> None:
    with serving(NEVER) as server, black_hole() as hole:
        at = f"http://{server.address}/app" if where == "answer" else f"https://{hole.address}/app"
        with begin("ls", "-v", at) as process:
            assert process.stderr
            process.stderr.readline()
            time.sleep(0.2)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
            assert time.monotonic() - began < 1
            assert b"Traceback" not in process.stderr.read()
