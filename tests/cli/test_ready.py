"""A command that is forked off by a process that has imported boxship is as one that is started."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxship.testing import Answer, serving
from tests.cli.ready import Ready
from tests.cli.running import Outcome, boxship, started

Runs = Callable[..., Outcome]
WAYS: Sequence[Runs] = (started, boxship)


def once(words: Sequence[str], *, given: bytes = b"", **env: str) -> Outcome:
    """What becomes of it, one way as the other."""
    each = [way(*words, given=given, env=env) for way in WAYS]
    assert each[0] == each[1]
    return each[0]


def test_it_ends_as_it_would() -> None:
    assert once(["version"]).status == 0
    assert once(["no-such-verb"]).status == 2
    assert "usage: boxship ls" in once(["ls", "--help"], COLUMNS="60").output


def test_it_reads_what_it_is_given_and_the_files_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.yaml").write_text("a: [")
    assert "here.yaml:1" in once(["audit", "here.yaml"]).output
    assert ":2" in once(["audit", "-"], given=b"a: 1\nb: [").output


def test_it_has_the_settings_of_its_home(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text("{")
    assert "config.json" in once(["ls", "127.0.0.1:1/a"], HOME=str(tmp_path)).errors


def test_many_at_a_time_are_not_mixed_up() -> None:
    with ThreadPoolExecutor(8) as threads:
        ended = list(threads.map(lambda number: boxship(f"verb-{number}"), range(24)))
    assert [f"'verb-{number}'" in one.errors for number, one in enumerate(ended)] == [True] * 24


def test_what_an_interpreter_reads_at_its_start_is_not_lost() -> None:
    with serving(Answer(200, '{"name": "a", "tags": ["é"]}'.encode())) as server:
        assert once(["ls", f"{server.url}/a"], PYTHONIOENCODING="latin-1:replace").raw == "é\n".encode("latin-1")


def test_what_it_costs_is_known() -> None:
    before = Ready.spent
    boxship("version")
    assert Ready.spent > before


def test_one_that_is_killed_says_so() -> None:
    program = Path(__file__).with_name("ready.py")
    ready = Ready((sys.executable, str(program)), os.environ)
    reading, given = os.pipe()
    out, written = os.pipe()
    try:
        # It waits for a password, which does not come.
        command = ready.begin(
            ["login", "-u", "ana", "--password-stdin", "127.0.0.1:1"],
            os.environ,
            (reading, written, written),
            Path.cwd(),
        )
        command.kill()
        assert command.wait() == -signal.SIGKILL
    finally:
        ready.close()
        for descriptor in (reading, given, out, written):
            os.close(descriptor)
