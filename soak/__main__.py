"""`make soak`: an hour of traffic, and a report. Ends with 1 where a promise is broken.

`ARGS=--minutes=2` is shorter, and `--seed=1` has other faults.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from report import grid, keep, machine

from soak.gauge import Gauge
from soak.run import Soak, soak

_RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description="Traffic with faults, for a long time.")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: an hour)")
    parser.add_argument("--seed", type=int, default=0, help="other faults")
    parser.add_argument("--dry", action="store_true", help="write no report")
    chosen = parser.parse_args()
    described = machine()
    told = soak(chosen.minutes * 60, chosen.seed)
    page = _page(told, described)
    print(page)
    if not chosen.dry:
        name = time.strftime("%Y-%m-%d")
        document = {"date": name, "machine": described, **_document(told)}
        print("written to", keep(_RESULTS, name, f"# soak, {name}\n\n{page}", document))
    return int(bool(told.broken))


def _page(told: Soak, described: dict[str, str]) -> str:
    facts = [f"- {fact}: {value}" for fact, value in described.items()]
    facts += [
        f"- {told.seconds / 60:.0f} minutes; one registry had {told.lives} lives; {told.sweeps} sweeps of each",
        f"- the slowest deed took {told.tally.slowest:.1f} s",
    ]
    memory = [("memory, MiB", "after the warm-up", "growth since", "allowed")]
    memory += [_row("registry", told.registry), _row("client", told.client)]
    done = [("deed", "times"), *((name, str(count)) for name, count in sorted(told.tally.done.items()))]
    failed = [
        ("failed, as may be", "times"),
        *((name, str(count)) for name, count in sorted(told.tally.failed.items())),
    ]
    broken = [f"- BROKEN: {words}" for words in told.broken] or ["Every promise is kept."]
    return "\n\n".join(("\n".join(facts), "\n".join(broken), grid(memory), grid(done), grid(failed))) + "\n"


def _row(name: str, gauge: Gauge) -> tuple[str, str, str, str]:
    begin, growth, allowed = (f"{size / 1024**2:.1f}" for size in (gauge.begin, gauge.growth, gauge.allowed))
    return name, begin, growth, allowed


def _document(told: Soak) -> dict[str, object]:
    memory = {"registry": told.registry.samples[::10], "client": told.client.samples[::10]}
    counts = {"done": dict(told.tally.done), "failed": dict(told.tally.failed)}
    return {"seconds": told.seconds, "lives": told.lives, "broken": told.broken, **counts, "memory": memory}


if __name__ == "__main__":
    sys.exit(main())
