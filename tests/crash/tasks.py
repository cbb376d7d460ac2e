"""What is killed, failed and cut from its power: pushes with their chores, a migration, a backup, its restoring.

Each prepares a folder, says with a number when something is done for good, and judges what is left of the folder.
"""

from __future__ import annotations

__all__ = ["TASKS", "Task"]

import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boxship.errors import BoxshipError
from boxship.server.registry import Registry, Settings
from boxship.server.upkeep.backup import backup
from boxship.server.upkeep.check import check
from boxship.server.upkeep.place import Place
from boxship.server.upkeep.restore import restore
from tests.crash.chores import SPOILT, STEPS, Caretaker, reopened
from tests.crash.steps import Ask, Step
from tests.crash.verdict import complaints
from tests.server.content import digest, image, push_image
from tests.server.driver import Driver
from tests.server.test_migration import LAYER, MANIFEST, write_first

_LAYERS = (b"one" * 100, b"two" * 1000)


@dataclass(frozen=True, slots=True)
class Task:
    """All of it happens in one folder, and the registry is that folder's `registry`.

    Attributes:
        prepare: makes what is there before.
        act: does it; each number is told at once, and acknowledges.
        expected: the numbers, where nothing is in the way.
        judge: what is wrong, after these numbers and whatever came next.
    """

    prepare: Callable[[Path], None]
    act: Callable[[Path], Iterator[int]]
    expected: tuple[int, ...]
    judge: Callable[[Path, Sequence[int]], list[str]]


def _nothing(scope: Path) -> None:
    """A folder is made by whoever comes first."""


def _push(scope: Path) -> Iterator[int]:
    # Opened by the first request, and again by the next where that failed.
    with Driver(scope / "registry", allow_delete=True, lifespan=False) as registry:
        ask = Caretaker(registry)
        for step in STEPS:
            yield _take(step, ask)


def _take(step: Step, ask: Ask) -> int:
    try:
        return step.take(ask)
    except BoxshipError as error:
        sys.stderr.write(f"the folder cannot be had: {error}\n")
        return 0


def _judge_pushes(scope: Path, statuses: Sequence[int]) -> list[str]:
    return complaints(scope / "registry", [(STEPS, statuses)], reopened, spoilt=digest(SPOILT))


def _migrate(scope: Path) -> Iterator[int]:
    Registry.open(scope / "registry", Settings()).close()
    yield 200


def _judge_migration(scope: Path, _: Sequence[int]) -> list[str]:
    folder = scope / "registry"
    with Driver(folder) as registry:
        found = list(_misses(registry, MANIFEST, LAYER))
        ended = registry("PUT", f"/v2/team/app/blobs/uploads/9e1b?digest={digest(b'begun')}").status
        found += [] if ended == 201 else [f"an upload was ended with {ended}"]
        push_image(registry, "team/app", "v2", layer=b"new")
    return found + [str(finding) for finding in check(folder, verify=True, grace=0).findings]


def _push_two(scope: Path) -> None:
    with Driver(scope / "registry") as registry:
        for layer in _LAYERS:
            push_image(registry, "team/app", "v1", layer=layer)


def _backup(scope: Path) -> Iterator[int]:
    backup(Place(scope / "registry"), scope / "backup")
    yield 200


def _push_and_backup(scope: Path) -> None:
    _push_two(scope)
    backup(Place(scope / "registry"), scope / "backup")


def _restore(scope: Path) -> Iterator[int]:
    restore(scope / "backup", Place(scope / "restored"))
    yield 200


def _judge_copy(name: str, act: Callable[[Path], Iterator[int]]) -> Callable[[Path, Sequence[int]], list[str]]:
    """A copy is there whole or not at all, what it is a copy of is whole, and it can be made again."""

    def judge(scope: Path, statuses: Sequence[int]) -> list[str]:
        found = _faults(scope / "registry")
        if (scope / name).exists():
            return found + _faults(scope / name)
        list(act(scope))
        return found + (["it was done and is not there"] if statuses else []) + _faults(scope / name)

    return judge


def _faults(folder: Path) -> list[str]:
    """What is wrong with a registry with both images."""
    try:
        found = [f"{folder.name}: {finding}" for finding in check(folder, verify=True, grace=0).findings]
        with Driver(folder) as registry:
            return found + [f"{folder.name}: {each}" for each in _misses(registry, image(_LAYERS[1]), *_LAYERS)]
    except (BoxshipError, sqlite3.Error, AssertionError) as error:
        return [f"{folder.name}: {error}"]


def _misses(registry: Driver, manifest: bytes, *layers: bytes) -> Iterator[str]:
    wanted = {"manifests/v1": manifest, **{f"blobs/{digest(layer)}": layer for layer in (b"{}", *layers)}}
    for path, content in wanted.items():
        reply = registry("GET", f"/v2/team/app/{path}")
        if reply.body != content:
            yield f"GET {path} got {reply.status}"


TASKS: Mapping[str, Task] = {
    "push": Task(_nothing, _push, tuple(step.last for step in STEPS), _judge_pushes),
    "migrate": Task(lambda scope: write_first(scope / "registry"), _migrate, (200,), _judge_migration),
    "backup": Task(_push_two, _backup, (200,), _judge_copy("backup", _backup)),
    "restore": Task(_push_and_backup, _restore, (200,), _judge_copy("restored", _restore)),
}
