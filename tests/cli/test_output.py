from __future__ import annotations

import json
import os
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.testing import (
    Answer,
    Image,
    Request,
    ScriptedRegistry,
    Server,
    black_hole,
    json_answer,
    serving,
    tls,
    wrong_digest,
)
from tests.cli.running import begin, boxship
from tests.transport.reaching import Authority

TAGS = ("latest", "sha256-" + "0" * 64, "sha256-" + "1" * 64 + ".sig", "v1", "v1.1", "v2")
LAYER = bytes(range(256)) * 10_000
GOOD = ScriptedRegistry(tags=TAGS, image=Image.of([LAYER]), page_size=2)
DIGEST = next(digest for digest, content in GOOD.image.blobs.items() if content == LAYER)
KLOG = re.compile(r"[IWD]\d{4} \d\d:\d\d:\d\d\.\d{6} [a-z_]+\.py:\d+\] [A-Za-z]+: .+")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(GOOD) as running:
        yield running


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        ([], TAGS),
        (["--limit", "1"], TAGS[:1]),
        (["--limit", "3"], TAGS[:3]),
        (["--limit", "100"], TAGS),
        (["--last", "v1"], TAGS[4:]),
        (["--last", "v1", "--limit", "1"], TAGS[4:5]),
        (["-O"], ("latest", "v1", "v1.1", "v2")),
        (["--omit-digest-tags", "--limit", "2"], ("latest", "v1")),
        (["--match", "^v1"], ("v1", "v1.1")),
        (["--match", "^v", "--exclude", r"\."], ("v1", "v2")),
        (["--match", "nothing"], ()),
        (["--page-size", "1"], TAGS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_tags_are_chosen(options: list[str], tags: tuple[str, ...], server: Server) -> None:
    outcome = boxship("ls", *options, f"{server.address}/app")
    assert outcome.output.splitlines() == list(tags)
    assert (outcome.status, outcome.errors) == (0, "")


def test_whole_references_can_be_used_again(server: Server) -> None:
    outcome = boxship("ls", "--full-ref", "--limit", "1", f"{server.url}/app")
    assert outcome.output == f"{server.url}/app:latest\n"
    again = boxship("digest", "--full-ref", outcome.output.strip())
    assert again.output == f"{server.url}/app@{GOOD.image.digest}\n"


@pytest.mark.parametrize("alias", ["tags", "list-tags"])
def test_a_verb_has_other_names(alias: str, server: Server) -> None:
    assert boxship(alias, f"{server.address}/app").output.splitlines() == list(TAGS)


def test_a_limit_asks_for_no_page_more() -> None:
    with serving(GOOD) as own:
        boxship("ls", "--limit", "2", f"{own.url}/app")
        assert len(own.requests) == 1


def test_the_first_page_is_printed_before_the_last_is_asked_for() -> None:
    seen = threading.Event()

    def waiting(request: Request) -> Answer:
        if "last" in request.target:
            seen.wait(10)
        return GOOD(request)

    with serving(waiting) as own, begin("ls", f"{own.address}/app") as process:
        assert process.stdout
        assert process.stdout.readline() == b"latest\n"
        seen.set()
        assert (len(process.stdout.read().splitlines()), process.wait(20)) == (5, 0)


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "a\x07", "a\u2028b"])
def test_a_name_that_would_change_the_terminal_is_not_printed(name: str) -> None:
    with serving(json_answer({"tags": [name]})) as own:
        outcome = boxship("ls", f"{own.url}/app")
    assert (outcome.status, outcome.raw) == (1, b"")
    assert outcome.errors.replace("\n", "").isprintable()


def test_a_manifest_and_a_configuration_are_printed_byte_for_byte(server: Server) -> None:
    assert boxship("manifest", f"{server.address}/app:v1").raw == GOOD.image.manifest
    assert boxship("config", f"{server.address}/app:v1").raw == GOOD.image.config


def test_a_blob_is_printed_byte_for_byte(server: Server) -> None:
    assert boxship("blob", f"{server.address}/app@{DIGEST}").raw == LAYER


def test_a_wrong_blob_is_not_printed_to_its_end() -> None:
    with serving(wrong_digest(GOOD)) as own:
        outcome = boxship("blob", f"{own.address}/app@{DIGEST}")
    assert outcome.status == 6
    assert len(outcome.raw) < len(LAYER)
    assert "expected sha256:" in outcome.errors


def test_digests_of_those_that_are_there_are_printed_and_the_others_said(server: Server) -> None:
    names = [f"{server.address}/app:{tag}" for tag in ("v1", "v9", "v2")]
    outcome = boxship("digest", *names)
    assert outcome.output.splitlines() == [str(GOOD.image.digest)] * 2
    assert outcome.status == 3
    assert "app:v9" in outcome.errors


