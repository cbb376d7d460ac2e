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
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Protocol, TypeVar

from tests.crash.disk import KEEPERS, Disk, leave
from tests.crash.steps import steps_in
from tests.crash.tracing import Call, Outcome, push, read
from tests.crash.verdict import complaints

GROUP = "team"
ALL = "all"
# How many points are tried, of all kinds together; .ci/run says `all`.
ASKED = os.environ.get("CRASH_POINTS", "50")

_KILLED = ["openat", "write", "pwrite64", "rename", "link", "unlink", "fsync", "fdatasync", "ftruncate", "fchmod"]
_FAILED = ["openat", "write", "pwrite64", "rename", "fsync", "fdatasync", "ftruncate"]
_REFUSING = {"EIO": 500, "ENOSPC": 507}  # how a request is answered that met the error


Kind = TypeVar("Kind")


class Point(Protocol):
    """One way for things to go wrong."""

    def attempt(self, scope: Path, log: Path) -> list[str]:
        """What is wrong with the registry in the folder `scope` after it."""


@dataclass(frozen=True, slots=True)
class _Killed:
    """The process ends before the call is made."""

    name: str
    number: int

    def attempt(self, scope: Path, log: Path) -> list[str]:
        folder = scope / "registry"
        outcome = push(folder, f"{self.name}:signal=KILL:when={self.number}")
        unharmed = [] if outcome.status == -signal.SIGKILL else [f"it ended with {outcome.status}: {outcome.errors}"]
        return unharmed + complaints(folder, {GROUP: outcome.statuses})


@dataclass(frozen=True, slots=True)
class _Failed:
    """The call fails, once."""

    name: str
    number: int
    error: str
    path: str

    def attempt(self, scope: Path, log: Path) -> list[str]:
        folder = scope / "registry"
        outcome = push(folder, f"{self.name}:error={self.error}:when={self.number}")
        return [*self._answers(outcome), *complaints(folder, {GROUP: outcome.statuses})]

    def _answers(self, outcome: Outcome) -> Iterator[str]:
        """Every request has an answer, and the disk's failure its own."""
        if outcome.status or len(outcome.statuses) != len(steps_in(GROUP)):
            yield f"it ended with {outcome.status}: {outcome.errors}"
        # SQLite does not always say which error it met.
        allowed = (500, 507) if "registry.db" in self.path else (_REFUSING[self.error],)
        odd = [status for status in outcome.statuses if status >= 500 and status not in allowed]
        if odd:
            yield f"{self.error} was answered with {odd}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The power fails after so many calls, and the disk keeps what it pleases of what was not made durable."""

    calls: int
    last: str
    kept: str

    @property
    def seed(self) -> str:
        return f"{self.calls} {self.kept}"

    def attempt(self, scope: Path, log: Path) -> list[str]:
        done = _recorded(log, scope.parent)[: self.calls]
        leave(done, scope, KEEPERS[self.kept], self.seed)
        acknowledged = sum(call.name == "writev" for call in done)
        return complaints(scope / "registry", {GROUP: [step.last for step in steps_in(GROUP)][:acknowledged]})


@lru_cache(maxsize=1)
def _recorded(log: Path, scopes: Path) -> tuple[Call, ...]:
    return read(log, scopes / "recorded")


def killing(calls: Sequence[Call]) -> list[Point]:
    """Every call of the registry's that changes what a disk holds."""
    return [_Killed(call.name, call.number) for call in calls if call.name in _KILLED and call.changes]


def failing(calls: Sequence[Call]) -> list[Point]:
    """The same, failed with each error; of SQLite's many writes to its log, some."""
    chosen = [
        call for call in calls if call.name in _FAILED and call.changes and not (_is_log(call) and call.number % 8)
    ]
    return [_Failed(call.name, call.number, error, call.paths[0]) for call in chosen for error in _REFUSING]


def forgetting(calls: Sequence[Call]) -> list[Forgotten]:
    """After every call that changes something, with each way to forget; of the many folders made at first, some."""
    return [
        Forgotten(number, str(call), kept)
        for number, call in enumerate(calls, 1)
        if call.changes and (call.name != "mkdir" or number % 50 == 0)
        for kept in KEEPERS
    ]


def distinct(points: Sequence[Forgotten], calls: Sequence[Call]) -> list[Forgotten]:
    """Of points after which the same is left of the disk, and the same was acknowledged, one."""
    wanted: dict[int, list[Forgotten]] = {}
    for point in points:
        wanted.setdefault(point.calls, []).append(point)
    found: dict[tuple[int, bytes], Forgotten] = {}
    disk, acknowledged = Disk(), 0
    for number, call in enumerate(calls, 1):
        disk.do(call)
        acknowledged += call.name == "writev"
        for point in wanted.get(number, ()):
            left = sorted(disk.after_power_loss(KEEPERS[point.kept], point.seed).items())
            found.setdefault((acknowledged, hashlib.sha256(repr(left).encode()).digest()), point)
    return list(found.values())


def _is_log(call: Call) -> bool:
    return call.name == "pwrite64" and call.paths[0].endswith("registry.db-wal")


def sample(points: Sequence[Kind], share: int) -> list[Kind]:
    """All points, or some of them that change from day to day: `share` of fifty."""
    if ASKED == ALL:
        return list(points)
    random = Random(dt.datetime.now(dt.UTC).date().isoformat())
    return random.sample(points, min(len(points), max(1, int(ASKED) * share // 50)))


def try_all(points: Sequence[Point], scopes: Path, log: Path) -> dict[str, list[str]]:
    """What was wrong at which point."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=context) as pool:
        jobs = [pool.submit(_try, point, scopes / f"point-{number}", log) for number, point in enumerate(points)]
        found = {str(point): job.result() for point, job in zip(points, jobs, strict=True)}
    return {point: wrong for point, wrong in found.items() if wrong}


def _try(point: Point, scope: Path, log: Path) -> list[str]:
    scope.mkdir()
    found = point.attempt(scope, log)
    shutil.rmtree(scope)
    return found
