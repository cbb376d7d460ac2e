"""`boxship registry serve` as others' programs meet it: as a process, with an access log that says what they asked."""

from __future__ import annotations

__all__ = ["Asked", "Server", "boxship", "boxship_registry"]

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from boxship.server.registry import Registry, Settings
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.sweep import sweep
from tests.cli.ready_registry import Forked, ending
from tests.cli.running import forks, ready
from tests.peers.machine import Machine, said
from tests.peers.process import NotListening, running

START = 15.0  # seconds that it may take to serve
TWO_DAYS = 2 * 24 * 3600.0  # what sessions, grace and the trash are over after


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the access log."""

    method: str
    path: str
    query: str
    status: int
    agent: str


@dataclass(frozen=True, slots=True)
class Server:
    """A registry that runs; `address` is where, from where it was started."""

    address: str
    folder: Path
    log: Path
    pid: int
    machine: Machine | None = None

    def asked(self, repository: str = "") -> list[Asked]:
        """Everything that was asked so far, or what was asked of one repository."""
        entries = [json.loads(line) for line in self._finished_log().splitlines() if line.startswith("{")]
        asked = [Asked(e["method"], e["path"], e["query"], e["status"], e["agent"]) for e in entries]
        return [each for each in asked if each.path.startswith(f"/v2/{repository}/" if repository else "/v2/")]

    def _finished_log(self) -> str:
        # The log is written beside the answers: a request of our own is behind all that were answered before it.
        mark = f"mark-{uuid4()}"
        self.http("GET", "/livez", **{"User-Agent": mark})
        while mark not in (text := self.log.read_text()):
            time.sleep(0.005)
        return text

    def http(self, method: str, path: str, **headers: str) -> tuple[dict[str, str], str]:
        """Return an answer's headers and its body; any status but 2xx is an error."""
        url = f"http://{self.address}{path}"
        if self.machine:
            given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
            form = ["--head"] if method == "HEAD" else ["-i", "-X", method]
            head, _, body = self.machine.run("curl", "-sSf", *form, *given, url).partition("\n\n")
            lines = (line.partition(": ") for line in head.splitlines())
            return {name.lower(): value for name, _, value in lines}, body
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers, method=method), timeout=10) as answer:
            return {name.lower(): value for name, value in answer.headers.items()}, answer.read().decode()

    def digest(self, repository: str, tag: str) -> str:
        """The digest that a tag has."""
        return self.http("HEAD", f"/v2/{repository}/manifests/{tag}")[0]["docker-content-digest"]

    def platforms(self, repository: str, tag: str) -> dict[str, str]:
        """The digests in an index, by their architectures."""
        index = json.loads(self.http("GET", f"/v2/{repository}/manifests/{tag}")[1])
        return {each["platform"]["architecture"]: each["digest"] for each in index["manifests"]}

    @property
    def uploads(self) -> list[Path]:
        """The files of what is being uploaded."""
        return [file for file in (self.folder / "uploads").iterdir() if file.is_file()]

    def sweep_in_two_days(self) -> None:
        """Sweep as it will be in two days, twice: the second empties the trash of the first."""
        for times in (1, 2):
            later = time.time() + times * TWO_DAYS
            registry = Registry.open(self.folder, Settings(), clock=partial(float, later))
            try:
                asyncio.run(sweep(registry, Policy()))
            finally:
                registry.close()


def boxship(*words: str, stdin: str = "") -> str:
    """Return what the command prints."""
    return said([sys.executable, "-m", "boxship", *words], stdin=stdin)


@contextmanager
def boxship_registry(
    folder: Path, *options: str, address: str = "127.0.0.1:0", inside: Machine | None = None
) -> Iterator[Server]:
    """Serve `folder` while the block runs, on this machine or another."""
    log = folder.with_suffix(f".{uuid4()}.log")
    options = ("--address", address, "--disk", str(folder), "--access-log", "json", *options)
    with _serving(options, log, inside) as process:
        deadline = time.monotonic() + START
        while not (line := _announced(log)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotListening(f"{options!r}:\n{log.read_text()}")
            time.sleep(0.005)
        yield Server(line.partition("://")[2], folder, log, process.pid, inside)


@contextmanager
def _serving(options: Sequence[str], log: Path, inside: Machine | None) -> Iterator[Forked | subprocess.Popen[bytes]]:
    """The process: started on another machine, and forked off on this one, where that is no different."""
    words = ("registry", "serve", *options)
    if inside or not forks(os.environ):
        argv = [sys.executable, "-m", "boxship", *words]
        with running(inside.inside(argv) if inside else argv, log=log) as process:
            yield process
        return
    with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
        streams = (nothing.fileno(), output.fileno(), output.fileno())
        with ending(Forked(ready().begin(words, os.environ, streams, Path.cwd()))) as forked:
            yield forked


def _announced(log: Path) -> str:
    lines = log.read_text().splitlines(keepends=True)
    return next((line.strip() for line in lines if line.startswith("serving ") and line.endswith("\n")), "")
