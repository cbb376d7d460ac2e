"""`boxship` as a process: what it prints and how it ends."""

from __future__ import annotations

__all__ = ["COMMAND", "PATIENCE", "Outcome", "begin", "boxship", "contents_below", "three_parts"]

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

COMMAND = (sys.executable, str(Path(__file__).with_name("alone.py")))
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the process ended, what it printed, and what it said."""

    status: int
    raw: bytes
    errors: str

    @property
    def output(self) -> str:
        """What it printed, as text."""
        return self.raw.decode()


def begin(*words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The process, running; whoever asked for it waits for it."""
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *words], stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **(env or {})})


def boxship(*words: str, given: bytes = b"", env: Mapping[str, str] | None = None) -> Outcome:
    """What becomes of `boxship` with these words; it never shows a traceback."""
    with begin(*words, env=env) as process:
        output, errors = process.communicate(given, timeout=PATIENCE)
    said = errors.decode()
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    return Outcome(process.returncode, output, said)


def three_parts(outcome: Outcome) -> tuple[str, str, str]:
    """What failed, why, and what to do; each perhaps empty."""
    lines = outcome.errors.splitlines()
    assert outcome.raw == b""
    return (
        next((line.removeprefix("boxship: ") for line in lines if line.startswith("boxship: ")), ""),
        next((line.removeprefix("  why: ") for line in lines if line.startswith("  why: ")), ""),
        next((line.removeprefix("  do: ") for line in lines if line.startswith("  do: ")), ""),
    )


def contents_below(folder: Path) -> Iterator[bytes]:
    """What is in each file below it while somebody works there: what goes between two looks is left out."""
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                yield (Path(path) / name).read_bytes()
