"""What libFuzzer says at the end of a target, as an outcome."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fuzz.target import HARD, Target
from fuzz.targets import TARGETS

from fuzz import trial

DONE = """INFO: seed corpus: files: 12
#2\tINITED cov: 6 ft: 6 corp: 1/1b exec/s: 0 rss: 57Mb
#4096\tpulse  cov: 22 ft: 40 corp: 7/90b lim: 43 exec/s: 2048 rss: 58Mb
#153814\tREDUCE cov: 169 ft: 266 corp: 51/232b lim: 1290 exec/s: 25635 rss: 59Mb L: 5/33 MS: 1 EraseBytes-
#209079\tDONE   cov: 170 ft: 266 corp: 52/232b lim: 1830 exec/s: 23231 rss: 60Mb
Done 209079 runs in 9 second(s)
"""
RAISED = """
 === Uncaught Python exception: ===
AssertionError: in one it is broken, and in pieces it is not
Traceback (most recent call last):
==5382== ERROR: libFuzzer: fuzz target exited
SUMMARY: libFuzzer: fuzz target exited
artifact_prefix='/x/'; Test unit written to /x/tar-crash-71853c
"""
SLOW = """ALARM: working on the last Unit for 11 seconds
artifact_prefix='/x/'; Test unit written to /x/tar-timeout-71853c
SUMMARY: libFuzzer: timeout
"""
TAR = TARGETS["tar"]


def outcome(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, said: str) -> tuple[trial.Outcome, list[str]]:
    """What becomes of a target whose process says this, and how that was begun."""
    begun: list[str] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        begun.extend(command)
        given = {word.partition("=")[0]: word.partition("=")[2] for word in command}
        words = Path(given["-dict"]).read_bytes().splitlines()
        assert words[-1] == b'"\\x0a"'
        assert len(words) == len(TAR.words) + 1
        (hard,) = (Path(word) for word in command if word.endswith("/hard"))
        assert {file.read_bytes() for file in hard.iterdir()} == set(HARD)
        return subprocess.CompletedProcess(command, status, b"", said.encode())

    monkeypatch.setattr(subprocess, "run", run)
    return trial.tried(TAR, 9, tmp_path), begun


def test_a_target_that_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, begun = outcome(monkeypatch, tmp_path, 0, DONE)
    assert (found.runs, found.branches, found.kept, found.memory) == (209079, 170, 52, 60)
    assert (found.finding, found.path) == ("", None)
    assert {"fuzz.one", "fuzz.rooms.layers", "tar", str(TAR.corpus), "-max_total_time=9"} <= set(begun)


@pytest.mark.parametrize(
    ("said", "finding", "path"),
    [
        (RAISED, "AssertionError: in one it is broken, and in pieces it is not", Path("/x/tar-crash-71853c")),
        (SLOW, "timeout", Path("/x/tar-timeout-71853c")),
        ("Segmentation fault\n", "Segmentation fault", None),
        ("", "it ended without a word", None),
    ],
)
def test_what_is_found(
    said: str, finding: str, path: Path | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found, _ = outcome(monkeypatch, tmp_path, 77, DONE + said if said == RAISED else said)
    assert (found.finding, found.path) == (finding, path)
    assert found.runs == (209079 if said == RAISED else 0)


def test_each_target_is_found_in_its_room() -> None:
    assert all(isinstance(target, Target) and target.room.startswith("fuzz.rooms.") for target in TARGETS.values())