def test_a_ping_is_a_line(server: Server) -> None:
    line = boxship("ping", server.address).output
    assert re.fullmatch(rf"http://{server.address} at {server.address}: 200 in [\d.]+ ms, registry/2.0\n", line)


def test_a_request_of_ones_own_is_printed(server: Server) -> None:
    outcome = boxship("api", "-i", "GET", f"{server.address}/v2/app/tags/list")
    assert outcome.output.startswith("200 OK\n")
    assert json.loads(outcome.output.partition("\n\n")[2])["tags"] == list(TAGS[:2])
    failed = boxship("api", "GET", f"{server.address}/v2/app/manifests/v9")
    assert (failed.status, json.loads(failed.output)["errors"][0]["code"]) == (3, "MANIFEST_UNKNOWN")


def test_a_servers_words_cannot_change_the_terminal() -> None:
    odd = Answer(500, b"\x1b[2J", headers={"X-Odd": "\x1b]0;x\x07", "Content-Type": "a\x1b[31m"})
    with serving(odd) as own:
        for words in (("ls", "-vv", f"{own.url}/app"), ("api", "-i", "HEAD", f"{own.url}/v2/")):
            outcome = boxship(*words)
            assert outcome.status == 1
            assert "\x1b" not in outcome.errors + outcome.output


def test_plain_http_alone_does_not_eat_the_next_word() -> None:
    with serving(GOOD) as own, black_hole() as hole:
        for words in (["--plain-http", f"{own.address}/app"], [f"{own.address}/app", "--plain-http"]):
            outcome = boxship("ls", *words, "--resolve", f"reg.corp:443:{hole.host}:{hole.port}")
            assert outcome.output.splitlines() == list(TAGS)
        places = [f"--resolve=reg.corp:80:{own.host}:{own.port}", f"--resolve=reg.corp:443:{hole.host}:{hole.port}"]
        assert boxship("ls", "--plain-http", *places, "reg.corp/app").status == 0
        assert boxship("ls", "--plain-http=auto", *places, "reg.corp/app").output.splitlines() == list(TAGS)


# Trust.


def test_an_authority_is_trusted_by_option_or_environment(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "plain-name.pem").write_bytes(authority.file.read_bytes())
    with tls(GOOD, authority.server("127.0.0.1")) as own:
        name = f"{own.address}/app"
        assert boxship("ls", name).status == 5
        assert boxship("ls", "--ca-file", str(authority.file), name).status == 0
        assert boxship("ls", "--skip-tls-verify", name).status == 0
        assert boxship("ls", name, env={"SSL_CERT_FILE": str(authority.file)}).status == 0
        assert boxship("ls", name, env={"SSL_CERT_DIR": str(tmp_path)}).status == 0


# The trace.


def test_verbose_lines_have_klogs_shape(server: Server) -> None:
    outcome = boxship("ls", "-v", f"{server.address}/app")
    lines = outcome.errors.splitlines()
    assert outcome.output.splitlines() == list(TAGS)
    assert lines
    assert [line for line in lines if not KLOG.fullmatch(line)] == []
    assert any("ConnectStart: tcp" in line for line in lines)
    assert not any("Headers" in line for line in lines)
    assert any("Headers" in line for line in boxship("ls", "-vv", f"{server.address}/app").errors.splitlines())


def test_a_trace_is_lines_of_json(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    outcome = boxship("ls", "--trace", str(file), f"{server.address}/app")
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert (outcome.status, outcome.errors) == (0, "")
    assert {"at", "name", "text", "source", "level", "facts"} == set(events[0])
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert {"ConnectStart", "Request"} <= {event["name"] for event in events}


def test_a_failure_with_a_trace_tells_its_story_once(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    with serving(replace(Answer(404), body=b"no")) as own:
        outcome = boxship("ls", "-v", "--trace", str(file), f"{own.url}/app")
    assert outcome.status == 3
    lines = outcome.errors.splitlines()
    story = [line for line in lines if KLOG.fullmatch(line)]
    assert any("] Request: " in line for line in story)
    assert lines[: len(story)] == story
    assert len(set(story)) == len(story)
    assert file.read_text()


def test_standard_output_is_for_data_alone(authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    assert isinstance(context, ssl.SSLContext)
    with tls(GOOD, context) as own:
        outcome = boxship("ls", "-vv", "--insecure", f"{own.address}/app", env={"LC_ALL": "C", **os.environ})
    assert outcome.output.splitlines() == list(TAGS)
