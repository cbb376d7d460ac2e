"""A `pull` that is killed, or that somebody ends: nothing half stands under a final name, and it goes on by itself."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.formats.memory import Memory
from boxship.formats.opening import source_at
from boxship.formats.place import Kind, Place
from boxship.testing import Answer, Image, Request, ScriptedRegistry, serving
from tests.cli.running import COMMAND, PATIENCE, begin, boxship, contents_below
from tests.formats.stores import copied, file, tar_of

IMAGE = Image.of([os.urandom(4 << 20), os.urandom(100)])
LARGE = str(next(iter(Memory().add_blob(layer, "").digest for layer in IMAGE.layers)))
CAME = 2 << 20
FORMS = ("docker-archive", "oci-archive", "oci", "dir")


class Stalling:
    """A registry that sends the first half of a large layer, and the rest when it is asked for."""

    def __init__(self) -> None:
        self._registry = ScriptedRegistry(image=IMAGE)
        self._lock = threading.Lock()
        self._stalls = True
        self.ranges: list[str] = []

    def stops(self) -> None:
        """It stalls no more."""
        self._stalls = False

    def __call__(self, request: Request) -> Answer:
        answer = self._registry(request)
        if request.method != "GET" or not request.path.endswith(LARGE):
            return answer
        with self._lock:
            self.ranges.append(request.headers.get("range", ""))
            stalls, self._stalls = self._stalls, False
        return replace(answer, stall_after=CAME) if stalls else answer


@pytest.fixture
def registry() -> Iterator[tuple[Stalling, str]]:
    stalling = Stalling()
    with serving(stalling) as server:
        yield stalling, server.address


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def come(folder: Path) -> int:
    """In how many files the large layer has begun."""
    begun = IMAGE.layers[0][1000:1064]
    return sum(begun in content for content in contents_below(folder))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("form", FORMS)
def test_a_pull_that_is_ended_goes_on_when_it_is_run_again(
    registry: tuple[Stalling, str], tmp_path: Path, form: str, how: signal.Signals
) -> None:
    stalling, address = registry
    words = ("pull", "--format", form, f"{address}/app:v1", str(tmp_path / "pulled"))
    with begin(*words) as process:
        until(lambda: come(tmp_path) > 0)
        process.send_signal(how)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, b"Traceback" in errors) == (130 if how is signal.SIGINT else -how, False)
    assert not (tmp_path / "pulled").is_file()
    assert not [path for path in tmp_path.rglob("*") if path.name == LARGE.partition(":")[2]]
    done = boxship(*words)
    assert done.status == 0, done.errors
    first, *rest = stalling.ranges
    assert first == ""
    assert [int(begun) > 0 for asked in rest for begun in re.findall(r"bytes=(\d+)-", asked)] == [True]
    kind = Kind(form)
    name = "" if kind in (Kind.DIR, Kind.OCI) else "app:v1"
    with source_at(Place(kind, tmp_path / "pulled")) as source:
        assert copied(source, name, Memory()).digest == IMAGE.digest
    assert not [path for path in tmp_path.rglob("*") if path.name == ".arriving" or path.name.endswith(".partial")]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("target", ["rootfs.tar", "rootfs/"])
def test_an_export_that_is_ended_ends_at_once_and_leaves_nothing(
    tmp_path: Path, target: str, how: signal.Signals
) -> None:
    image = Image.of([tar_of([file("a", os.urandom(4 << 20))], packed=False)])
    asked = threading.Event()
    whole = ScriptedRegistry(image=image)

    def stalls(request: Request) -> Answer:
        answer = whole(request)
        if "/blobs/" not in request.path:
            return answer
        asked.set()
        return replace(answer, stall_after=CAME)

    with serving(stalls) as server, begin("export", f"{server.address}/app:v1", str(tmp_path / target)) as process:
        assert asked.wait(PATIENCE)
        until(lambda: any(tmp_path.iterdir()))
        process.send_signal(how)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, b"Traceback" in errors) == (130 if how is signal.SIGINT else -how, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("how", "twice"), [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGTERM, 2)])
def test_a_layer_that_was_being_made_goes_with_who_is_ended(tmp_path: Path, how: signal.Signals, twice: int) -> None:
    words = ("append", "-f", "-", "-t", f"oci:{tmp_path}/layout:1")
    kept = tmp_path / "kept"
    kept.mkdir()
    with begin(*words, env={"TMPDIR": str(kept)}) as process:
        assert process.stdin
        process.stdin.write(gzip.compress(os.urandom(1 << 20), 0))
        process.stdin.flush()
        until(lambda: any(contents_below(kept)))
        for _ in range(twice):  # as `timeout` does: to the process, and to its group
            process.send_signal(how)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, b"Traceback" in errors) == (130 if how is signal.SIGINT else -how, False)
    assert list(kept.iterdir()) == []


SMALL_DISK = """
mount -t tmpfs -o size=2m none "$1" && cd "$1" && shift
"$@"
status=$?
ls -A > ../listed
exit $status
"""


@pytest.mark.network
@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_is_told_in_words(registry: tuple[Stalling, str], tmp_path: Path, form: str) -> None:
    stalling, address = registry
    stalling.stops()
    (tmp_path / "disk").mkdir()
    words = [*COMMAND, "pull", "--format", form, f"{address}/app:v1", "pulled"]
    argv = ["unshare", "--mount", "sh", "-c", SMALL_DISK, "sh", str(tmp_path / "disk"), *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert [line for line in lines if line.startswith("boxship: ") and "cannot be written" in line], done.stderr
    assert [line for line in lines if line.startswith("  why: ") and "no space left on device" in line], done.stderr
    assert "  do: make room, and run the same again: it goes on with what has come" in lines
    listed = (tmp_path / "listed").read_text().split()
    assert "pulled" not in listed or form in ("oci", "dir")


@pytest.mark.network
@pytest.mark.parametrize("target", ["rootfs.tar", "rootfs/", "-"])
def test_a_full_disk_is_told_in_words_by_an_export_that_leaves_nothing(tmp_path: Path, target: str) -> None:
    image = Image.of([tar_of([file("a", os.urandom(4 << 20))], packed=False)])
    (tmp_path / "disk").mkdir()
    with serving(ScriptedRegistry(image=image)) as server:
        words = [*COMMAND, "export", f"{server.address}/app:v1", target]
        redirected = ["sh", "-c", '"$@" > ../output', "sh"] if target != "-" else ["sh", "-c", '"$@" > output', "sh"]
        argv = ["unshare", "--mount", "sh", "-c", SMALL_DISK, "sh", str(tmp_path / "disk"), *redirected, *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    lines = done.stderr.splitlines()
    assert done.returncode == 1, done.stderr
    assert [line for line in lines if line.startswith("boxship: ") and "cannot be written" in line], done.stderr
    assert [line for line in lines if line.startswith("  why: ") and "o space left on device" in line], done.stderr
    assert (tmp_path / "listed").read_text().split() == (["output"] if target == "-" else [])


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
@pytest.mark.parametrize(
    "words", [("pull", "AT", "pulled"), ("copy", "AT", "oci:pulled:1"), ("export", "AT", "pulled")]
)
def test_a_file_that_may_not_grow_is_told_in_words(tmp_path: Path, words: tuple[str, ...]) -> None:
    image = Image.of([tar_of([file("a", os.urandom(4 << 20))], packed=False)])
    limited = ("sh", "-c", 'ulimit -f 2048 && exec "$@"', "sh")  # blocks of 512 bytes
    with serving(ScriptedRegistry(image=image)) as server:
        argv = [*limited, *COMMAND, *(f"{server.address}/app:v1" if word == "AT" else word for word in words)]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be written" in done.stderr
    assert "  why: file too large" in done.stderr.lower()
    assert not (tmp_path / "pulled").is_file()
    assert not list(tmp_path.glob("pulled/index.json"))
