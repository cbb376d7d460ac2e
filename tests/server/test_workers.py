"""Several processes serve one folder: whichever is asked, however one ends, and until all are told to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server.plan import Plan
from boxship.server.running.workers import pause
from tests.server.content import digest
from tests.server.running import CONTENT, ask, busy, received, registry


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def children(process: subprocess.Popen[str]) -> set[int]:
    """The processes that a process started, and that have not ended."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(pid) for pid in found if is_alive(int(pid))}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter where it goes while it is read
        return False
    return state != "Z"


@contextmanager
def two(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str, set[int]]]:
    """A registry of two workers."""
    with registry(folder, "--workers", "2", *options) as (process, address):
        eventually(lambda: len(children(process)) == 2)
        yield process, address, children(process)
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def test_whichever_worker_is_asked_knows_what_any_of_them_was_given(tmp_path: Path) -> None:
    def push_and_pull(number: int) -> tuple[int, tuple[int, bytes]]:
        content = CONTENT[:1000] + str(number).encode()
        pushed, _ = ask(address, "POST", f"/v2/app/blobs/uploads/?digest={digest(content)}", content)
        return pushed, ask(address, "GET", f"/v2/app/blobs/{digest(content)}")

    with two(tmp_path) as (process, address, _), ThreadPoolExecutor(4) as pool:
        for number, found in enumerate(pool.map(push_and_pull, range(24))):
            assert found == (201, (200, CONTENT[:1000] + str(number).encode()))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.communicate() == ("", "")


def test_a_worker_that_dies_is_replaced_and_the_others_serve_on(tmp_path: Path) -> None:
    with two(tmp_path) as (process, address, workers):
        died = workers.pop()
        os.kill(died, signal.SIGKILL)
        # The system leaves out a child now and then while another one ends (proc(5)).
        eventually(lambda: workers < children(process) - {died})
        assert {ask(address, "GET", "/v2/")[0] for _ in range(10)} == {200}
        process.terminate()
        _, said = process.communicate(timeout=20)
        assert said == f"worker {died} ended with -9; another is started\n"


def test_a_worker_that_cannot_be_started_again_ends_no_other_and_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, moved = tmp_path / "python", tmp_path / "moved"
    python.symlink_to(Path(sys.executable).resolve())
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setattr(sys, "executable", str(python))
    with two(tmp_path / "registry") as (process, address, workers):
        python.rename(moved)  # as while it is upgraded
        died = workers.pop()
        os.kill(died, signal.SIGKILL)
        eventually(lambda: not is_alive(died))
        time.sleep(1.5)
        assert process.poll() is None
        assert {ask(address, "GET", "/v2/")[0] for _ in range(10)} == {200}
        moved.rename(python)
        eventually(lambda: workers < children(process) - {died})
        process.terminate()
        _, said = process.communicate(timeout=20)
        assert "no worker can be started: " in said


def test_all_of_them_let_requests_finish_when_told_to_stop(tmp_path: Path) -> None:
    with busy(tmp_path, "--workers", "2") as (process, download, upload):
        workers = children(process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(upload.getpeername())
        upload.sendall(b"yz")
        assert received(upload).startswith(b"HTTP/1.1 201 ")
        assert len(received(download)) > len(CONTENT) * 32 - 1000
        assert process.wait(20) == 0
        assert process.communicate() == ("", "")
        assert not any(map(is_alive, workers))


def test_a_second_signal_ends_all_of_them_at_once(tmp_path: Path) -> None:
    with busy(tmp_path, "--workers", "2", "--grace", "60") as (process, _, _):
        workers = children(process)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert not any(map(is_alive, workers))


def test_ctrl_c_in_a_terminal_is_one_signal_although_each_process_gets_it(tmp_path: Path) -> None:
    with busy(tmp_path, "--workers", "2", "--grace", "60") as (process, download, upload):
        for pid in (*children(process), process.pid):
            os.kill(pid, signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        upload.sendall(b"yz")
        assert received(upload).startswith(b"HTTP/1.1 201 ")
        received(download)
        assert process.wait(20) == 0


def test_no_worker_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    with two(tmp_path) as (process, _, workers):
        process.kill()
        process.wait(5)
        eventually(lambda: not any(map(is_alive, workers)))


def test_a_folder_that_cannot_be_had_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AssertionError) as caught, registry(tmp_path / "file", "--workers", "2"):
        pass
    assert str(caught.value).count("error:") == 1


def test_one_that_died_at_once_is_replaced_later() -> None:
    assert (pause(0.1), pause(9.9), pause(10)) == (1, 1, 0)


@pytest.mark.parametrize("number", [0, -1, 65])
def test_there_are_so_many_workers_and_no_more(number: int) -> None:
    with pytest.raises(InvalidSettings, match="--workers"):
        Plan(workers=number)
