"""A host `reg.test` whose ports are what a row says, and the `boxship` program run against it.

Two stages can set a scene: loopback, without root, where `--resolve` maps the host's ports to free ones; and network
namespaces, where the ports are real and packets are really dropped (`Namespaced`, `OnLoopback`).
"""

from __future__ import annotations

__all__ = ["HOST", "Played", "Scene", "Stage", "environment", "in_time", "limit"]

import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.behaviour.ports import PASSWORD, USER
from tests.behaviour.record import Asked, asked
from tests.cli.running import boxship

HOST = "reg.test"
_HOSTS = (HOST, f"{HOST}:5000", "10.99.0.1")
STARTS = 3  # with modules that `version` does not import, and a server that works at the same time
_PROGRAM = str(Path(sys.executable).with_name("boxship"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a run of `boxship` ended, and how long it took."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def tags(self) -> list[str]:
        """What was listed."""
        return self.stdout.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What `reg.test` is for now: how a program gets there, where its ports are dialled, and the files they write."""

    prefix: tuple[str, ...] = ()
    namespace: str = ""  # where commands are forked off; elsewhere they start
    program: tuple[str, ...] = (_PROGRAM,)
    options: tuple[str, ...] = ()
    dialled: Mapping[int, str]
    records: Mapping[int, str]
    folder: Path

    @property
    def root(self) -> Path:
        """The authority of every certificate, which nobody trusts."""
        return self.folder / "root.pem"

    def asked(self, port: int) -> tuple[Asked, ...]:
        """What one of the ports has been asked so far, in order."""
        return asked(self.folder / self.records[port])

    @property
    def trace(self) -> Path:
        """Where the next run may write its trace (`--trace`)."""
        return self.folder / "trace.jsonl"

    def dialled_at(self, port: int) -> float:
        """When the run that wrote the trace first dialled the port."""
        events = map(json.loads, self.trace.read_text("utf-8").splitlines())
        start = ("ConnectStart", f"tcp {self.dialled[port]}")
        # Who told the address may stand behind it.
        return next(float(e["at"]) for e in events if (e["name"], e["text"].partition(" (")[0]) == start)

    def command(self, verb: str, *words: str) -> list[str]:
        """The command that runs `boxship` there."""
        return [*self.prefix, *self.program, verb, *self.options, *words]

    def boxship(
        self, verb: str, *words: str, timeout: float = 30.0, variables: Mapping[str, str] | None = None
    ) -> Played:
        """Run `boxship`, with the host's credentials in docker's settings, and wait for its end.

        It remembers nothing of other runs, unless the `variables` say where a cache is kept (`XDG_CACHE_HOME`).
        """
        begun = time.monotonic()
        if self.namespace:
            told = self.variables(variables or {})
            ended = boxship(verb, *self.options, *words, env=told, namespace=self.namespace)
            seconds = time.monotonic() - begun
            return Played(status=ended.status, stdout=ended.output, stderr=ended.errors, seconds=seconds)
        done = subprocess.run(
            self.command(verb, *words),
            env=environment(self.folder) | dict(variables or {}),
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        seconds = time.monotonic() - begun
        return Played(status=done.returncode, stdout=done.stdout, stderr=done.stderr, seconds=seconds)

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Those of a user, and these, for a command that has the tests' own: what leads elsewhere is overruled."""
        its = environment(self.folder)
        own = {f"XDG_{kind.upper()}_HOME": f"{its['HOME']}/{kind}" for kind in ("config", "cache", "data", "state")}
        return {**its, **own, **more}

    @contextmanager
    def started(self, verb: str, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """`boxship` while it runs, and the file with what it says."""
        said = Path(tempfile.mkdtemp(dir=self.folder)) / "said"
        with said.open("wb") as output:
            process = subprocess.Popen(
                self.command(verb, *words),
                env=environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield process, said
        finally:
            process.kill()
            process.wait()


class Stage(Protocol):
    """Sets scenes."""

    def scene(self, ports: Mapping[int, str], *, holes: Sequence[str] = ()) -> AbstractContextManager[Scene]:
        """`reg.test` with these ports, for the time of a block; 443 of the hosts `holes` swallows every packet."""


def environment(folder: Path) -> dict[str, str]:
    """A user's environment: credentials for the hosts in docker's settings, an empty cache, and nothing else."""
    home = Path(tempfile.mkdtemp(dir=folder))
    (home / ".docker").mkdir()
    login = {"auth": b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": dict.fromkeys(_HOSTS, login)}))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTHON"))}
    return {**kept, "HOME": str(home)}


def limit(seconds: float) -> float:
    """What may be measured where so much is promised: programs start, and machines have other work."""
    return seconds + (0.3 if seconds < 1 else 2.0)


def in_time(seconds: float, run: Callable[[], Played], *, tries: int = 4) -> Played:
    """The first run that is within `limit(seconds)`; where programs start slowly now, within what that explains."""
    for _ in range(tries):
        played = run()
        if played.seconds <= limit(seconds) or played.seconds <= seconds + STARTS * _start():
            return played
    raise AssertionError(f"{played.seconds:.2f} s, where {seconds:g} s are promised:\n{played.stderr}")


def _start() -> float:
    """How long the program takes to say its version: under 0.1 s, where the machine has nothing else to do."""
    begun = time.monotonic()
    subprocess.run([_PROGRAM, "version"], capture_output=True, check=True)
    return time.monotonic() - begun
