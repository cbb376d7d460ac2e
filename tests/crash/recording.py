"""One undisturbed run of a task, recorded: what the points are points of."""

from __future__ import annotations

__all__ = ["Recording", "record", "recorded"]

import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests.crash.disk import Disk
from tests.crash.tasks import TASKS
from tests.crash.tracing import Call, read, run


@dataclass(frozen=True, slots=True)
class Recording:
    """The calls of a task, on what there was `before`."""

    task: str
    before: Path
    calls: tuple[Call, ...]

    def disk(self) -> Disk:
        """A disk before the first call."""
        return Disk(self.before)


def record(task: str, crashes: Path) -> Recording:
    """Do the task, and keep its calls in a folder of its name."""
    scope = crashes / task / "recorded"
    scope.mkdir(parents=True)
    TASKS[task].prepare(scope)
    shutil.copytree(scope, crashes / task / "before")
    outcome = run(task, scope, log=crashes / task / "strace.log")
    assert (outcome.status, outcome.told) == (0, TASKS[task].expected), outcome.errors
    return recorded(task, crashes)


@lru_cache
def recorded(task: str, crashes: Path) -> Recording:
    """What `record` has kept."""
    folder = crashes / task
    return Recording(task, folder / "before", read(folder / "strace.log", folder / "recorded"))
