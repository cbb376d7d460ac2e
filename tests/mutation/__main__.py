"""How many small wrong changes the tests notice: `python -m tests.mutation --sample connect=170 auth=90`.

Each mutant of the sample meets the tests that run its line. One line of JSON each, and at the end the scores.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.covering import Covering, measure
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trial import Copy

ROOT = Path(__file__).parents[2]
# The modules of a room, the tests near it, and how many of its mutants are tried.
ROOMS = {
    "connect": ("src/boxship/connect/*.py", ["tests/connect"], 170),
    "auth": ("src/boxship/auth/*.py", ["tests/auth"], 90),
    "reference": ("src/boxship/reference.py", ["tests/test_reference.py"], 60),
}
SLACK = 40.0  # seconds that a trial may take longer than its tests did


@dataclass(frozen=True, slots=True)
class Chosen:
    """A mutant of the sample, and where it is."""

    room: str
    module: str
    mutant: Mutant


def sample(folder: Path, sizes: dict[str, int], seed: int) -> list[Chosen]:
    """Mutants of each room, the same for the same seed and source, in no order."""
    chooser, chosen = random.Random(seed), list[Chosen]()
    for room, size in sizes.items():
        paths = sorted(folder.glob(ROOMS[room][0]))
        every = [
            Chosen(room, path.relative_to(folder).as_posix(), mutant)
            for path in paths
            for mutant in mutants(path.read_bytes())
        ]
        chosen += chooser.sample(every, min(size, len(every)))
    chooser.shuffle(chosen)
    return chosen


def trials(project: Copy, chosen: list[Chosen], covering: Covering, most: float) -> Iterator[dict[str, object]]:
    """What became of each mutant; one in a module that no test runs is noticed by none."""
    for one in chosen:
        tests = covering.of(one.module, one.mutant.line, most)
        expected = sum(covering.seconds[test] for test in tests)
        verdict = project.trial(one.module, one.mutant, tests, 3 * expected + SLACK) if tests else None
        yield {
            "room": one.room,
            "module": one.module,
            "line": one.mutant.line,
            "before": one.mutant.before,
            "after": one.mutant.after,
            "killed": bool(verdict and verdict.killed),
            "by": verdict.by if verdict else "",
            "tests": len(tests),
        }


def main() -> None:
    """Measure, try, and say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", nargs="*", default=[], metavar="ROOM=N", help="how many mutants of which room")
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=12, help="most seconds of tests for one mutant")
    given = parser.parse_args()
    wanted = dict(each.split("=") for each in given.sample) or {room: size for room, (_, _, size) in ROOMS.items()}
    sizes = {room: int(size) for room, size in wanted.items()}
    with tempfile.TemporaryDirectory() as scratch:
        project = Copy.of(ROOT, Path(scratch).resolve())
        chosen = sample(project.folder, sizes, given.seed)
        near = [test for room in sizes for test in ROOMS[room][1]]
        covering = measure(project.folder, near, project.environment)
        said = list[dict[str, object]]()
        for one in trials(project, chosen, covering, given.seconds):
            sys.stdout.write(json.dumps(one) + "\n")
            sys.stdout.flush()
            said.append(one)
    killed = Counter(one["room"] for one in said if one["killed"])
    for room, tried in Counter(one["room"] for one in said).items():
        sys.stderr.write(f"{room}: {killed[room]} of {tried} noticed, {killed[room] / tried:.0%}\n")


main()
