"""Timing programs side by side: what is compared runs in turn, so that a busy machine slows all of it alike.

Only ratios within one run are claimed. `Row` is what a benchmark says; the table is `report`'s work.
"""

from __future__ import annotations

__all__ = [
    "BARE",
    "BOXSHIP",
    "IMPORTS",
    "PYTHON",
    "Comparison",
    "Peak",
    "Row",
    "Sides",
    "Times",
    "environment",
    "in_turn",
    "interleaved",
    "verdict",
]

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Literal, TypeVar

PYTHON = sys.executable
BOXSHIP = str(Path(sys.executable).parent / "boxship")
BARE = [PYTHON, "-c", "pass"]
# What any program imports that parses arguments, asks over HTTP and reads JSON.
IMPORTS = [PYTHON, "-c", "import argparse, dataclasses, http.client, json"]
_LOOK_AGAIN = 0.005  # seconds between two looks at a program's peak memory
_PATIENCE = 120.0

Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What each program came to with one work, round by round, by the program's name."""

    work: str
    values: Mapping[str, Sequence[float]]
    unit: Literal["s", "/s", "instructions", "bytes"] = "s"

    @classmethod
    def timed(cls, work: str, times: Mapping[str, Times]) -> Sides:
        """The seconds of programs that ran in turn."""
        return cls(work=work, values={name: one.seconds for name, one in times.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number: what was measured, what it should be, what it is, how far it spread, and whether it holds.

    `sides` are what it is made of, where programs stand beside each other; rows may have the same ones.
    """

    name: str
    target: str
    measured: str
    spread: str = ""
    holds: str
    facts: Mapping[str, object] = field(default_factory=dict)
    sides: Sides | None = None


@dataclass(slots=True)
class Times:
    """The seconds that each run of one command took, those of the processors, and the most memory that one had."""

    seconds: list[float] = field(default_factory=list)
    peak_kib: int = 0
    cpu: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The seconds of the run that was disturbed least."""
        return min(self.seconds)

    @property
    def usual(self) -> float:
        """The seconds of the median run."""
        return median(self.seconds)

    @property
    def of_cpu(self) -> Times:
        """The same, of what the processors were busy."""
        return Times(self.cpu)

    def __str__(self) -> str:
        return f"{self.best * 1000:.1f} ms (median {self.usual * 1000:.1f})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One command's times over another's, from the same rounds."""

    ours: Times
    theirs: Times

    @property
    def best(self) -> float:
        """The ratio of the fastest runs."""
        return self.ours.best / self.theirs.best

    @property
    def usual(self) -> float:
        """The median of the rounds' ratios."""
        return median(self._ratios)

    @property
    def spread(self) -> str:
        """Between which ratios the middle half of the rounds lies."""
        first, _, third = quantiles(self._ratios, n=4)
        return f"{first:.2f}-{third:.2f}, {len(self._ratios)} rounds"

    @property
    def _ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours.seconds, self.theirs.seconds, strict=True)]

    def row(self, name: str, most: float, sides: Sides | None = None) -> Row:
        """The row of a command that may take at most `most` times as long as the other."""
        return Row(
            name=name,
            target=f"<= {most:g} x",
            measured=f"{self.best:.2f} x (median {self.usual:.2f})",
            spread=self.spread,
            holds=verdict(self.best <= most, self.usual <= most),
            facts={"ours": self.ours.seconds, "theirs": self.theirs.seconds},
            sides=sides,
        )

    def throughput(self, name: str, least: float, sides: Sides | None = None) -> Row:
        """The row of what moves bytes: the other program's times over boxship's, which has to be so much faster."""
        return Row(
            name=name,
            target=f">= {least:g} x the throughput",
            measured=f"{self.best:.2f} x (median {self.usual:.2f})",
            spread=self.spread,
            holds=verdict(self.best >= least, self.usual >= least),
            facts={"ours": self.theirs.seconds, "theirs": self.ours.seconds},
            sides=sides,
        )


def verdict(best: bool, usual: bool) -> str:  # noqa: FBT001 -- the two halves of one answer
    """Whether a target holds: in the runs that were disturbed least, and in the usual ones."""
    if best and usual:
        return "yes"
    return "at best" if best or usual else "no"


def environment() -> dict[str, str]:
    """The environment of what is timed: as users have it, with compiled files and no settings of docker's."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED", "DOCKER_AUTH_CONFIG")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def interleaved(
    rounds: int,
    commands: Mapping[str, Sequence[str]],
    *,
    peaks: bool = False,
    before: Callable[[], None] = lambda: None,
) -> dict[str, Times]:
    """Run the commands in turn, so many rounds and one more that does not count; `before` each, untimed."""
    times = {name: Times() for name in commands}
    for number in range(rounds + 1):
        # Back and forth: one command always after the same other one might always find the machine as that leaves it.
        for name, argv in list(commands.items())[:: -1 if number % 2 else 1]:
            before()
            busy = _busy()
            seconds, peak = _run(argv, peaks=peaks)
            if number:
                times[name].seconds.append(seconds)
                times[name].cpu.append(_busy() - busy)
                times[name].peak_kib = max(times[name].peak_kib, peak)
    return times


def in_turn(rounds: int, what: Mapping[str, str], measure: Callable[[str], Measured]) -> dict[str, list[Measured]]:
    """What is measured of each in turn, so many rounds and one more that does not count."""
    found: dict[str, list[Measured]] = {name: [] for name in what}
    for number in range(rounds + 1):
        for name, value in list(what.items())[:: -1 if number % 2 else 1]:
            measured = measure(value)
            if number:
                found[name].append(measured)
    return found


def _busy() -> float:
    """Seconds that processors were busy for programs that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _run(argv: Sequence[str], *, peaks: bool) -> tuple[float, int]:
    began = time.perf_counter()
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment()
    ) as process:
        watch = Peak(process.pid) if peaks else None
        try:
            _, words = process.communicate(timeout=_PATIENCE)
        except BaseException:
            process.kill()
            raise
        seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{argv!r} ended with {process.returncode}: {words.decode(errors='replace')}")
    return seconds, watch.stop() if watch else 0


class Peak:
    """A program's VmHWM, looked at while it runs: `ru_maxrss` would count this process, which it was forked from."""

    def __init__(self, pid: int) -> None:
        self._status, self._kib, self._done = Path(f"/proc/{pid}/status"), 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.wait(_LOOK_AGAIN):
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            peak = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
            self._kib = max(self._kib, peak)

    def stop(self) -> int:
        """The kibibytes; looks no more."""
        self._done.set()
        self._thread.join()
        return self._kib
