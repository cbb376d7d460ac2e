"""A cache beside what it stands in for: manifests that are there, a large layer that is not, and many who want it."""

from __future__ import annotations

__all__ = ["run"]

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from keepers import distribution, nginx
from load import Blob, boxship_registry, give_tags, pull, push, requests_a_second
from measure import BOXSHIP, Comparison, Row, Sides, Times, environment, verdict
from programs import docker_registry, missing
from relays import relay

from boxship.media_type import ACCEPT_MANIFESTS

Between = Callable[[str, Path], AbstractContextManager[str]]  # an upstream, a folder that is not there yet; an address

_ROUNDS, _SECONDS = 5, 2
_LARGE = 954  # mebibytes: 1 GB
_CLIENTS = 64
_SHARED = 100  # mebibytes


def run(folder: Path) -> Iterator[Row]:
    """The rows of the cache."""
    if not missing("wrk"):
        yield _manifests(folder / "manifests")
    if not missing("docker-registry"):
        yield from _layer(folder / "layer", _beside())
        yield _many(folder / "many")


def _manifests(folder: Path) -> Row:
    folder.mkdir()
    headers = (f"Accept: {ACCEPT_MANIFESTS}",)
    with boxship_registry(folder / "upstream") as (there, _), _cache(folder / "cache", there) as here:
        give_tags(there, "app", ["v1"])
        ask = partial(requests_a_second, numbers=1, seconds=_SECONDS, headers=headers)
        rates = [(ask(here, "/v2/up/app/manifests/v1"), ask(there, "/v2/app/manifests/v1")) for _ in range(_ROUNDS)]
    costs = [local / cached for cached, local in rates]
    cached, local = max(rate for rate, _ in rates), max(rate for _, rate in rates)
    return Row(
        name=f"a cached manifest, {cached:,.0f}/s, over one of a registry's own, {local:,.0f}/s",
        target="<= 1.2 x",
        measured=f"{local / cached:.2f} x (median {median(costs):.2f})",
        spread=f"{min(costs):.2f}-{max(costs):.2f}, {_ROUNDS} rounds",
        holds=verdict(local / cached <= 1.2, median(costs) <= 1.2),
        sides=Sides(
            work="GET of a manifest",
            values={"boxship": [own for _, own in rates], "boxship as a cache": [kept for kept, _ in rates]},
            unit="/s",
        ),
    )


def _beside() -> Mapping[str, Between]:
    """Who else stands in between: relays, which cost the least that any could, and other programs' caches."""
    ways: dict[str, Between] = {
        "a relay that only passes it on": partial(relay, "spliced"),
        "a relay that writes and hashes it": partial(relay, "kept"),
        "docker-registry as a cache": distribution,
    }
    return ways if missing("nginx") else {**ways, "nginx, which does not hash it": nginx}


def _layer(folder: Path, beside: Mapping[str, Between]) -> Iterator[Row]:
    """One client, which verifies; whoever stands in between is a new one each time."""
    folder.mkdir()
    blob, numbers = Blob.noise(folder / "blob", _LARGE), count()
    direct, between = Times(), {way: Times() for way in ("boxship", *beside)}
    (folder / "upstream").mkdir()
    with docker_registry(folder / "upstream") as there:
        push(there, "app", blob)
        blob.path.unlink()
        for _ in range(_ROUNDS):
            direct.seconds.append(_verified(f"{there}/app@{blob.digest}"))
            for way, stand_in in {"boxship": _below_up, **beside}.items():
                kept = folder / f"kept{next(numbers)}"
                with stand_in(there, kept) as here:
                    between[way].seconds.append(_verified(f"{here}/app@{blob.digest}"))
                shutil.rmtree(kept)
    ours = between.pop("boxship")
    name = f"a cold layer of 1 GB through a cache ({blob.size / 1e9 / ours.best:.2f} GB/s), over pulling it directly"
    others = {f"behind {way}": times.seconds for way, times in between.items()}
    values = {**_ways(direct.seconds, ours.seconds), **others}
    yield Comparison(direct, ours).throughput(name, 0.8, Sides(work="a layer of 1 GB", values=values))
    for way, times in between.items():
        yield _others(f"the same through {way}", Comparison(direct, times))


def _others(name: str, comparison: Comparison) -> Row:
    """What of pulling it directly is left by somebody else in between: nothing to hold."""
    ratio = f"{comparison.best:.2f} x (median {comparison.usual:.2f})"
    return Row(name=name, target="measured", measured=ratio, spread=comparison.spread, holds="")


def _verified(name: str) -> float:
    """The seconds of a client that verifies what it gets."""
    began = time.perf_counter()
    subprocess.run([BOXSHIP, "blob", name], stdout=subprocess.DEVNULL, check=True, env=environment())
    return time.perf_counter() - began


def _many(folder: Path) -> Row:
    """Clients that all want it at once, of a new cache, and of docker-registry itself."""
    folder.mkdir()
    blob = Blob.noise(folder / "blob", _SHARED)
    (folder / "upstream").mkdir()
    with docker_registry(folder / "upstream") as there, ThreadPoolExecutor(_CLIENTS) as clients:
        push(there, "app", blob)
        direct, through = [], []
        for number in range(3):
            direct.append(_together(clients, there, "app", blob))
            with _cache(folder / f"cache{number}", there) as here:
                through.append(_together(clients, here, "up/app", blob))
    name = f"{_CLIENTS} clients that want one cold layer of {_SHARED} MiB, over asking docker-registry"
    sides = Sides(work=f"{_CLIENTS} clients, one layer of {_SHARED} MiB", values=_ways(direct, through))
    return Comparison(Times(direct), Times(through)).throughput(name, 0.5, sides)


def _ways(direct: list[float], through: list[float]) -> dict[str, list[float]]:
    return {"docker-registry": direct, "docker-registry behind boxship": through}


def _together(clients: ThreadPoolExecutor, address: str, repository: str, blob: Blob) -> float:
    began = time.perf_counter()
    list(clients.map(lambda _: pull(address, repository, blob), range(_CLIENTS)))
    return time.perf_counter() - began


@contextmanager
def _below_up(upstream: str, folder: Path) -> Iterator[str]:
    with _cache(folder, upstream) as address:
        yield f"{address}/up"


@contextmanager
def _cache(folder: Path, upstream: str) -> Iterator[str]:
    options = ("--proxy", f"up=http://{upstream}", "--proxy-fresh", "3600", "--in-flight", "0")
    with boxship_registry(folder, *options) as (address, _):
        yield address
