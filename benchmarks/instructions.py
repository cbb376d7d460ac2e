"""What a command has the processor do, counted by valgrind: the same on a busy machine and on an idle one.

Only instructions of the programs themselves are counted, not the system's; threads of others' programs do now more, now
less, so that theirs have a spread.
"""

from __future__ import annotations

__all__ = ["counted", "run"]

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from measure import BARE, BOXSHIP, IMPORTS, Row, Sides, environment, verdict
from programs import listers, missing

from boxship.testing import put_image, registry

_ROUNDS = 2
# Blocks of instructions are counted by it, of every thread; the tool that also simulates calls loses its way in Go.
_VALGRIND = ("valgrind", "--tool=exp-bbv", "--bb-out-file=/dev/null")
_COUNTED = re.compile(r"Total instructions: (\d+)")
_IMPORTS = "Python's imports"
_PATIENCE = 120.0


def run(folder: Path) -> Iterator[Row]:
    """The rows of what is counted."""
    if missing("valgrind"):
        return
    with registry(folder) as running:
        put_image(running.address, "app", "v1")
        repository = f"{running.address}/app"
        commands = {
            "boxship": [BOXSHIP, "ls", repository],
            _IMPORTS: IMPORTS,
            "bare Python": BARE,
            **listers(repository),
        }
        counts = {name: [counted(argv) for _ in range(_ROUNDS)] for name, argv in commands.items()}
    yield _row(counts)


def _row(counts: Mapping[str, Sequence[float]]) -> Row:
    ours, least = median(counts["boxship"]), median(counts[_IMPORTS])
    ratio = ours / least
    others = ", ".join(f"{name} {median(each) / 1e6:,.0f} M" for name, each in counts.items() if name != "boxship")
    return Row(
        name=f"instructions of `boxship ls` of one tag ({ours / 1e6:,.0f} M; {others}), over those imports",
        target="<= 2 x",
        measured=f"{ratio:.2f} x",
        spread=f"{min(counts['boxship']) / least:.2f}-{max(counts['boxship']) / least:.2f}, {_ROUNDS} rounds",
        holds=verdict(ratio <= 2, ratio <= 2),
        sides=Sides(work="instructions of listing one tag", values=counts, unit="instructions"),
    )


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
