"""A mirror of many images: by the workers of a dask cluster, one of them killed, and what an image costs among many.

docker-registry is the source, over a folder that is written directly; the target is boxship's registry. Images are a
base of two layers that all share, a layer of their own and a configuration. Where `TMPDIR` is in memory, no disk is
measured.
"""

from __future__ import annotations

__all__ = ["beside", "flat", "run"]

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cluster
from measure import Comparison, Row, Sides, Times
from mirrors import Spent, timed, words
from programs import OCI, Storage, docker_registry, missing

from boxship.testing import registry

_COUNTS, _OF_A_REPOSITORY = (100, cluster.MIRRORED, 10_000), 100
_MOST_GROWTH = 1.25
_ROUNDS = 3
_LEAST: Mapping[str, float] = {"skopeo": 3.0, "crane": 1.0}
_SMALL = 4096
Spents = Mapping[int, Spent]


def run(folder: Path) -> Iterator[Row]:
    """The rows of fleets."""
    if missing("docker-registry"):
        return
    storage = folder / "source"
    for count in _COUNTS:
        _put(storage, f"of{count}", count)
    with docker_registry(storage) as source:
        yield from beside(*_in_turn(folder, source))
        by_workers = cluster.mirrored(folder, source)
        copied, unchanged = dict[int, Spent](), dict[int, Spent]()
        for count in _COUNTS:
            with registry(folder / f"target-{count}") as target:
                argv = words(source, target.address, count)
                copied[count] = timed(argv)
                unchanged[count] = timed([*argv, "--check"])
    yield cluster.row(by_workers, copied[cluster.MIRRORED])
    yield from flat(copied, unchanged)


def _put(storage: Path, name: str, count: int) -> None:
    """So many images, in repositories of a hundred."""
    base = [os.urandom(_SMALL) for _ in range(2)]
    for number in range(0, count, _OF_A_REPOSITORY):
        repository = Storage(storage, f"{name}/app{number // _OF_A_REPOSITORY:03}")
        for tag in range(min(_OF_A_REPOSITORY, count)):
            layers = [repository.put_blob([piece], f"{OCI}.layer.v1.tar") for piece in (*base, os.urandom(_SMALL))]
            repository.put_manifest(layers, [str(layer["digest"]) for layer in layers], [f"v{tag}"])


# Beside others: one repository, for that is what each of them has a word for.


def _in_turn(folder: Path, source: str) -> tuple[dict[str, Times], dict[str, Times]]:
    """The seconds of each program with a repository of a hundred images, and with the same once more."""
    first, again = dict[str, Times](), dict[str, Times]()
    for number in range(_ROUNDS):
        for name in list(_ways(source, ""))[:: -1 if number % 2 else 1]:
            with registry(folder / f"beside-{name}-{number}") as target:
                argv = _ways(source, target.address)[name]
                for times in (first, again):
                    spent = timed(argv)
                    found = times.setdefault(name, Times())
                    found.seconds.append(spent.seconds)
                    found.cpu.append(spent.cpu)
    return first, again


def _ways(source: str, target: str) -> dict[str, list[str]]:
    repository = f"of{_COUNTS[0]}/app000"
    plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
    sync = ["skopeo", "--insecure-policy", "sync", *plain, "--src", "docker", "--dest", "docker"]
    ways = {
        "boxship": words(source, target, _COUNTS[0]),
        "skopeo": [*sync, f"{source}/{repository}", f"{target}/of{_COUNTS[0]}"],
        "crane": ["crane", "copy", "--all-tags", f"{source}/{repository}", f"{target}/{repository}"],
    }
    return {name: argv for name, argv in ways.items() if name == "boxship" or not missing(name)}


def beside(first: Mapping[str, Times], again: Mapping[str, Times]) -> Iterator[Row]:
    """The rows of a repository's images: copied, and once more, beside each of the others."""
    for what, times in (("a mirror", first), ("the same once more, of which all is there", again)):
        work = f"{what}: {_COUNTS[0]} images of one repository"
        sides = Sides.timed(work, times)
        for name, theirs in times.items():
            if name != "boxship":
                ours = times["boxship"]
                told = f"{work} ({ours.best:.2f} s), over {name} ({theirs.best:.2f} s)"
                yield Comparison(theirs, ours).throughput(told, _LEAST[name], sides)


# Flat: threads of one process, and ever more images.


def flat(copied: Spents, unchanged: Spents) -> Iterator[Row]:
    """The rows of what an image costs among many, beside what it costs among fewer."""
    for what, spent in (("copied", copied), ("unchanged, a HEAD on each side", unchanged)):
        yield _growth(what, spent)
    first, _, last = copied
    memory = {count: one.peak_kib * 1024 for count, one in copied.items()}
    grown = (memory[last] - memory[first]) / (last - first) * 1000 / 1e6
    yield Row(
        name=f"peak memory, by a thousand images more (of {last:,})",
        target="<= 5 MB",
        measured=f"{grown:.1f} MB ({memory[last] / 1e6:.0f} MB, {memory[last] / memory[first]:.2f} x)",
        spread="1 round",
        holds="yes" if grown <= 5 else "no",
        sides=Sides(work="peak memory", values=_by_count(memory), unit="bytes"),
    )


def _growth(what: str, spent: Spents) -> Row:
    each = {count: one.cpu / count for count, one in spent.items()}
    first, middle, last = each
    # A process's own start is in the cost of a hundred, and in none of the others' to speak of.
    ratios = each[last] / each[first], each[last] / each[middle]
    growth = max(ratios)
    told = ", ".join(f"{n:,}: {cost * 1000:.2f} ms, {n / spent[n].seconds:,.0f} a s" for n, cost in each.items())
    return Row(
        name=f"processor time of an image {what}, among {last:,} over among fewer",
        target=f"<= {_MOST_GROWTH:g} x",
        measured=f"{growth:.2f} x ({told})",
        spread=f"{min(ratios):.2f}-{growth:.2f}, 1 round",
        holds="yes" if growth <= _MOST_GROWTH else "no",
        facts={str(count): [one.seconds, one.cpu, one.peak_kib] for count, one in spent.items()},
        sides=Sides(work=f"processor time of an image {what}", values=_by_count(each)),
    )


def _by_count(values: Mapping[int, float]) -> dict[str, Sequence[float]]:
    return {f"boxship, among {count:,}": [value] for count, value in values.items()}
