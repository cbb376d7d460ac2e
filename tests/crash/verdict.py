"""What must hold of a folder after a crash: what was acknowledged is there, and all can be done again."""

from __future__ import annotations

__all__ = ["complaints"]

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from boxship.server.upkeep.check import check
from tests.crash.steps import Ask, Step, possible


def complaints(
    folder: Path,
    told: Sequence[tuple[Sequence[Step], Sequence[int]]],
    reopened: Callable[[Path], AbstractContextManager[Ask]],
    *,
    spoilt: str = "",
) -> list[str]:
    """What is wrong with a registry, after a crash, whose clients were told these statuses of their steps before it.

    The digest `spoilt` is of a blob that the steps damage.
    """
    damage = _damage(folder, "after the crash") if (folder / "registry.db").exists() else ()
    found = [each for each in damage if not spoilt or spoilt not in each]
    with reopened(folder) as registry:
        for steps, statuses in told:
            found.extend(_differences(registry, possible(steps, statuses), "after the crash"))
        for steps, _ in told:
            found.extend(_repeat(registry, steps))
    found.extend(_damage(folder, "repeated"))
    return found


def _repeat(ask: Ask, steps: Sequence[Step]) -> Iterator[str]:
    """Take all steps again, from wherever the crash left them."""
    statuses = [step.take(ask) for step in steps]
    for step, status in zip(steps, statuses, strict=True):
        if status != step.last:
            yield f"repeated: {step} got {status}"
    yield from _differences(ask, possible(steps, statuses), "repeated")


def _damage(folder: Path, when: str) -> Iterator[str]:
    return (f"{when}: {finding}" for finding in check(folder, verify=True, grace=0).damage)


def _differences(ask: Ask, expected: Mapping[str, set[bytes | None]], when: str) -> Iterator[str]:
    for path, contents in expected.items():
        reply = ask("GET", path)
        content = reply.body if reply.status == 200 else None
        if reply.status not in (200, 404) or content not in contents:
            yield f"{when}: GET {path} got {reply.status} with {len(reply.body)} bytes"
