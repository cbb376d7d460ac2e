"""Rows proved at a stage: played, judged, and played again by themselves where a busy machine may have been in the way.

What must never be said counts in every run; how long it took, in the best of a few.
"""

from __future__ import annotations

__all__ = ["Proof", "prove", "simulate"]

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from tests.matrix import simulated
from tests.matrix.lab import Way, play
from tests.matrix.result import Complaint, Result, judge
from tests.matrix.row import Row, Stage
from tests.matrix.rows import ROWS

TRIES = 4
PATIENCE = 60.0  # seconds after which nothing is played again
LABS = 2  # at a time: what is waited for is the network, most of the time


@dataclass(frozen=True, slots=True)
class Proof:
    """The last result of a row at a stage, and what is wrong with it, or has been with one before."""

    row: Row
    result: Result
    complaints: tuple[Complaint, ...]


@cache
def simulate(name: str) -> Proof:
    """The row on the simulated clock."""
    row = ROWS[name]
    result = simulated.play(row)
    return Proof(row, result, judge(row, result, None))


def prove(rows: Iterable[Row], stage: Stage, materials: Path, way: Way = "blocking") -> Mapping[str, Proof]:
    """The rows at a stage that is real."""
    proofs: dict[str, Proof] = {}
    wanted = list(rows)
    until = time.monotonic() + PATIENCE
    for _ in range(TRIES):
        for row, result in _play(wanted, partial(play, stage=stage, materials=materials, way=way)):
            proofs[row.name] = _proof(row, result, proofs.get(row.name))
        wanted = [proof.row for proof in proofs.values() if proof.complaints]
        if not wanted or time.monotonic() > until:
            break
    return proofs


def _play(rows: Sequence[Row], play: partial[tuple[Result, ...]]) -> list[tuple[Row, Result]]:
    parts = [part for number in range(LABS) if (part := rows[number::LABS])]
    with ThreadPoolExecutor(LABS) as pool:
        played = pool.map(play, parts)
        return [pair for part, results in zip(parts, played, strict=True) for pair in zip(part, results, strict=True)]


def _proof(row: Row, result: Result, before: Proof | None) -> Proof:
    expected = simulate(row.name).result if Stage.SIMULATED in row.stages else None
    final = tuple(complaint for complaint in (before.complaints if before else ()) if complaint.final)
    return Proof(row, result, tuple(dict.fromkeys((*final, *judge(row, result, expected)))))
