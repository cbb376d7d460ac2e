"""Where things go wrong: each call of a recorded run, killed, failed, or the last one that the disk saw.

Each point is tried by itself, in a process of a pool; its answer is what is wrong then.
"""

from __future__ import annotations

__all__ = ["Point", "distinct", "failing", "forgetting", "killing", "sample", "try_all"]

import datetime as dt
import hashlib
import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol, TypeVar

from tests.crash.disk import KEEPERS, write
from tests.crash.recording import Recording, recorded
from tests.crash.tasks import TASKS
from tests.crash.tracing import Call, Outcome, run

ALL = "all"
# How many points are tried, of all kinds together; .ci/run says `all`.
ASKED = os.environ.get("CRASH_POINTS", "50")

_KILLED = ["openat", "write", "pwrite64", "rename", "linkat", "unlink", "fsync", "fdatasync", "ftruncate", "fchmod"]
_FAILED = ["openat", "write", "pwrite64", "rename", "fsync", "fdatasync", "ftruncate"]
_REFUSING = {"EIO": 500, "ENOSPC": 507}  # how a request is answered that met the error


Kind = TypeVar("Kind")


class Point(Protocol):
    """One way for things to go wrong."""

    def attempt(self, scope: Path, crashes: Path) -> list[str]:
        """What is wrong in the new folder `scope` after it; recordings are in `crashes`."""


@dataclass(frozen=True, slots=True)
class _Killed:
    """The process ends before the call is made."""

    task: str
    name: str
    number: int

    def attempt(self, scope: Path, crashes: Path) -> list[str]:
        task = TASKS[self.task]
        task.prepare(scope)
        outcome = run(self.task, scope, f"{self.name}:signal=KILL:when={self.number}")
        unharmed = [] if outcome.status == -signal.SIGKILL else [f"it ended with {outcome.status}: {outcome.errors}"]
        return unharmed + task.judge(scope, outcome.told)


@dataclass(frozen=True, slots=True)
class _Failed:
    """The call fails, once, of those that requests lead to."""

    name: str
    number: int
    error: str
    path: str

    def attempt(self, scope: Path, crashes: Path) -> list[str]:
        outcome = run("push", scope, f"{self.name}:error={self.error}:when={self.number}")
        return [*self._answers(outcome), *TASKS["push"].judge(scope, outcome.told)]

    def _answers(self, outcome: Outcome) -> Iterator[str]:
        """Every request has an answer, and the disk's failure its own."""
        if outcome.status or len(outcome.told) != len(TASKS["push"].expected):
            yield f"it ended with {outcome.status}: {outcome.errors}"
        # SQLite does not always say which error it met.
        allowed = (500, 507) if "registry.db" in self.path else (_REFUSING[self.error],)
        odd = [status for status in outcome.told if status >= 500 and status not in allowed]
        if odd:
            yield f"{self.error} was answered with {odd}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The power fails after so many calls, and the disk keeps what it pleases of what was not made durable."""

    task: str
    calls: int
    last: str
    kept: str

    @property
    def seed(self) -> str:
        return f"{self.calls} {self.kept}"

    def attempt(self, scope: Path, crashes: Path) -> list[str]:
        recording = recorded(self.task, crashes)
        done = recording.calls[: self.calls]
        disk = recording.disk()
        for call in done:
            disk.do(call)
        write(disk.after_power_loss(KEEPERS[self.kept], self.seed), scope)
        task = TASKS[self.task]
        return task.judge(scope, task.expected[: sum(call.name == "writev" for call in done)])


def killing(recording: Recording) -> list[Point]:
    """Every call that changes what a disk holds."""
    chosen = [call for call in recording.calls if call.name in _KILLED and call.changes]
    return [_Killed(recording.task, call.name, call.number) for call in chosen]


def failing(recording: Recording) -> list[Point]:
    """The same, failed with each error; of SQLite's many writes to its log, some."""
    chosen = [
        call
        for call in recording.calls
        if call.name in _FAILED and call.changes and not (_is_log(call) and call.number % 8)
    ]
    return [_Failed(call.name, call.number, error, call.paths[0]) for call in chosen for error in _REFUSING]


def forgetting(recording: Recording) -> list[Forgotten]:
    """After every call that changes something or acknowledges, with each way to forget."""
    return [
        Forgotten(recording.task, number, str(call), kept)
        for number, call in enumerate(recording.calls, 1)
        if call.changes or call.name == "writev"
        for kept in KEEPERS
    ]


def distinct(points: Sequence[Forgotten], recording: Recording) -> list[Forgotten]:
    """Of points after which the same is left of the disk, and the same was acknowledged, one."""
    wanted: dict[int, list[Forgotten]] = {}
    for point in points:
        wanted.setdefault(point.calls, []).append(point)
    found: dict[tuple[int, bytes], Forgotten] = {}
    disk, acknowledged = recording.disk(), 0
    for number, call in enumerate(recording.calls, 1):
        disk.do(call)
        acknowledged += call.name == "writev"
        for point in wanted.get(number, ()):
            found.setdefault((acknowledged, _hash(disk.after_power_loss(KEEPERS[point.kept], point.seed))), point)
    return list(found.values())


def _hash(left: Mapping[str, bytes | None]) -> bytes:
    value = hashlib.sha256()
    for path, content in sorted(left.items()):
        value.update(f"{path}\0{-1 if content is None else len(content)}\0".encode())
        value.update(content or b"")
    return value.digest()


def _is_log(call: Call) -> bool:
    return call.name == "pwrite64" and call.paths[0].endswith("registry.db-wal")


def sample(points: Sequence[Kind], share: int) -> list[Kind]:
    """All points, or some of them that change from day to day: `share` of fifty."""
    if ASKED == ALL:
        return list(points)
    random = Random(dt.datetime.now(dt.UTC).date().isoformat())
    return random.sample(points, min(len(points), max(1, int(ASKED) * share // 50)))


def try_all(points: Sequence[Point], crashes: Path) -> dict[str, list[str]]:
    """What was wrong at which point."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=context) as pool:
        jobs = [pool.submit(_try, point, crashes / f"point-{number}", crashes) for number, point in enumerate(points)]
        found = {str(point): job.result() for point, job in zip(points, jobs, strict=True)}
    return {point: wrong for point, wrong in found.items() if wrong}


def _try(point: Point, scope: Path, crashes: Path) -> list[str]:
    scope.mkdir()
    found = point.attempt(scope, crashes)
    shutil.rmtree(scope)
    return found
