"""A mirror by the workers of a dask cluster, one of which is killed while it works."""

from __future__ import annotations

__all__ = ["MIRRORED", "Mirrored", "mirrored", "row"]

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import BOXSHIP, PYTHON, Row, Sides, environment
from mirrors import Spent, timed, words

_WORKERS, _THREADS = 4, 2
MIRRORED = 1_000
_COMMIT = re.compile(r'"method": ?"PUT".*?digest=(sha256(?::|%3A)[0-9a-f]{64})')
_DASK = (PYTHON, "-m", "dask")


@dataclass(frozen=True, slots=True)
class Mirrored:
    """With what the command ended, the seconds of it and of a check, what it says, and blobs and how many were sent."""

    ended: int
    seconds: float
    checked: float
    report: Mapping[str, int]
    sent: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Cluster:
    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


def mirrored(folder: Path, source: str) -> Mirrored:
    """Mirror a thousand images by workers, one of which is killed halfway."""
    log = folder / "access.log"
    with _logging_registry(folder / "target", log) as target, _cluster(folder) as cluster:
        argv = [*words(source, target, MIRRORED), "--scheduler", cluster.address]
        began = time.perf_counter()
        with subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE) as process:
            while len(_sent(log)) < MIRRORED:  # of two thousand and two
                if process.poll() is not None:
                    raise RuntimeError("it was over before a worker was killed")
                time.sleep(0.05)
            cluster.workers[0].kill()
            output, _ = process.communicate(timeout=600)
        seconds = time.perf_counter() - began
        report = json.loads(output)
        checked = timed([*words(source, target, MIRRORED), "--check"])
        subprocess.run(
            [BOXSHIP, "validate", f"{target}/of{MIRRORED}/app000:v0", "-q", "--progress=none"],
            check=True,
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        sent = _sent(log)
    copied = {name: report[name] for name in ("copied", "failed", "blobs", "bytes")}
    return Mirrored(process.returncode, seconds, checked.seconds, copied, (len(sent), sent.total()))


def row(found: Mirrored, alone: Spent) -> Row:
    """The row of it, beside one process, of which nothing was killed."""
    blobs, sent = found.sent
    twice = sent - blobs
    complete = found.report["copied"] == MIRRORED and found.ended == 0 and blobs == 2 + 2 * MIRRORED
    one_process = found.seconds / alone.seconds
    seconds = f"{found.seconds:.0f} s, {one_process:.2f} x one process; checked in {found.checked:.1f} s"
    return Row(
        name=f"{MIRRORED:,} images by {_WORKERS} dask workers, one killed: blobs sent twice",
        target=f"<= {_THREADS}, what it was about; all there, as checked",
        measured=f"{twice} of {blobs:,} ({seconds})",
        spread="1 round",
        holds="yes" if complete and twice <= _THREADS else "no",
        facts={"seconds": found.seconds, "report": found.report},
        sides=Sides(
            work=f"a mirror of {MIRRORED:,} images",
            values={
                f"boxship, {_WORKERS} workers, one killed": [found.seconds],
                "boxship, one process": [alone.seconds],
            },
        ),
    )


def _sent(log: Path) -> Counter[str]:
    """How often each blob was sent whole."""
    return Counter(found.replace("%3A", ":") for found in _COMMIT.findall(log.read_text(errors="replace")))


@contextmanager
def _logging_registry(folder: Path, log: Path) -> Iterator[str]:
    """The registry, with a line for each request."""
    folder.mkdir()
    argv = [BOXSHIP, "registry", "serve", "--address", "127.0.0.1:0", "--disk", str(folder), "--access-log", "json"]
    with _running(argv, log):
        yield _waited_for(log, r"http://(127\.0\.0\.1:\d+)")


@contextmanager
def _cluster(folder: Path) -> Iterator[_Cluster]:
    log, place = folder / "dask.log", ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    with ExitStack() as stack:
        stack.enter_context(_running([*_DASK, "scheduler", *place, "--port", "0"], log))
        address = _waited_for(log, r"Scheduler at:\s+(tcp://\S+)")
        kept = ("--nthreads", str(_THREADS), "--local-directory", str(folder), "--no-nanny")
        argv = [*_DASK, "worker", address, *place, *kept]
        yield _Cluster(address, tuple(stack.enter_context(_running(argv, log)) for _ in range(_WORKERS)))


@contextmanager
def _running(argv: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(argv, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _waited_for(log: Path, pattern: str) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"{pattern} is not in {log.read_text(errors='replace')}")
