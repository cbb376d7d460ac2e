from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from boxship.testing import NEVER, serving
from tests.cli.running import COMMAND, PATIENCE, boxship
from tests.registry.faults import CONTENT, MIB, asked_from, faulty, reference


def test_a_blob_that_breaks_off_is_whole_in_the_file_it_is_printed_to(tmp_path: Path) -> None:
    cut = faulty(lambda good: replace(good, truncate_after=MIB), lambda good: replace(good, stall_after=MIB))
    file = tmp_path / "blob"
    with serving(cut) as server, file.open("wb") as taken:
        words = (*COMMAND, "blob", "--silence-timeout", "0.3", reference(server))
        assert subprocess.run(words, stdout=taken, timeout=PATIENCE, check=False).returncode == 0
        assert list(map(asked_from, server.requests)) == [None, MIB, 2 * MIB]
    assert file.read_bytes() == CONTENT


def test_a_blob_that_does_not_go_on_ends_with_its_story() -> None:
    silent = faulty(lambda good: replace(good, stall_after=10), *[NEVER] * 5)
    with serving(silent) as server:
        words = ("--silence-timeout", "0.1", "--first-byte-timeout", "0.1", reference(server))
        outcome = boxship("blob", "-v", *words)
    assert (outcome.status, outcome.raw) == (5, b"")
    assert "asked for the rest 5 times" in outcome.errors
    assert outcome.errors.count("] Resume: ") >= 5
