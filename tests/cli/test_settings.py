"""Settings that reach a client: from a file or a flag to what is asked, shown and refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from boxship import Client
from boxship.event import Event
from boxship.testing import ScriptedRegistry, put_image, refused, registry, serving
from tests.cli.running import boxship, three_parts

GOOD = ScriptedRegistry()


def daemon_json(text: str) -> Path:
    """The file of a rootless daemon, in the test's own home."""
    file = Path(os.environ["XDG_CONFIG_HOME"], "docker", "daemon.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_wrong_daemon_json_is_said_with_its_line_before_anything_is_asked() -> None:
    file = daemon_json('{\n  "insecure-registries": ["a b"]\n}')
    with serving(GOOD) as server:
        outcome = boxship("ls", f"{server.address}/app")
        assert (outcome.status, server.requests) == (2, ())
    what, why, _ = three_parts(outcome)
    assert (what, "insecure-registries" in why) == (f"{file}:2", True)


def test_the_daemon_json_of_a_command_is_the_tests_and_not_the_machines(home: Path) -> None:
    file = home / "etc" / "docker" / "daemon.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    with serving(GOOD) as server:
        outcome = boxship("ls", f"{server.address}/app")
    assert (outcome.status, three_parts(outcome)[0]) == (2, f"{file}:1")


def test_the_trace_says_which_line_of_daemon_json_permits_plain_http() -> None:
    with serving(GOOD) as server:
        file = daemon_json(f'{{\n  "debug": true,\n  "insecure-registries": ["{server.address}"]\n}}')
        outcome = boxship("ls", "-v", f"{server.address}/app")
    assert outcome.status == 0
    assert f"found, not told; permitted by {file}:3" in outcome.errors


def test_a_daemon_json_that_is_not_needed_is_not_read() -> None:
    daemon_json("{")
    with registry() as running:
        put_image(running.address, "app", "v1")
        assert boxship("ls", f"http://{running.address}/app").output == "v1\n"
        assert boxship("ls", "--plain-http", f"{running.address}/app").output == "v1\n"


def test_a_daemon_json_that_cannot_be_read_is_warned_of_once() -> None:
    file = Path(os.environ["XDG_CONFIG_HOME"], "docker", "daemon.json")
    file.mkdir(parents=True)
    heard = list[Event]()
    with serving(GOOD) as server, Client(on_event=heard.append) as client:
        for _ in range(3):
            assert list(client.tags(f"{server.address}/app"))
    warnings = [event.text for event in heard if event.name == "Settings"]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{file} cannot be read")


def test_a_told_address_says_who_told_it_in_the_trace_and_in_an_error() -> None:
    with serving(GOOD) as server:
        outcome = boxship("ls", "-v", "--resolve", f"reg.test:80:{server.address}", "http://reg.test/app")
        assert (outcome.status, f"ConnectStart: tcp {server.address} (flag --resolve)" in outcome.errors) == (0, True)
    with refused() as nobody:
        outcome = boxship("ls", "--resolve", f"reg.test:443:{nobody.address}", "https://reg.test/app")
    assert (outcome.status, f"{nobody.address} (TLS; flag --resolve) refused" in outcome.errors) == (5, True)


def test_the_address_of_a_pong_is_an_address() -> None:
    with serving(GOOD) as server, Client(resolve={("reg.test", 80): (server.host, server.port)}) as client:
        assert client.ping("http://reg.test").address == server.address


def test_headers_are_told_on_the_command_line_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("X-One: s3cret\n\nX-Two: b\n")
    with serving(GOOD) as server:
        told = boxship("ls", "-vv", "--header", f"@{file}", "--header", "X-Two: c", f"{server.url}/app")
        assert told.status == 0
        sent = server.requests[-1].headers
    assert (sent.get("x-one"), sent.get("x-two")) == ("s3cret", "b, c")
    assert "prefer --header @FILE" in told.errors
    assert "s3cret" not in told.errors + told.output


def test_headers_of_a_file_are_seen_by_nobody(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("X-One: s3cret\n")
    with serving(GOOD) as server:
        assert boxship("ls", "--header", f"@{file}", f"{server.url}/app").errors == ""


@pytest.mark.parametrize(
    "words",
    [
        ("--header", "s3cret"),
        ("--header", "Authorization: s3cret"),
        ("--header", "Content-Length: s3cret"),
        ("--header", "X-Key: s3cret\x01"),
        ("--header", "@/no/such/file"),
        ("--user-agent", "a\nb"),
        ("--key", "/key"),
        ("-6",),
    ],
    ids=str,
)
def test_what_cannot_be_told_ends_with_2_before_anything_is_asked(words: tuple[str, ...]) -> None:
    with serving(GOOD) as server:
        outcome = boxship("ls", *words, f"{server.url}/app")
        assert (outcome.status, server.requests) == (2, ())
    assert "s3cret" not in outcome.errors


def test_api_has_a_header_of_its_own(tmp_path: Path) -> None:
    with serving(GOOD) as server:
        outcome = boxship("api", "GET", f"{server.url}/v2/", "-H", "Authorization: Bearer x", "--user-agent", "ours/1")
        assert outcome.status == 0
        assert [server.requests[-1].headers.get(name) for name in ("authorization", "user-agent")] == [
            "Bearer x",
            "ours/1",
        ]
