"""A cache beside what it stands in for: manifests that are there, a large layer that is not, and many who want it."""

from __future__ import annotations

__all__ = ["run"]

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import cold
from keepers import boxship_cache
from load import Blob, boxship_registry, give_tags, pull, push, requests_a_second
from measure import Comparison, Row, Sides, Times, verdict
from programs import docker_registry, missing

from boxship.media_type import ACCEPT_MANIFESTS

_ROUNDS, _SECONDS = 5, 2
_CLIENTS = 64
_SHARED = 100  # mebibytes


def run(folder: Path) -> Iterator[Row]:
    """The rows of the cache."""
    if not missing("wrk"):
        yield _manifests(folder / "manifests")
    if not missing("docker-registry"):
        yield from cold.rows(folder / "layer")
        yield _many(folder / "many")


def _manifests(folder: Path) -> Row:
    folder.mkdir()
    headers = (f"Accept: {ACCEPT_MANIFESTS}",)
    with boxship_registry(folder / "upstream") as (there, _), boxship_cache(there, folder / "cache") as here:
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
            with boxship_cache(there, folder / f"cache{number}") as here:
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
