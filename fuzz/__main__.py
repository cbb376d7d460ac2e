"""`make fuzz`: each target in turn, an hour in all, and a report. Ends with 1 where a promise is broken.

`make fuzz ARGS='--seconds=60 tar layer'` tries two of them, each for a minute. An input that breaks a promise is put
into `fuzz/found`; mended, it moves into the target's corpus, where the tests try it each time.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from report import grid, keep, machine

from fuzz.targets import TARGETS
from fuzz.trial import Outcome, tried

_HERE = Path(__file__).parent
_HOUR = 3600
_COLUMNS = ("target", "inputs", "branches", "kept", "MiB", "found")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description="Give parsers bytes that they never saw.")
    parser.add_argument("names", nargs="*", metavar="target", help=f"which (default: all): {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, help="for each target (default: an hour for all)")
    parser.add_argument("--dry", action="store_true", help="write no report")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(TARGETS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    targets = [TARGETS[name] for name in chosen.names or TARGETS]
    seconds = chosen.seconds or max(1, _HOUR // len(targets))
    (_HERE / "found").mkdir(exist_ok=True)
    described = machine()
    outcomes = []
    for target in targets:
        outcomes.append(tried(target, seconds, _HERE / "found"))
        print(_told(outcomes[-1]), flush=True)
        if not chosen.dry:  # each time: an hour is long
            page = _kept(outcomes, described, seconds)
    if not chosen.dry:
        print("written to", page)
    return int(any(outcome.finding for outcome in outcomes))


def _told(outcome: Outcome) -> str:
    found = f"BROKEN: {outcome.finding} ({outcome.path})" if outcome.finding else "holds"
    return f"{outcome.name}: {outcome.runs} inputs, {outcome.branches} branches: {found}"


def _kept(outcomes: list[Outcome], described: dict[str, str], seconds: int) -> Path:
    name = time.strftime("%Y-%m-%d")
    facts = [f"- {fact}: {value}" for fact, value in described.items()]
    facts.append(f"- each target: {seconds} s, until the first that it finds")
    lines = [
        (one.name, str(one.runs), str(one.branches), str(one.kept), str(one.memory), one.finding or "nothing")
        for one in outcomes
    ]
    promises = [f"- `{one.name}`: {one.promise}" for one in outcomes]
    parts = (f"# fuzz, {name}", "\n".join(facts), grid([_COLUMNS, *lines]), "What each promises:", "\n".join(promises))
    document = {"date": name, "machine": described, "targets": [_document(one) for one in outcomes]}
    return keep(_HERE / "results", name, "\n\n".join(parts) + "\n", document)


def _document(outcome: Outcome) -> dict[str, object]:
    fields = ("name", "seconds", "runs", "branches", "kept", "memory", "finding")
    return {field: getattr(outcome, field) for field in fields}


if __name__ == "__main__":
    sys.exit(main())
