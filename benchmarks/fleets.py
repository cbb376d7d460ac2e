"""A mirror of many images: by the workers of a dask cluster, one of them killed, and what an image costs among many.

docker-registry is the source, over a folder that is written directly; the target is boxship's registry. Images are a
base of two layers that all share, a layer of their own and a configuration. Where `TMPDIR` is in memory, no disk is
measured.
"""

from __future__ import annotations

__all__ = ["run"]

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import BOXSHIP, PYTHON, Row, environment
from programs import OCI, Storage, docker_registry, missing

from boxship.testing import registry

_COUNTS, _OF_A_REPOSITORY = (100, 1_000, 10_000), 100
_MOST_GROWTH = 1.25
_WORKERS, _THREADS, _MIRRORED = 4, 2, 1_000
_SMALL = 4096
_COMMIT = re.compile(r'"method": ?"PUT".*?digest=(sha256(?::|%3A)[0-9a-f]{64})')
_DASK = (PYTHON, "-m", "dask")


def run(folder: Path) -> Iterator[Row]:
    """The rows of fleets."""
    if missing("docker-registry"):
        return
    storage = folder / "source"
    for count in _COUNTS:
        _put(storage, f"of{count}", count)
    with docker_registry(storage) as source:
        yield from _by_a_cluster(folder, source)
        yield from _flat(folder, source)


def _put(storage: Path, name: str, count: int) -> None:
    """So many images, in repositories of a hundred."""
    base = [os.urandom(_SMALL) for _ in range(2)]
    for number in range(0, count, _OF_A_REPOSITORY):
        repository = Storage(storage, f"{name}/app{number // _OF_A_REPOSITORY:03}")
        for tag in range(min(_OF_A_REPOSITORY, count)):
            layers = [repository.put_blob([piece], f"{OCI}.layer.v1.tar") for piece in (*base, os.urandom(_SMALL))]
            repository.put_manifest(layers, [str(layer["digest"]) for layer in layers], [f"v{tag}"])


# Flat: threads of one process.


def _flat(folder: Path, source: str) -> Iterator[Row]:
    first, middle, last = _COUNTS
    copied, unchanged = dict[int, _Spent](), dict[int, _Spent]()
    for count in _COUNTS:
        with registry(folder / f"target-{count}") as target:
            words = _words(source, target.address, count)
            copied[count] = _timed(words)
            unchanged[count] = _timed([*words, "--check"])
    for what, spent in (("copied", copied), ("unchanged, a HEAD on each side", unchanged)):
        each = {count: spent[count].cpu / count * 1000 for count in _COUNTS}
        # A process's own start is in the cost of a hundred, and in none of the others' to speak of.
        growth = max(each[last] / each[middle], each[last] / each[first])
        told = ", ".join(
            f"{count:,}: {each[count]:.2f} ms, {count / spent[count].seconds:,.0f} a s" for count in _COUNTS
        )
        yield Row(
            name=f"processor time of an image {what}, among {last:,} over among fewer",
            target=f"<= {_MOST_GROWTH:g} x",
            measured=f"{growth:.2f} x ({told})",
            holds="yes" if growth <= _MOST_GROWTH else "no",
            facts={str(count): [one.seconds, one.cpu, one.peak_kib] for count, one in spent.items()},
        )
    megabytes = {count: copied[count].peak_kib * 1024 / 1e6 for count in _COUNTS}
    yield Row(
        name=f"peak memory, by a thousand images more (of {last:,})",
        target="<= 5 MB",
        measured=f"{(megabytes[last] - megabytes[first]) / (last - first) * 1000:.1f} MB ({megabytes[last]:.0f} MB)",
        holds="yes" if megabytes[last] - megabytes[first] <= (last - first) / 200 else "no",
    )


def _words(source: str, target: str, count: int) -> list[str]:
    allowed = ("--repo-allow", f"of{count}/.*")
    return [BOXSHIP, "sync", source, f"{target}/{{repository}}", *allowed, "-q", "-o", "json"]


@dataclass(frozen=True, slots=True)
class _Spent:
    """Seconds, those of processors, and the most memory that it had."""

    seconds: float
    cpu: float
    peak_kib: int


def _timed(words: Sequence[str]) -> _Spent:
    began = time.perf_counter()
    with subprocess.Popen(words, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, spent = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words!r} ended with {process.returncode}")
    return _Spent(time.perf_counter() - began, spent.ru_utime + spent.ru_stime, spent.ru_maxrss)


# A cluster.


@dataclass(frozen=True, slots=True)
class _Cluster:
    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


def _by_a_cluster(folder: Path, source: str) -> Iterator[Row]:
    log = folder / "access.log"
    with _logging_registry(folder / "target", log) as target, _cluster(folder) as cluster:
        words = [*_words(source, target, _MIRRORED), "--scheduler", cluster.address]
        began = time.perf_counter()
        with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE) as process:
            while len(_sent(log)) < _MIRRORED:  # of two thousand and two
                if process.poll() is not None:
                    raise RuntimeError("it was over before a worker was killed")
                time.sleep(0.05)
            cluster.workers[0].kill()
            output, _ = process.communicate(timeout=600)
        seconds = time.perf_counter() - began
        report = json.loads(output)
        checked = _timed([*_words(source, target, _MIRRORED), "--check"])
        subprocess.run(
            [BOXSHIP, "validate", f"{target}/of{_MIRRORED}/app000:v0", "-q", "--progress=none"],
            check=True,
            env=environment(),
        )
        sent = _sent(log)
    twice = sent.total() - len(sent)
    complete = report["copied"] == _MIRRORED and process.returncode == 0 and len(sent) == 2 + 2 * _MIRRORED
    yield Row(
        name=f"{_MIRRORED:,} images by {_WORKERS} dask workers, one killed: blobs sent twice",
        target=f"<= {_THREADS}, what it was about; all there, as checked",
        measured=f"{twice} of {len(sent):,} ({seconds:.0f} s; checked in {checked.seconds:.1f} s)",
        holds="yes" if complete and twice <= _THREADS else "no",
        facts={"seconds": seconds, "report": {name: report[name] for name in ("copied", "failed", "blobs", "bytes")}},
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


if __name__ == "__main__":
    sys.exit("make bench ARGS=fleets")
