"""A layer that no cache has yet: pulled directly, and through those that stand in between, new ones each time, in turn.

On one machine all of them share its processors; with the upstream `far` away, as caches have it, a link is shared.
Run as `python cold.py ROUNDS UPSTREAM DIGEST FOLDER` it prints the seconds of caches as JSON: so it is run beside them.
"""

from __future__ import annotations

__all__ = ["rows"]

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from far import LINKS, Link, linked, obstacle
from keepers import below_up, distribution, nginx
from load import noise
from measure import BOXSHIP, PYTHON, Comparison, Row, Sides, Times, environment
from programs import Storage, docker_registry, missing
from relays import relay

Between: TypeAlias = Callable[[str, Path], AbstractContextManager[str]]
"""An upstream, and a folder that is not there yet: an address."""
Seconds: TypeAlias = Mapping[str, list[float]]

_ROUNDS, _FAR_ROUNDS = 5, 3
_LARGE = 954  # mebibytes: 1 GB
_SIZE = _LARGE * 1024 * 1024
_LEAST = 0.8
_PATIENCE = 600.0  # seconds for all rounds behind one link
_DIRECT, _OURS = "directly", "boxship"


def rows(folder: Path) -> Iterator[Row]:
    """The rows of the cold layer: with all on one machine, and behind each link."""
    folder.mkdir()
    digest = str(Storage(folder, "app").put_blob(noise(_LARGE), "application/octet-stream")["digest"])
    with docker_registry(folder) as upstream:
        seconds = _timed(_ROUNDS, upstream, digest, folder, {**_caches(), **_RELAYS})
    yield from _compared("a cold layer of 1 GB", "a layer of 1 GB", seconds)
    for link in LINKS:
        yield from _behind(link, digest, folder)


def _caches() -> Mapping[str, Between]:
    others: Mapping[str, Between] = {"docker-registry as a cache": distribution}
    return {_OURS: below_up, **others} | ({} if missing("nginx") else {"nginx, which does not hash it": nginx})


# They cost the least that any could: on one machine, where that counts.
_RELAYS: Mapping[str, Between] = {
    "a relay that only passes it on": partial(relay, "spliced"),
    "a relay that writes and hashes it": partial(relay, "kept"),
}


def _timed(rounds: int, upstream: str, digest: str, folder: Path, ways: Mapping[str, Between]) -> Seconds:
    """The seconds of one client, which verifies, by the way that it takes."""
    seconds: dict[str, list[float]] = {way: [] for way in (_DIRECT, *ways)}
    for number in range(rounds):
        for way in list(seconds)[:: -1 if number % 2 else 1]:
            seconds[way].append(_pulled(upstream, digest, folder / "kept", ways.get(way)))
    return seconds


def _pulled(upstream: str, digest: str, kept: Path, between: Between | None) -> float:
    if not between:
        return _verified(f"http://{upstream}/app@{digest}")
    with between(upstream, kept) as address:
        seconds = _verified(f"http://{address}/app@{digest}")
    shutil.rmtree(kept)
    return seconds


def _verified(name: str) -> float:
    began = time.perf_counter()
    subprocess.run([BOXSHIP, "blob", name], stdout=subprocess.DEVNULL, check=True, env=environment())
    return time.perf_counter() - began


def _behind(link: Link, digest: str, folder: Path) -> Iterator[Row]:
    """The same with client and caches on one machine, and the upstream on another."""
    what = f"a cold layer of 1 GB from behind {link}"
    if why := obstacle():
        yield Row(
            name=f"{what} through a cache",
            target=f">= {_LEAST:g} x the throughput",
            measured=f"left out: {why}",
            holds="",
        )
        return
    with linked(link, folder) as (network, upstream):
        argv = [PYTHON, __file__, str(_FAR_ROUNDS), upstream, digest, str(folder)]
        ended = network.run(argv, timeout=_PATIENCE)
    if ended.status:
        raise RuntimeError(ended.stderr)
    yield from _compared(what, f"a layer of 1 GB over {link}", json.loads(ended.stdout))


def _compared(what: str, work: str, seconds: Seconds) -> Iterator[Row]:
    """The row of ours, which has to hold, and of each other way what it leaves of pulling it directly."""
    direct = Times(seconds[_DIRECT])
    between = {way: Times(found) for way, found in seconds.items() if way != _DIRECT}
    behind = {f"docker-registry behind {way}": times.seconds for way, times in between.items() if way == _OURS}
    behind |= {f"behind {way}": times.seconds for way, times in between.items() if way != _OURS}
    ours = between.pop(_OURS)
    name = f"{what} through a cache ({_rate(ours)}), over pulling it directly"
    sides = Sides(work=work, values={"docker-registry": direct.seconds, **behind})
    yield Comparison(direct, ours).throughput(name, _LEAST, sides)
    for way, times in between.items():
        yield _other(f"{what} through {way} ({_rate(times)})", Comparison(direct, times))


def _rate(times: Times) -> str:
    return f"{_SIZE / 1e9 / times.best:.2f} GB/s"


def _other(name: str, comparison: Comparison) -> Row:
    """What of pulling it directly is left by somebody else in between: nothing to hold."""
    ratio = f"{comparison.best:.2f} x (median {comparison.usual:.2f})"
    return Row(name=name, target="measured", measured=ratio, spread=comparison.spread, holds="")


if __name__ == "__main__":
    print(json.dumps(_timed(int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]), _caches())))
