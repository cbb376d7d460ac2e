"""`boxship registry serve` beside Debian's docker-registry: manifests, large blobs, long lists, and memory."""

from __future__ import annotations

__all__ = ["run"]

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from load import Blob, boxship_registry, give_tags, peak_kib, pull, push, requests_a_second
from measure import Comparison, Row, Sides, Times, in_turn, verdict
from programs import Storage, docker_registry, missing

from boxship.media_type import ACCEPT_MANIFESTS

_ROUNDS, _SECONDS = 7, 2
_LARGE = 954  # mebibytes: 1 GB
_TAGS = 5_000
_FEW, _MANY, _PAGE, _QUESTIONS = 2_000, 200_000, 1_000, 100_000
_CLIENTS, _EACH = 32, 30  # mebibytes: 1 GB in all


def run(folder: Path) -> Iterator[Row]:
    """The rows of the registry."""
    if not missing("wrk", "docker-registry"):
        yield from _manifests(folder / "manifests")
        yield from _blobs(folder / "blobs")
    if not missing("wrk"):
        yield _pages(folder / "pages")
    yield _memory(folder / "memory")


def _manifests(folder: Path) -> Iterator[Row]:
    theirs, ours = _folders(folder)
    tags = [f"v{number}" for number in range(_TAGS)]
    Storage(theirs, "app").put_image([b"a layer"], tags)
    with docker_registry(theirs) as there, boxship_registry(ours) as (here, _):
        give_tags(here, "app", tags)
        addresses = {"ours": here, "theirs": there}
        for what, path in (("one tag", "v1"), (f"{_TAGS:,} tags in turn", "v%d")):
            rates = in_turn(_ROUNDS, addresses, partial(_rate, path=f"app/manifests/{path}", numbers=_TAGS))
            yield _requests(f"GET of a manifest by {what}", rates, least=15)
        # By ever other words: what no registry remembers an answer to.
        rates = in_turn(_ROUNDS, addresses, partial(_rate, path="app/manifests/v1?x=%d", numbers=_QUESTIONS))
        yield _requests("GET of a manifest that was not asked for before", rates, least=4)


def _requests(what: str, rates: dict[str, list[float]], *, least: float) -> Row:
    ratios = [a / b for a, b in zip(rates["ours"], rates["theirs"], strict=True)]
    most, their_most = max(rates["ours"]), max(rates["theirs"])
    best, usual = most / their_most, median(ratios)
    return Row(
        name=f"{what}, {most:,.0f}/s, over docker-registry's {their_most:,.0f}/s",
        target=f">= {least:g} x",
        measured=f"{best:.1f} x (median {usual:.1f})",
        spread=f"{min(ratios):.1f}-{max(ratios):.1f}, {_ROUNDS} rounds",
        holds=verdict(best >= least, usual >= least),
        sides=Sides(work=what, values=_by_program(rates), unit="/s"),
    )


def _by_program(values: dict[str, list[float]]) -> dict[str, list[float]]:
    return {"boxship": values["ours"], "docker-registry": values["theirs"]}


def _rate(address: str, path: str, numbers: int) -> float:
    headers = (f"Accept: {ACCEPT_MANIFESTS}",)
    return requests_a_second(address, f"/v2/{path}", numbers=numbers, seconds=_SECONDS, headers=headers)


def _blobs(folder: Path) -> Iterator[Row]:
    theirs, ours = _folders(folder)
    blob = Blob.noise(folder / "blob", _LARGE)
    with docker_registry(theirs) as there, boxship_registry(ours) as (here, _):
        addresses, numbers = {"ours": here, "theirs": there}, iter(range(2 * _ROUNDS + 2))
        # To another repository each time: a registry may know that one of its own has it already.
        pushed = in_turn(_ROUNDS, addresses, lambda address: push(address, f"app{next(numbers)}", blob))
        for address in addresses.values():
            push(address, "app", blob)
        pulled = in_turn(_ROUNDS, addresses, lambda address: pull(address, "app", blob))
    blob.path.unlink()
    yield _throughput("push of a blob", blob, pushed, 1.3)
    yield _throughput("pull of a blob", blob, pulled, 0.7)


def _throughput(what: str, blob: Blob, seconds: dict[str, list[float]], least: float) -> Row:
    gigabytes, ours = blob.size / 1e9, Times(seconds["ours"])
    name = f"{what}, {gigabytes:.2f} GB ({gigabytes / ours.best:.2f} GB/s), over docker-registry"
    sides = Sides(work=f"{what}, {gigabytes:.2f} GB", values=_by_program(seconds))
    return Comparison(Times(seconds["theirs"]), ours).throughput(name, least, sides)


def _pages(folder: Path) -> Row:
    counts = {"few": _FEW, "many": _MANY}
    with boxship_registry(folder) as (address, _):
        for repository, count in counts.items():
            give_tags(address, repository, [f"v{number:06}" for number in range(count)])
        # The same page, asked for by ever other words: an answer that is remembered would say nothing of the index.
        paths = {name: f"{name}/tags/list?n={_PAGE}&last=v{count // 2 - 1:06}-%d" for name, count in counts.items()}
        rates = in_turn(_ROUNDS, paths, lambda path: _rate(address, path, _QUESTIONS))
    compared = Comparison(*(Times([1 / rate for rate in rates[name]]) for name in ("many", "few")))
    return compared.row(f"a page of {_PAGE:,} tags out of {_MANY:,} ({max(rates['many']):,.0f}/s), over {_FEW:,}", 2.0)


def _memory(folder: Path) -> Row:
    folder.mkdir()
    blobs = [Blob.noise(folder / f"blob{number}", _EACH) for number in range(_CLIENTS)]
    with boxship_registry(folder / "ours") as (address, pid), ThreadPoolExecutor(_CLIENTS) as clients:
        list(clients.map(lambda blob: push(address, "app", blob), blobs))
        peak = peak_kib(pid) / 1024
    return Row(
        name=f"peak memory (VmHWM) while {_CLIENTS} clients push {_CLIENTS * blobs[0].size / 1e9:.2f} GB in all",
        target="<= 150 MB",
        measured=f"{peak:.1f} MiB",
        holds="yes" if peak * 1.048576 <= 150 else "no",
    )


def _folders(folder: Path) -> tuple[Path, Path]:
    for name in ("theirs", "ours"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    return folder / "theirs", folder / "ours"
