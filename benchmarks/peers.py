"""`make compare`: boxship, skopeo and crane list tags in networks that are in the way; needs root, and namespaces.

First all of it is run at once, which finds out who waits. What ends soon is run again, in turn and on its own, and the
run that was disturbed least counts; what takes longer is a matter of bounds, not of this machine, and counts as it is.
"""

from __future__ import annotations

__all__ = ["cell", "main"]

import argparse
import compileall
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import report
from listing import CUT_OFF, LISTERS, Lister, Run, played
from networks import NETWORKS, Site, laid
from programs import missing
from tests.behaviour.ports import certificates
from tests.behaviour.scene import HOST
from tests.network.namespace import SERVER, network_obstacle

import boxship

RESULTS = Path(__file__).parent / "results"
_SOON = 6.0  # seconds
_ROUNDS = 5
_AT_ONCE = 12
_LONGEST_LINE = 240  # characters of what a program says last
_NOTES = (
    f"A time is the best of {_ROUNDS} runs, or that of one run where it is over {_SOON:.0f} s.",
    f"A run is ended after {CUT_OFF:.0f} s.",
    "Each program has a password for the host in docker's config.json.",
    "Plain HTTP is permitted (`--insecure`, skopeo: `--tls-verify=false`), but in the rows that say `no flag`.",
    "In bold: what could have been said over TLS was sent in the open.",
)

Runs = Mapping[tuple[Site, Lister], Sequence[tuple[Run, ...]]]


def main() -> int:
    chosen = _chosen()
    if obstacle := network_obstacle():
        print(f"packets cannot be dropped here: {obstacle}", file=sys.stderr)
        return 1
    absent = missing(*(lister.program for lister in LISTERS if lister.program != "boxship"))
    described = report.machine()
    runs = _measured(chosen.sites, [lister for lister in LISTERS if lister.program not in absent])
    notes = [*_NOTES, *(f"{name} is not on PATH: it has no column." for name in absent)]
    page = _page(described, _table(runs), notes, _last_words(runs))
    print(page)
    if not chosen.dry:
        print("written to", _write(page, described, notes, runs))
    return 0


@dataclass(frozen=True, slots=True)
class _Choice:
    sites: Sequence[Site]
    dry: bool


def _chosen() -> _Choice:
    parser = argparse.ArgumentParser(description="Compare boxship with its peers in networks that are in the way.")
    parser.add_argument("only", nargs="*", metavar="WORDS", help="only the networks with these words in their names")
    parser.add_argument("--dry", action="store_true", help="write no results")
    said = parser.parse_args()
    sites = [site for site in NETWORKS if all(words in site.name for words in said.only)]
    if not sites:
        parser.error(f"no network has all of {', '.join(map(repr, said.only))} in its name")
    return _Choice(sites, said.dry)


def _measured(sites: Sequence[Site], listers: Sequence[Lister]) -> Runs:
    # Users have compiled files; a file that was edited a moment ago has none yet.
    compileall.compile_dir(str(Path(boxship.__file__).parent), quiet=2)
    with tempfile.TemporaryDirectory(prefix="boxship-peers-") as folder:
        certificates(Path(folder), HOST, SERVER)
        return _played([(site, lister) for site in sites for lister in listers], Path(folder))


def _played(pairs: Sequence[tuple[Site, Lister]], materials: Path) -> Runs:
    laying = threading.Lock()  # networks are laid one after the other: programs do not all start at once

    def once(pair: tuple[Site, Lister]) -> tuple[Run, ...]:
        return _once(*pair, materials, laying)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        first = list(pool.map(once, pairs))
    found = {pair: [runs] for pair, runs in zip(pairs, first, strict=True)}
    soon = [pair for pair, (runs,) in found.items() if all(run.seconds < _SOON for run in runs)]
    found |= {pair: [] for pair in soon}
    for _ in range(_ROUNDS):
        for pair in soon:
            found[pair].append(once(pair))
    return found


def _once(site: Site, lister: Lister, materials: Path, laying: threading.Lock) -> tuple[Run, ...]:
    with ExitStack() as stack:
        with laying:
            scene = stack.enter_context(laid(site, materials))
        runs = played(site, scene, lister)
    words = "; ".join(_words(site, run).format(_seconds(run.seconds)) + f" {run.last_line}".rstrip() for run in runs)
    print(f"{site.name}: {lister.program}: {words}", file=sys.stderr, flush=True)
    return runs


def _table(runs: Runs) -> str:
    sites = list(dict.fromkeys(site for site, _ in runs))
    listers = list(dict.fromkeys(lister for _, lister in runs))
    head = ["the network", *(title for lister in listers for title in _titles(lister))]
    lines = [
        [site.name, *(cell(site, column) for lister in listers for column in zip(*runs[site, lister], strict=True))]
        for site in sites
    ]
    return report.grid([head, *lines])


def _titles(lister: Lister) -> list[str]:
    return [lister.program, *[f"{lister.program}, again"] * (lister.times - 1)]


def cell(site: Site, runs: Sequence[Run]) -> str:
    """What the runs came to; where they did not agree, all of it."""
    by_words: dict[str, list[float]] = {}
    for run in runs:
        by_words.setdefault(_words(site, run), []).append(run.seconds)
    return " or ".join(words.format(_seconds(min(seconds))) for words, seconds in by_words.items())


def _words(site: Site, run: Run) -> str:
    """What a run came to, with braces for its time."""
    words = {
        "TLS": "{}, TLS",
        "plain HTTP": "{}, plain",
        "error": "error after {}",
        "cut off": f"> {CUT_OFF:.0f} s{'' if run.said else ', silent'}",
    }[run.ending]
    if not run.in_the_open:
        return words
    return f"{words}, **password sent in the open**" if site.speaks_tls else f"{words}, with the password"


def _seconds(number: float) -> str:
    return f"{number:.2f} s" if number < 10 else f"{number:.1f} s"


def _last_words(runs: Runs) -> str:
    lines = [
        f"- {site.name}: {lister.program}: `{line[:_LONGEST_LINE]}`"
        for (site, lister), rounds in runs.items()
        if (line := rounds[-1][0].last_line)
    ]
    return "\n".join(["The last line of what failed:", "", *lines]) if lines else ""


def _page(described: Mapping[str, str], table: str, notes: Iterable[str], last_words: str) -> str:
    facts = "\n".join(f"- {name}: {value}" for name, value in described.items())
    parts = [f"# Peers, {_today()}", facts, table, "\n".join(f"- {note}" for note in notes), last_words]
    return "\n\n".join(part for part in parts if part) + "\n"


def _write(page: str, described: Mapping[str, str], notes: Sequence[str], runs: Runs) -> Path:
    rows = [
        {
            "network": asdict(site),
            "program": lister.program,
            "rounds": [[asdict(run) for run in each] for each in rounds],
        }
        for (site, lister), rounds in runs.items()
    ]
    document = {"date": _today(), "machine": dict(described), "notes": list(notes), "rows": rows}
    return report.keep(RESULTS, f"peers-{_today()}", page, document)


def _today() -> str:
    return time.strftime("%Y-%m-%d")


if __name__ == "__main__":
    sys.exit(main())
