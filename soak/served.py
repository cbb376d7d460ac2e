"""A registry as a process with two workers: started, stopped, killed and started again at the same address."""

from __future__ import annotations

__all__ = ["Registry", "memory_of", "open_files", "program"]

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.peers.process import DIES_WITH_US

_SERVING = re.compile(r"^serving http://(\S+)$", re.MULTILINE)
_PATIENCE = 60.0  # seconds that a start or an end may take on a busy machine
_OPTIONS = ("--workers", "2", "--allow-delete", "--gc-interval", "0", "--grace", "2", "--reserve", "0")


def program(*words: str) -> list[str]:
    """The command of a program that ends with us, however we end."""
    return [*DIES_WITH_US, sys.executable, "-m", *words]


class Registry:
    """The process, its folder, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder.with_suffix(".log")
        self.address = "127.0.0.1:0"
        self.lives = 0
        self.start()

    def start(self) -> None:
        """Begin to serve, at the address that it had before."""
        self.lives += 1
        begin = self._log.stat().st_size if self._log.exists() else 0
        options = ("--address", self.address, "--disk", str(self.folder), *_OPTIONS)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                program("boxship.server", *options), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + _PATIENCE
        while not (found := _SERVING.search(self._said[begin:])):
            assert self._process.poll() is None, self._said[begin:]
            assert time.monotonic() < until, "it does not begin to serve"
            time.sleep(0.02)
        self.address = found[1]

    def stop(self) -> None:
        """End it as a system does."""
        self._process.terminate()
        status = self._process.wait(_PATIENCE)
        assert status == 0, f"it ended with {status}: {self._said[-2000:]}"

    def kill(self) -> None:
        """End it without a word; its workers end with it."""
        workers = self.processes[1:]
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        until = time.monotonic() + _PATIENCE
        while any(_alive(worker) for worker in workers):
            assert time.monotonic() < until, "workers outlive their master"
            time.sleep(0.02)

    def kill_worker(self) -> None:
        """End one of its workers without a word: it starts another one."""
        if workers := self.processes[1:]:
            os.kill(workers[0], signal.SIGKILL)

    @property
    def processes(self) -> list[int]:
        """The ids of its processes, the first one's first."""
        return [self._process.pid, *_children(self._process.pid)]

    @property
    def memory(self) -> int:
        """Bytes that are resident and nobody's file, of all processes."""
        return sum(memory_of(pid) for pid in self.processes)

    @property
    def _said(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def memory_of(pid: int) -> int:
    """Bytes of a process that are resident and no file's; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def open_files(pid: int) -> Iterator[str]:
    """What a process has open, sockets and pipes by their kind; the registry's database has as many as it needs."""
    try:
        entries = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return
    for entry in entries:
        try:
            name = str(entry.readlink())
        except OSError:
            continue
        if "registry.db" not in name:
            yield name.partition(":")[0].removesuffix(" (deleted)")


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
