"""A target tried for some time by libFuzzer, as a process of its own, and what that says at its end."""

from __future__ import annotations

__all__ = ["Outcome", "tried"]

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fuzz.target import HARD, Target

_SECONDS = 10  # for one input: most take some microseconds
_MEMORY = 1024  # MiB: of which the interpreter with all of boxship, counted, has 60
_END = 600  # seconds more than it was given, for what it imports, on a machine that has others to serve
_PROGRESS = re.compile(r"^#(\d+)\s+\S+\s+cov: (\d+) ft: \d+ corp: (\d+)/\S+ .*rss: (\d+)Mb", re.MULTILINE)
_RAISED = re.compile(r"Uncaught Python exception: ===\n(.+)")
_SUMMARY = re.compile(r"SUMMARY: libFuzzer: (.+)")
_FOUND = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a target.

    Attributes:
        runs: inputs that were tried.
        branches: that were reached.
        kept: inputs that reached something new.
        memory: MiB, at the end.
        finding: what broke its promise, in words; '' for nothing.
        path: the input that did; None for none.
    """

    name: str
    promise: str
    seconds: float
    runs: int
    branches: int
    kept: int
    memory: int
    finding: str = ""
    path: Path | None = None


def tried(target: Target, seconds: int, found: Path) -> Outcome:
    """Try a target for so many seconds, or until something is found, which is put into the folder `found`."""
    with tempfile.TemporaryDirectory(prefix="boxship-fuzz-") as folder:
        return _tried(target, seconds, found, Path(folder))


def _tried(target: Target, seconds: int, found: Path, folder: Path) -> Outcome:
    for inner in ("kept", "hard", "scratch"):
        (folder / inner).mkdir()
    for number, hard in enumerate(HARD):
        (folder / "hard" / str(number)).write_bytes(hard)
    words = folder / "words"
    words.write_bytes(b"".join(b'"%b"\n' % _quoted(word) for word in (*target.words, b"\n")))
    options = {
        "artifact_prefix": f"{found}/{target.name}-",
        "dict": words,
        "max_len": target.longest,
        "max_total_time": seconds,
        "rss_limit_mb": _MEMORY,
        "timeout": _SECONDS,
    }
    command = [
        sys.executable,
        "-m",
        "fuzz.one",
        target.room,
        target.name,
        *(str(folder / inner) for inner in ("kept", "hard")),
        str(target.corpus),
    ]
    done = subprocess.run(
        [*command, *(f"-{name}={value}" for name, value in options.items())],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "TMPDIR": str(folder / "scratch")},
        timeout=seconds + _SECONDS + _END,
    )
    return _outcome(target, done.returncode, (done.stderr + done.stdout).decode("utf-8", "replace"), seconds)


def _quoted(word: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in word)


def _outcome(target: Target, status: int, said: str, seconds: int) -> Outcome:
    lines = _PROGRESS.findall(said)
    runs, branches, kept, memory = map(int, lines[-1]) if lines else (0, 0, 0, 0)
    path = _FOUND.search(said)
    return Outcome(
        name=target.name,
        promise=target.promise,
        seconds=seconds,
        runs=runs,
        branches=branches,
        kept=kept,
        memory=memory,
        finding=_words(said) if status else "",
        path=Path(path[1]) if path else None,
    )


def _words(said: str) -> str:
    """What was found: the exception, else what libFuzzer says of it, else the last line."""
    found = _RAISED.search(said) or _SUMMARY.search(said)
    return found[1].strip() if found else (said.strip().splitlines() or ["it ended without a word"])[-1]
