"""What `make bench` measured once, of all its sections, a few rounds of each: `recorded.json`.

Of the sections whose rows are made apart from what they measure, it has what was measured; of the others their rows.
"""

from __future__ import annotations

__all__ = ["sections"]

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

import auditing
import cluster
import fleets
import instructions
import looking
from measure import Row, Times
from mirrors import Spent
from report import read
from run import NAMES, title

RECORDED = Path(__file__).with_name("recorded.json")
Rounds: TypeAlias = Mapping[str, list[float]]


def sections() -> dict[str, list[Row]]:
    """The rows of each section of the page, by its title, in the order of the page."""
    _, kept, _ = read(RECORDED)
    measured = json.loads(RECORDED.read_text())["measured"]
    made = {name: list(rows(measured[name])) for name, rows in _ROWS.items()}
    return {title(name): (made | kept)[name] for name in NAMES}


def _instructions(measured: Mapping[str, tuple[str, Rounds]]) -> Iterable[Row]:
    return (instructions.row(verb, what, counts) for verb, (what, counts) in measured.items())


def _looking(measured: Mapping[str, Rounds]) -> Iterable[Row]:
    came = {name: [int(each) for each in every] for name, every in measured["came"].items()}
    return looking.rows(came, _times(measured["times"]))


def _fleets(measured: Mapping[str, Rounds]) -> Iterable[Row]:
    yield from fleets.beside(_times(measured["first"]), _times(measured["again"]))
    copied, unchanged = (_spent(measured[name]) for name in ("copied", "unchanged"))
    found = cluster.Mirrored(0, 33.0, 1.7, {"copied": cluster.MIRRORED}, (2_002, 2_003))
    yield cluster.row(found, copied[cluster.MIRRORED])
    yield from fleets.flat(copied, unchanged)


def _times(measured: Rounds) -> dict[str, Times]:
    return {name: Times(seconds) for name, seconds in measured.items()}


def _spent(measured: Rounds) -> dict[int, Spent]:
    return {int(count): Spent(seconds, cpu, int(peak)) for count, (seconds, cpu, peak) in measured.items()}


_ROWS: Mapping[str, Callable[..., Iterable[Row]]] = {
    "instructions": _instructions,
    "looking": _looking,
    "auditing": auditing.rows,
    "fleets": _fleets,
}
