"""How a mirror of many images is asked for, and what a run of that came to."""

from __future__ import annotations

__all__ = ["Spent", "timed", "words"]

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from measure import BOXSHIP, Peak, environment


def words(source: str, target: str, count: int) -> list[str]:
    """How boxship is told to mirror the images of one count."""
    allowed = ("--repo-allow", f"of{count}/.*")
    return [BOXSHIP, "sync", source, f"{target}/{{repository}}", *allowed, "-q", "-o", "json"]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds, those of processors, and the most memory that it had."""

    seconds: float
    cpu: float
    peak_kib: int


def timed(argv: Sequence[str]) -> Spent:
    """What a run of a command came to."""
    began = time.perf_counter()
    with subprocess.Popen(argv, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        peak = Peak(process.pid)
        _, status, spent = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{argv!r} ended with {process.returncode}")
    return Spent(time.perf_counter() - began, spent.ru_utime + spent.ru_stime, peak.stop())
