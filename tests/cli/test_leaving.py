"""The process of a command ends with the verb: what is owed is done, and the interpreter is not taken apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from boxship.cli.main import run
from tests.cli.running import PATIENCE

# What only the interpreter's own end would do, and what is registered for the end of the process.
_PROGRAM = """
import atexit, os, signal, sys
class TakenApart:
    def __del__(self): os.write(2, b"taken apart")
sys.kept = TakenApart()
atexit.register(os.write, 2, b"owed")
sys.stdout.write("held back\\n")
from boxship.cli import termination
from boxship.cli.main import run
sys.argv[0] = "boxship"
if sys.argv[1:] == ["terminated"]:
    from boxship.cli import main
    main.main = lambda: termination._begin_to_end(signal.SIGTERM, None)
run()
"""


def ended(*words: str) -> subprocess.CompletedProcess[str]:
    command, buffered = (sys.executable, "-c", _PROGRAM, *words), {**os.environ, "PYTHONUNBUFFERED": ""}
    return subprocess.run(command, env=buffered, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize(
    ("words", "status"),
    [(["version"], 0), (["--help"], 0), (["ls", "--help"], 0), (["no-verb"], 2), (["ls", "--no-flag"], 2)],
)
def test_a_command_ends_at_once_and_owes_nothing(words: list[str], status: int) -> None:
    done = ended(*words)
    assert done.returncode == status
    assert done.stdout.startswith("held back\n")
    assert done.stderr.endswith("owed")


def test_one_that_was_terminated_ends_by_that_and_does_not_wait_for_a_reader() -> None:
    done = ended("terminated")
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "", "owed")


def test_the_installed_program_ends_so() -> None:
    (program,) = entry_points(group="console_scripts", name="boxship")
    assert program.load() is run
