"""Names in PostgreSQL: one registry beside docker-registry, and one to three of them over one database and folder."""

from __future__ import annotations

__all__ = ["processor", "run"]

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from load import boxship_registry, requests_a_second
from measure import Row, Sides, in_turn, verdict
from mixed import PERCENTILES, filled, waits_of
from programs import docker_registry, missing
from tests.peers.postgresql import Cluster, cluster
from tests.peers.process import program

from boxship.media_type import ACCEPT_MANIFESTS

_ROUNDS, _SECONDS = 3, 2
_TAGS, _QUESTIONS = 200, 100_000
_REPLICAS = (1, 2, 3)
_TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds
_ACCEPT = (f"Accept: {ACCEPT_MANIFESTS}",)
_MOST_WAIT = 50.0  # milliseconds that 99 of 100 answers take at most


@dataclass(frozen=True, slots=True)
class _Cost:
    """Answers a second, and the milliseconds of a processor that each took, of registries and of PostgreSQL."""

    rate: float
    registry: float
    database: float


def run(folder: Path) -> Iterator[Row]:
    """The rows of replicas."""
    if missing("wrk", "docker-registry") or not program("postgres"):
        return
    for name in ("theirs", "ours"):
        (folder / name).mkdir()
    with ExitStack() as running:
        names = running.enter_context(cluster(durable=True))
        started = partial(boxship_registry, folder / "ours", "--in-flight", "0", "--database", names.new())
        registries = [running.enter_context(started()) for _ in _REPLICAS]
        there, here = running.enter_context(docker_registry(folder / "theirs")), registries[0][0]
        addresses = {"boxship": here, "docker-registry": there}
        layers = {name: filled(address) for name, address in addresses.items()}
        paths = {
            f"{_TAGS} tags in turn": ("app/manifests/v%d", _TAGS),
            "that was not asked for before": ("app/manifests/v1?x=%d", _QUESTIONS),
        }
        for what, (path, numbers) in paths.items():
            rates = in_turn(_ROUNDS, addresses, partial(_rate, path=path, numbers=numbers))
            yield _beside(f"GET of a manifest, {what}", rates)
        yield _waiting(
            "64 clients that ask for manifests and tags", in_turn(_ROUNDS, addresses, partial(waits_of, pushers=0))
        )
        yield _waiting("the same, and 4 of them push", in_turn(_ROUNDS, addresses, waits_of))
        waits = in_turn(_ROUNDS, addresses, lambda each: waits_of(each, layers[_name(addresses, each)]))
        yield _waiting("the same, and the others ask for small blobs, too", waits)
        for what, (path, numbers) in paths.items():
            for number in _REPLICAS:
                yield _costs(f"GET of a manifest, {what}", _cost(registries[:number], names, path, numbers), number)


def _name(addresses: Mapping[str, str], address: str) -> str:
    return next(name for name, known in addresses.items() if known == address)


def _rate(address: str, path: str, numbers: int) -> float:
    return requests_a_second(address, f"/v2/{path}", numbers=numbers, seconds=_SECONDS, headers=_ACCEPT)


def _beside(what: str, rates: Mapping[str, Sequence[float]]) -> Row:
    ours, theirs = rates["boxship"], rates["docker-registry"]
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    best, usual = max(ours) / max(theirs), median(ratios)
    return Row(
        name=f"{what}, {max(ours):,.0f}/s, over docker-registry's {max(theirs):,.0f}/s",
        target=">= 1 x",
        measured=f"{best:.1f} x (median {usual:.1f})",
        spread=f"{min(ratios):.1f}-{max(ratios):.1f}, {_ROUNDS} rounds",
        holds=verdict(best >= 1, usual >= 1),
        sides=Sides(work=what, values=rates, unit="/s"),
    )


def _waiting(who: str, waits: Mapping[str, Sequence[Sequence[float]]]) -> Row:
    place = PERCENTILES.index(99)
    ours, theirs = ([each[place] * 1000 for each in waits[name]] for name in ("boxship", "docker-registry"))
    return Row(
        name=f"{who}: 99 % wait at most, docker-registry's {median(theirs):.1f} ms",
        target=f"<= {_MOST_WAIT:g} ms",
        measured=f"{min(ours):.1f} ms (median {median(ours):.1f})",
        spread=f"{min(ours):.1f}-{max(ours):.1f}, {len(ours)} rounds",
        holds=verdict(min(ours) <= _MOST_WAIT, median(ours) <= _MOST_WAIT),
    )


def _cost(registries: Sequence[tuple[str, int]], names: Cluster, path: str, numbers: int) -> _Cost:
    """What answers cost while each of the registries is asked as fast as it answers."""
    before = processor(registries, names)
    with ThreadPoolExecutor(len(registries)) as clients:
        rates = list(clients.map(lambda each: _rate(each[0], path, numbers), registries))
    answers = sum(rates) * _SECONDS
    ours, theirs = (1000 * (b - a) / answers for a, b in zip(before, processor(registries, names), strict=True))
    return _Cost(sum(rates), ours, theirs)


def _costs(what: str, cost: _Cost, number: int) -> Row:
    return Row(
        name=f"{what}, of {number} registr{'ies' if number > 1 else 'y'} with one PostgreSQL: processor time an answer",
        target="",
        measured=f"{cost.registry:.3f} ms, and {cost.database:.3f} ms of PostgreSQL ({cost.rate:,.0f}/s in all)",
        holds="",
    )


def processor(registries: Sequence[tuple[str, int]], names: Cluster) -> tuple[float, float]:
    """The seconds that the registries' processes and the database's have used."""
    return sum(_used(pid) for _, pid in registries), _used(names.pid)


def _used(pid: int) -> float:
    """Those of a process and of all that it started and that live."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * _TICK + sum(_used(int(each)) for each in below)
