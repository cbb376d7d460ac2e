"""What must hold of a folder after a crash: what was acknowledged is there, and all can be done again."""

from __future__ import annotations

__all__ = ["complaints"]

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from boxship.server.check import check
from tests.crash.steps import Ask, Step, possible, steps_in
from tests.server.driver import Driver


def _in_process(folder: Path) -> AbstractContextManager[Ask]:
    return Driver(folder, allow_delete=True)


def complaints(
    folder: Path,
    told: Mapping[str, Sequence[int]],
    reopened: Callable[[Path], AbstractContextManager[Ask]] = _in_process,
) -> list[str]:
    """What is wrong with a registry, after a crash, whose groups of repositories were told these statuses before it."""
    found = list(_damage(folder, "after the crash")) if (folder / "registry.db").exists() else []
    with reopened(folder) as registry:
        for group, statuses in told.items():
            found.extend(_differences(registry, possible(steps_in(group), statuses), "after the crash"))
        for group in told:
            found.extend(_repeat(registry, steps_in(group)))
    found.extend(_damage(folder, "repeated"))
    return found


def _repeat(ask: Ask, steps: Sequence[Step]) -> Iterator[str]:
    """Take all steps again, from wherever the crash left them."""
    statuses = [step.take(ask) for step in steps]
    for step, status in zip(steps, statuses, strict=True):
        if status != step.last:
            yield f"repeated: {tuple(step.effect)} got {status}"
    yield from _differences(ask, possible(steps, statuses), "repeated")


def _damage(folder: Path, when: str) -> Iterator[str]:
    return (f"{when}: {finding}" for finding in check(folder, verify=True, grace=0).damage)


def _differences(ask: Ask, expected: Mapping[str, set[bytes | None]], when: str) -> Iterator[str]:
    for path, contents in expected.items():
        reply = ask("GET", path)
        content = reply.body if reply.status == 200 else None
        if reply.status not in (200, 404) or content not in contents:
            yield f"{when}: GET {path} got {reply.status} with {len(reply.body)} bytes"
