"""What an operator's commands do to the folder: sweeps and scrubs, taken as steps beside those of clients."""

from __future__ import annotations

__all__ = ["SPOILT", "STEPS", "Caretaker", "reopened"]

import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from boxship.digest import Digest
from boxship.server.registry import Registry
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.scrub import scrub
from boxship.server.upkeep.sweep import sweep
from tests.crash.steps import LAYERS, Ask, Contents, Step, at_once, blob, deleted, steps_in, unneeded
from tests.server.content import digest
from tests.server.driver import Driver, Reply

SPOILT = b"sound " * 500  # until a disk changes it
_POLICY = Policy(grace=0, wait=0, orphan=0, verify=True)
_LATER = 3600.0  # seconds; the lease of a sweep that was killed is over then


class Caretaker:
    """Asks a registry, and understands the words for chores, too; what fails is answered as requests are."""

    def __init__(self, registry: Driver, *, later: bool = False) -> None:
        self._registry = registry
        self._ahead = _LATER if later else 0

    def __call__(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        if method not in _CHORES:
            return self._registry(method, target, body, headers)
        try:
            self._registry.run(self._do(method, target))
        except FileNotFoundError:
            return Reply(404)  # what was to be spoilt was refused
        except (OSError, sqlite3.Error) as error:
            return Reply(507 if getattr(error, "errno", 0) == errno.ENOSPC else 500)
        return Reply(200)

    async def _do(self, chore: str, target: str) -> None:
        registry = await self._registry.open()
        await _CHORES[chore](replace(registry, clock=lambda: time.time() + self._ahead), target)


async def _sweep(registry: Registry, _: str) -> None:
    await sweep(registry, _POLICY)


async def _scrub(registry: Registry, _: str) -> None:
    await scrub(registry)


async def _spoil(registry: Registry, target: str) -> None:
    """Change a byte of a blob, as a disk does."""
    path = registry.layout.blob(Digest.parse(target))
    path.chmod(0o600)
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.pwrite(descriptor, b"?", 7)
    finally:
        os.close(descriptor)


_CHORES = {"SWEEP": _sweep, "SCRUB": _scrub, "SPOIL": _spoil}


def _chore(method: str, target: str = "") -> Step:
    def requests(ask: Ask) -> Iterator[Reply]:
        yield ask(method, target)

    return Step(requests, {}, 200, endangers=unneeded if method == "SWEEP" else _spoilt)


def _spoilt(found: Contents) -> Iterator[str]:
    return (path for path in found if path.endswith(digest(SPOILT)))


@contextmanager
def reopened(folder: Path) -> Iterator[Caretaker]:
    """The registry after a crash."""
    with Driver(folder, allow_delete=True) as registry:
        yield Caretaker(registry, later=True)


def _steps(group: str) -> tuple[Step, ...]:
    root = f"/v2/{group}/app"
    return (
        *steps_in(group),
        deleted(blob(root, LAYERS[1])),
        _chore("SWEEP"),
        at_once(root, LAYERS[1]),
        at_once(root, SPOILT),
        _chore("SPOIL", digest(SPOILT)),
        _chore("SCRUB"),
        at_once(root, SPOILT),
        _chore("SPOIL", digest(SPOILT)),
        _chore("SWEEP"),
    )


# Those of clients, then chores, and pushes of what these took away.
STEPS = _steps("team")
