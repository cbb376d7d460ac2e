"""What a command has the processor do, counted by valgrind: the same on a busy machine and on an idle one.

Only instructions of the programs themselves are counted, not the system's; threads of others' programs do now more, now
less, so that theirs have a spread.
"""

from __future__ import annotations

__all__ = ["counted", "row", "run"]

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from measure import BARE, BOXSHIP, IMPORTS, Row, Sides, environment, verdict
from programs import askers, missing

from boxship.testing import put_image, registry

_ROUNDS = 2
# Blocks of instructions are counted by it, of every thread; the tool that also simulates calls loses its way in Go.
_VALGRIND = ("valgrind", "--tool=exp-bbv", "--bb-out-file=/dev/null")
_COUNTED = re.compile(r"Total instructions: (\d+)")
_IMPORTS = "Python's imports"
_MOST = 2.0
_PATIENCE = 120.0


def run(folder: Path) -> Iterator[Row]:
    """The rows of what is counted: the commands that end so soon that their times say how busy the machine was."""
    if missing("valgrind"):
        return
    with registry(folder) as running:
        put_image(running.address, "app", "v1")
        repository = f"{running.address}/app"
        image, others = f"{repository}:v1", askers(repository, "v1")
        least = _counts({_IMPORTS: IMPORTS, "bare Python": BARE})
        works = {
            "ls": ("listing one tag", [repository]),
            "digest": ("the digest of a tag", [image]),
            "manifest": ("a manifest", [image]),
            "config": ("a configuration", [image]),
            "tag": ("one more tag for an image", [image, "more"]),
            "ping": ("whether a registry answers", [running.address]),
        }
        for verb, (what, words) in works.items():
            ours = _counts({"boxship": [BOXSHIP, verb, *words]})
            yield row(verb, what, {**ours, **least, **_counts(others.get(verb, {}))})


def row(verb: str, what: str, counts: Mapping[str, Sequence[float]]) -> Row:
    """The row of a verb: what boxship comes to, over what Python imports for any such program, beside the others."""
    least = median(counts[_IMPORTS])
    low, middle, high = (of(counts["boxship"]) / least for of in (min, median, max))
    told = ", ".join(f"{name} {median(each) / 1e6:,.0f} M" for name, each in counts.items())
    return Row(
        name=f"instructions of `boxship {verb}`, {what}, over Python's imports ({told})",
        target=f"<= {_MOST:g} x",
        measured=f"{middle:.2f} x",
        spread=f"{low:.2f}-{high:.2f}, {len(counts['boxship'])} rounds",
        holds=verdict(middle <= _MOST, middle <= _MOST),
        sides=Sides(work=f"instructions of {what}", values=counts, unit="instructions"),
    )


def _counts(commands: Mapping[str, Sequence[str]]) -> dict[str, list[float]]:
    return {name: [counted(argv) for _ in range(_ROUNDS)] for name, argv in commands.items()}


def counted(argv: Sequence[str]) -> float:
    """The instructions of all the threads of a run; Python's hashes are the same each time."""
    said = subprocess.run(
        [*_VALGRIND, *argv],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), "PYTHONHASHSEED": "0"},
        timeout=_PATIENCE,
        check=True,
    ).stderr
    return float(sum(map(int, _COUNTED.findall(said))))
