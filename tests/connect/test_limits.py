"""What this machine has no room for is said of it, whichever descriptor is the one too many, and of no host."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from boxship.connect.deadline import Work
from boxship.errors import ConnectFailed
from boxship.testing import ScriptedRegistry, serving
from tests.connect.driving import Contender

ROOMS = range(1, 8)  # descriptors; the last are enough
WAYS = ("http://AT/app", "AT/app", "nobody.invalid/app")
SCRIPT = """
import os
import resource
import sys
from boxship import Client
from boxship.errors import BoxshipError
at, ways, rooms = sys.argv[1], sys.argv[2].split(), map(int, sys.argv[3].split())
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)

def listed(name):
    try:
        with Client(memory=None) as client:
            return " ".join(client.tags(name.replace("AT", at)))
    except BoxshipError as error:
        return f"{type(error).__name__}: {error}"

for name in ways:
    listed(name)  # imports what it needs
for room in rooms:
    for name in ways:
        taken = len(os.listdir("/proc/self/fd")) - 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken + room, most))
        said = listed(name)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        print(name, said, sep="\\t")
"""


@pytest.fixture(scope="module")
def said() -> list[tuple[str, str]]:
    """What is listed, and what came of it, in a process that may open ever more."""
    with serving(ScriptedRegistry(tags=["v1"])) as server:
        words = [SCRIPT, server.address, " ".join(WAYS), " ".join(map(str, ROOMS))]
        done = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, timeout=60, check=True)
    return [(name, words) for name, _, words in (line.partition("\t") for line in done.stdout.splitlines())]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not tell how many files are open")
def test_too_many_open_files_are_this_processs_own(said: list[tuple[str, str]]) -> None:
    own = [words for _, words in said if "as many files open as it may (raise the limit (ulimit -n)" in words]
    assert len(own) >= len(WAYS)
    assert {words.partition(":")[0] for words in own} == {"ConnectFailed"}
    settings = [words for _, words in said if words.startswith("InvalidSettings") and "Too many open files" in words]
    healthy = [words for name, words in said if words == "v1" or (words.startswith("NameFailed") and "nobody" in name)]
    assert len(own) + len(settings) + len(healthy) == len(said), said
    assert len(healthy) >= len(WAYS)


def _full(*_: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def test_authorities_that_cannot_be_read_for_want_of_room_are_no_evidence(
    contender: Contender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxship.connect.candidate.Candidate._connected", _full)
    with serving(ScriptedRegistry()) as plain, contender.racing((plain, plain)) as runner:
        with pytest.raises(ConnectFailed, match="ulimit -n"):
            runner.run(Work())
        assert not any(attempt.evidence for attempt in runner.race.attempts)


def test_a_race_without_room_is_an_error_and_no_evidence(contender: Contender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxship.connect.dial.open_socket", _full)
    with serving(ScriptedRegistry()) as plain, contender.racing((plain, plain)) as runner:
        with pytest.raises(ConnectFailed, match="ulimit -n"):
            runner.run(Work())
        assert [attempt.evidence for attempt in runner.race.attempts] == [None, None]
