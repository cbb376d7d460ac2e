"""What becomes of `boxship` where it cannot write or read, and where its words are no text."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from boxship.testing import Image, ScriptedRegistry, basic, serving
from tests.cli.running import COMMAND, PATIENCE, begin, boxship

GOOD = ScriptedRegistry()
DIGEST = next(iter(GOOD.image.blobs))
FULL = Path("/dev/full")
NO_TEXT = os.fsdecode(b"\xff")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full, and other descriptors")


def shell(line: str, words: Sequence[str]) -> tuple[int, str]:
    """How `boxship` ends with its streams as the line has them, and what is said."""
    done = subprocess.run(
        ["/bin/sh", "-c", line, "sh", *COMMAND, *words], capture_output=True, timeout=20, check=False, text=True
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("stream", [f">{FULL}", ">&-"], ids=["a full disk", "no stdout"])
@pytest.mark.parametrize(
    "words",
    [
        ("ls", "AT/app"),
        ("manifest", "AT/app:v1"),
        ("config", "AT/app:v1"),
        ("blob", f"AT/app@{DIGEST}"),
        ("api", "GET", "AT/v2/_catalog"),
        ("version",),
        ("--help",),
    ],
    ids=lambda words: words[0],
)
def test_output_that_cannot_be_written_is_said(words: tuple[str, ...], stream: str) -> None:
    with serving(GOOD) as server:
        status, said = shell(f'"$@" {stream}', [word.replace("AT", server.address) for word in words])
    assert status == 1
    assert said.startswith("boxship: standard output cannot be written\n  why: ")


def test_a_trace_that_cannot_be_written_is_said() -> None:
    with serving(GOOD) as server:
        outcome = boxship("ls", "--trace", str(FULL), f"{server.address}/app")
    assert (outcome.status, outcome.errors.splitlines()[0]) == (1, f"boxship: --trace {FULL} cannot be written")


def test_a_trace_does_not_go_among_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(GOOD) as server:
        outcome = boxship("ls", "--trace", "-", f"{server.address}/app")
        assert (outcome.status, outcome.output, server.requests) == (2, "", ())
    assert "use -v: stderr has it" in outcome.errors
    assert list(tmp_path.iterdir()) == []


def test_without_a_place_for_errors_the_status_tells() -> None:
    with serving(GOOD) as server:
        assert shell('"$@" 2>&-', ["ls", "-v", f"{server.address}/app"]) == (0, "")
        assert shell('"$@" 2>&-', ["digest", "-v", f"{server.address}/app:v9"]) == (3, "")


@pytest.mark.parametrize(
    "words",
    [("ls", "--username", "ana", "--password-stdin", "AT/app"), ("api", "POST", "-d", "-", "AT/v2/")],
    ids=["a password", "a body"],
)
def test_input_that_is_closed_is_said(words: tuple[str, ...]) -> None:
    with serving(GOOD) as server:
        status, said = shell('"$@" <&-', [word.replace("AT", server.address) for word in words])
    assert (status, said) == (2, "boxship: standard input\n  why: it is closed\n")


def test_a_letter_that_the_output_cannot_have_is_said() -> None:
    with serving(ScriptedRegistry(tags=["é"])) as server:
        outcome = boxship("ls", f"{server.address}/app", env={"PYTHONIOENCODING": "ascii"})
    assert (outcome.status, outcome.errors.splitlines()[0]) == (1, "boxship: standard output cannot be written")


def test_a_password_that_is_no_text_is_sent_as_it_is() -> None:
    with serving(ScriptedRegistry(access=basic("ana", "x"))) as server:
        words = ("ls", "--username", "ana", "--password-stdin", f"{server.address}/app")
        assert boxship(*words, given=b"\xff\xfe\n", env={"PYTHONUTF8": "0", "LC_ALL": "C.UTF-8"}).status == 4
        sent = [request.headers.get("authorization") for request in server.requests]
    assert "Basic YW5hOv/+" in sent


def test_a_place_and_a_body_that_are_no_text_are_sent() -> None:
    with serving(GOOD) as server:
        assert boxship("ls", "--last", NO_TEXT, f"{server.address}/app").status == 0
        boxship("api", "POST", "-d", NO_TEXT, f"{server.url}/v2/app/blobs/uploads/")
        assert server.requests[-1].body == b"\xff"


def test_a_query_may_have_a_url_in_it() -> None:
    with serving(GOOD) as server:
        assert boxship("api", "GET", f"{server.address}/v2/?u=http://x/y").status == 0
        assert server.requests[-1].target == "/v2/?u=http://x/y"


def test_a_header_that_is_none_is_not_shown() -> None:
    outcome = boxship("api", "GET", "reg.corp/v2/", "-H", "Authorization s3cret")
    assert outcome.status == 2
    assert "s3cret" not in outcome.errors


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe is waited for")
def test_an_archive_that_nobody_takes_from_standard_output_ends_when_time_is_up() -> None:
    registry = ScriptedRegistry(image=Image.of([os.urandom(1 << 20)]))
    with (
        serving(registry) as server,
        begin("copy", "--timeout", "2", f"{server.url}/app:latest", "-") as process,
    ):
        assert process.wait(PATIENCE) == 5
        assert process.stderr
        assert b"--timeout" in process.stderr.read()
