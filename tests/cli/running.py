"""`boxship` as a process: what it prints and how it ends."""

from __future__ import annotations

__all__ = [
    "COMMAND",
    "PATIENCE",
    "Outcome",
    "begin",
    "boxship",
    "contents_below",
    "forks",
    "ready",
    "started",
    "three_parts",
]

import atexit
import contextlib
import functools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.cli.ready import Ready, as_started

COMMAND = (sys.executable, str(Path(__file__).with_name("alone.py")))
PATIENCE = 20.0
_AT_FIRST = dict(os.environ)  # before any test changes it


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


def begin(*words: str, env: Mapping[str, str] | None = None, folder: Path | None = None) -> subprocess.Popen[bytes]:
    """The process, running; whoever asked for it waits for it."""
    pipe, environment = subprocess.PIPE, {**os.environ, **(env or {})}
    return subprocess.Popen([*COMMAND, *words], stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=folder)


def started(
    *words: str, given: bytes = b"", env: Mapping[str, str] | None = None, folder: Path | None = None
) -> Outcome:
    """What becomes of `boxship` with these words, in an interpreter of its own; it never shows a traceback."""
    with begin(*words, env=env, folder=folder) as process:
        output, errors = process.communicate(given, timeout=PATIENCE)
    return _outcome(process.returncode, output, errors)


def boxship(
    *words: str,
    given: bytes = b"",
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    namespace: str = "",
) -> Outcome:
    """The same in a process that was forked off, where that is no different; inside a network namespace, if named."""
    environment = {**os.environ, **(env or {})}
    if not namespace and not forks(environment):
        return started(*words, given=given, env=env, folder=folder)
    (stdin, giving), (taking, stdout), (hearing, stderr) = (os.pipe() for _ in range(3))
    try:
        command = ready().begin(words, environment, (stdin, stdout, stderr), folder or Path.cwd(), namespace=namespace)
    finally:
        for theirs in (stdin, stdout, stderr):
            os.close(theirs)
    with ThreadPoolExecutor(3) as streams:
        output, errors = streams.submit(_read, taking), streams.submit(_read, hearing)
        written = streams.submit(_write, giving, given)
        try:
            said = output.result(PATIENCE), errors.result(PATIENCE)
            written.result(PATIENCE)
        except BaseException:
            command.kill()
            raise
        return _outcome(command.wait(), *said)


def forks(environment: Mapping[str, str]) -> bool:
    """Whether what is forked off with these variables is as what is started with them."""
    return hasattr(os, "fork") and as_started(environment) == as_started(_AT_FIRST)


@functools.cache
def ready() -> Ready:
    """The process that forks off commands, for all tests of this process."""
    made = Ready((sys.executable, str(Path(__file__).with_name("ready.py"))), _AT_FIRST)
    atexit.register(made.close)
    return made


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()


def _write(descriptor: int, given: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(descriptor, "wb") as stream:  # not everything is read
        stream.write(given)


def _outcome(status: int, output: bytes, errors: bytes) -> Outcome:
    said = errors.decode()
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    return Outcome(status, output, said)


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
