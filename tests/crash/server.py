"""The whole server, as people run it: two clients push at once, over HTTP, while strace(1) kills it or fails its calls.

strace is attached when the server serves, and counts the calls of each thread by itself; threads share the work as it
comes. So a point does not strike at the same moment in each run, and whether it struck is looked at.
"""

from __future__ import annotations

__all__ = ["STRUCK_SERVERS", "STRUCK_WORKERS"]

import http.client
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.crash.steps import Ask, steps_in
from tests.crash.verdict import complaints
from tests.peers.process import running
from tests.server.driver import Reply

_GROUPS = ("team", "crew")
_LONGEST = 30.0  # seconds for one thing to come about
_SERVING = re.compile(r"^serving http://(\S+)$", re.MULTILINE)

Found = TypeVar("Found")
Told = Mapping[str, list[int]]  # by group of repositories


@dataclass(frozen=True, slots=True)
class _Struck:
    """A call of the server's, or of its first worker's, that is killed or fails while two clients push."""

    injection: str
    workers: int = 1

    def attempt(self, scope: Path, crashes: Path) -> list[str]:
        folder = scope / "registry"
        with _server(folder, self.workers) as (process, address):
            pid = process.pid if self.workers == 1 else _children(process.pid)[0]
            with _tracing(pid, self.injection, scope / "strace.log") as trace:
                told = _push_at_once(address)
            found = [] if self._struck(trace.read_text()) else ["it did not strike"]
            found += self._survival(process, address, told)
        return found + complaints(folder, [(steps_in(group), told[group]) for group in _GROUPS], _reopened)

    @property
    def _kills(self) -> bool:
        return "signal=KILL" in self.injection

    def _struck(self, trace: str) -> bool:
        return ("+++ killed by SIGKILL +++" if self._kills else "(INJECTED)") in trace

    def _survival(self, process: subprocess.Popen[bytes], address: str, told: Told) -> Iterator[str]:
        """What is wrong with what is left of the server."""
        if self._kills and self.workers == 1:
            return
        statuses = [status for group in told.values() for status in group]
        if len(statuses) < sum(len(steps_in(group)) for group in told):
            yield f"it did not serve on: {told}"
        if not self._kills and 0 in statuses:
            yield f"a failure was not answered: {told}"
        process.terminate()
        if process.wait(_LONGEST):
            yield f"it ended with {process.returncode}"


def _push_at_once(address: str) -> Told:
    with ThreadPoolExecutor(len(_GROUPS)) as pool:
        return dict(zip(_GROUPS, pool.map(lambda group: _push(_asking(address), group), _GROUPS), strict=True))


def _push(ask: Ask, group: str) -> list[int]:
    """Take all steps, while anybody listens; how each was answered, and 0 where it was not."""
    statuses = []
    for step in steps_in(group):
        try:
            statuses.append(step.take(ask))
        except ConnectionRefusedError:
            break
        except (OSError, http.client.HTTPException):
            statuses.append(0)
    return statuses


def _asking(address: str) -> Ask:
    def ask(method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        # One connection a request: then each worker gets its share.
        connection = http.client.HTTPConnection(address, timeout=_LONGEST)
        try:
            connection.request(method, target, body, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    return ask


@contextmanager
def _reopened(folder: Path) -> Iterator[Ask]:
    with _server(folder) as (_, address):
        yield _asking(address)


@contextmanager
def _server(folder: Path, workers: int = 1) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server, and its address."""
    options = ("--address", "127.0.0.1:0", "--disk", str(folder), "--allow-delete", "--workers", str(workers))
    log = folder.with_suffix(f".{time.monotonic_ns()}.log")
    with running([sys.executable, "-m", "boxship.server", *options], log=log) as process:
        serving = _eventually(lambda: _SERVING.search(log.read_text()), log)
        yield process, serving[1]


@contextmanager
def _tracing(pid: int, injection: str, log: Path) -> Iterator[Path]:
    """Attach strace to a process and all of its threads; the file with what it saw."""
    said = log.with_suffix(".said")
    call = injection.partition(":")[0]
    command = ["strace", "-f", "-p", str(pid), "-o", str(log), "-e", f"trace={call}", "-e", f"inject={injection}"]
    with running(command, log=said):
        _eventually(lambda: " attached" in said.read_text(), said)
        yield log


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _eventually(look: Callable[[], Found | None], log: Path) -> Found:
    """What `look` finds, as soon as it finds anything."""
    until = time.monotonic() + _LONGEST
    while not (found := look()):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.01)
    return found


_KILLED = (
    *("openat:when=2", "openat:when=5", "pwrite64:when=1", "pwrite64:when=3", "pwrite64:when=40"),
    *("ftruncate:when=1", "ftruncate:when=3", "fsync:when=1", "fsync:when=4", "fchmod:when=1", "fchmod:when=2"),
    *("rename:when=1", "rename:when=3", "fdatasync:when=1", "fdatasync:when=9", "unlink:when=1", "writev:when=9"),
)
_FAILED = (
    *("openat:error=ENOSPC:when=1", "pwrite64:error=ENOSPC:when=1", "pwrite64:error=EIO:when=9"),
    *("ftruncate:error=EIO:when=1", "fsync:error=EIO:when=1", "fsync:error=ENOSPC:when=2"),
    *("fchmod:error=EIO:when=1", "rename:error=ENOSPC:when=1", "rename:error=EIO:when=2"),
    *("fdatasync:error=EIO:when=4",),
)
_WORKER = ("pwrite64:when=9", "fsync:when=1", "rename:when=1", "fdatasync:when=3", "fchmod:when=1")


def _kill(call: str) -> str:
    name, _, when = call.partition(":")
    return f"{name}:signal=KILL:{when}"


STRUCK_SERVERS = tuple(_Struck(injection) for injection in (*map(_kill, _KILLED), *_FAILED))
STRUCK_WORKERS = tuple(_Struck(injection, workers=2) for injection in map(_kill, _WORKER))
