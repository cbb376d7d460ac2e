"""How far a copy is, as people and programs see it: never on stdout."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.cli.displays import DISPLAYS
from boxship.event import Event, Fact
from boxship.testing import Answer, Image, Request, ScriptedRegistry, serving
from tests.cli.running import boxship
from tests.cli.terminal import watch

IMAGE = Image.of([os.urandom(2_000_000), b"small"])
GOOD = ScriptedRegistry(image=IMAGE)
SIZE = sum(map(len, IMAGE.blobs.values()))


def slowly(request: Request) -> Answer:
    """The large layer takes two seconds."""
    answer = GOOD(request)
    if isinstance(answer.body, bytes) and len(answer.body) > 1_000_000 and request.method == "GET":
        pieces = [answer.body[at : at + 100_000] for at in range(0, len(answer.body), 100_000)]
        headers = {**dict(answer.headers), "Content-Length": str(len(answer.body))}
        return replace(answer, body=pieces, headers=headers, body_piece_every=0.1)
    return answer


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    with serving(slowly) as server:
        yield server.url


def test_elsewhere_each_blob_has_a_line_and_the_whole_has_one(at: str, tmp_path: Path) -> None:
    outcome = boxship("pull", f"{at}/app", str(tmp_path / "app.tar"))
    lines = outcome.errors.splitlines()
    assert (outcome.status, outcome.raw, len(lines)) == (0, b"", 4)
    assert sorted(line.split()[2] for line in lines[:3]) == ["copied,"] * 3
    assert any("copied, 2.0 MB in 2." in line for line in lines)
    assert f"{IMAGE.digest}: 3 blobs copied (2.0 MB in 2." in lines[3]


def test_one_blob_is_one_blob(capsys: pytest.CaptureFixture[str]) -> None:
    facts: dict[str, Fact] = {"digest": "sha256:1", "pushed": 1, "mounted": 0, "present": 2, "size": 0, "seconds": 0.0}
    DISPLAYS["plain"]().hear(Event("Copied", "", 0.0, facts=facts))
    assert capsys.readouterr().err == "boxship: sha256:1: 1 blob copied, 2 present\n"


@pytest.mark.parametrize("words", [("-q",), ("--progress", "none")])
def test_who_wants_it_quiet_is_told_nothing(at: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    outcome = boxship("pull", *words, f"{at}/app", str(tmp_path / "app.tar"))
    assert (outcome.status, outcome.raw, outcome.errors) == (0, b"", "")


def test_a_program_is_told_in_json(at: str, tmp_path: Path) -> None:
    outcome = boxship("copy", "--progress", "json", f"{at}/app", f"oci:{tmp_path}/layout:app")
    told = [json.loads(line) for line in outcome.errors.splitlines()]
    assert {line["schema"] for line in told} == {"boxship.progress/1"}
    assert (told[0]["event"], told[0]["blobs"], told[0]["size"]) == ("Copy", 3, SIZE)
    places = [line["at"] for line in told if line["event"] == "BlobProgress" and line["size"] == 2_000_000]
    assert places == sorted(places)
    assert 3 <= len(places) <= 15
    assert (told[-1]["event"], told[-1]["pushed"], outcome.raw) == ("Copied", 3, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals to open")
def test_on_a_terminal_there_are_bars_which_are_gone_at_the_end(at: str, tmp_path: Path) -> None:
    watched = watch("pull", f"{at}/app", str(tmp_path / "app.tar"), env={"NO_COLOR": "1"})
    assert watched.status == 0
    assert re.search(r"█ +[5-9][0-9]% [0-9.]+ MB of 2\.0 MB, .*B/s", watched.written.replace("░", ""))
    assert "2 of 3 blobs, " in watched.written
    assert "s left" in watched.written
    assert [line.split(": ")[0] for line in watched.seen] == ["boxship"]
    assert "3 blobs copied" in watched.seen[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals to open")
def test_ctrl_c_on_a_terminal_takes_the_bars_away_and_leaves_nothing_under_the_name(at: str, tmp_path: Path) -> None:
    words = ("pull", f"{at}/app", str(tmp_path / "app.tar"))
    watched = watch(*words, env={"NO_COLOR": "1"}, interrupt_at="% ")
    assert (watched.status, watched.output) == (130, "")
    assert not [line for line in watched.seen if "%" in line]
    assert not (tmp_path / "app.tar").exists()
    assert watch(*words).status == 0
