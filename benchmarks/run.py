"""`make bench`: boxship beside other programs, or beside bare Python. `run.py NAME…` runs some of it.

A number that counts is a ratio in one run, with what is compared run in turn: machines differ, and are busy. The row
says `at best` where it holds for the fastest runs or for the median, and not for both.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import report
from measure import Row
from programs import missing

import boxship

NAMES = (
    "startup",
    "instructions",
    "blocked",
    "tags",
    "digests",
    "blob",
    "moving",
    "looking",
    "serving",
    "mixed",
    "page",
    "replicas",
    "names",
    "caching",
    "auditing",
    "fleets",
)
PEERS = ("docker-registry", "skopeo", "nginx", "wrk", "valgrind")
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure boxship.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which (default: all): {', '.join(NAMES)}")
    parser.add_argument("--dry", action="store_true", help="write no results")
    parser.add_argument("--again", type=Path, metavar="JSON", help="measure nothing: write the page of kept results")
    chosen = parser.parse_args()
    if chosen.again:
        print("written to", report.write(chosen.again.parent, chosen.again.stem, *report.read(chosen.again)))
        return 0
    unknown = set(chosen.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    # Users have compiled files; a file that was edited a moment ago has none yet.
    compileall.compile_dir(str(Path(boxship.__file__).parent), quiet=2)
    described = report.machine()
    notes = [f"{name} is not installed (`make peers`): the rows that need it are left out" for name in missing(*PEERS)]
    notes += ["crane is not on PATH: the rows beside it are left out"] if missing("crane") else []
    print(*(f"{name}: {value}" for name, value in described.items()), *notes, "", sep="\n")
    sections: dict[str, list[Row]] = {}
    called = _name(chosen.names)  # once: a run may go on past midnight
    for name in chosen.names or NAMES:
        sections[title(name)] = list(measured(name))
        if not chosen.dry:  # each time: all of it takes long
            page = report.write(RESULTS, called, described, sections, notes)
    print("", report.table(row for rows in sections.values() for row in rows), sep="\n")
    if not chosen.dry:
        print("\nwritten to", page)
    return 0


def title(name: str) -> str:
    """What a benchmark says of itself first."""
    words = (import_module(name).__doc__ or name).partition("\n")[0]
    return words.rstrip(".")


def _name(names: list[str]) -> str:
    """What the results are called: those of some benchmarks leave those of all alone."""
    return "-".join((*names, time.strftime("%Y-%m-%d")))


def measured(name: str) -> Iterator[Row]:
    """The rows of one benchmark, which gets a folder of its own for what is large."""
    with tempfile.TemporaryDirectory(prefix=f"boxship-bench-{name}-") as folder:
        for row in import_module(name).run(Path(folder)):
            print(f"{row.name}: {row.measured} ({row.target})", file=sys.stderr, flush=True)
            yield row


if __name__ == "__main__":
    sys.exit(main())
