"""How long a program of one line takes, and `boxship ls` of one tag: what is started most often."""

from __future__ import annotations

__all__ = ["run"]

from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from measure import BARE, BOXSHIP, IMPORTS, PYTHON, Comparison, Row, Sides, Times, interleaved, verdict
from programs import Storage, docker_registry, listers, missing

from boxship.testing import put_image, registry

_ROUNDS = 40
_MOST_MS = 60.0
_CLIENT = [PYTHON, "-c", "from boxship import Client; Client()"]


def run(folder: Path) -> Iterator[Row]:
    """The rows of start-up."""
    times = interleaved(_ROUNDS, {"bare": BARE, "client": _CLIENT})
    yield _over(times["client"], times["bare"])
    with registry() as running:
        put_image(running.address, "app", "v1")
        yield _listing(running.address, "boxship registry")
    if not missing("docker-registry"):
        Storage(folder, "app").put_image([b"a layer"], ["v1"])
        with docker_registry(folder) as address:
            yield _listing(address, "docker-registry")


def _over(client: Times, bare: Times) -> Row:
    extra = [(ours - theirs) * 1000 for ours, theirs in zip(client.seconds, bare.seconds, strict=True)]
    best, usual = (client.best - bare.best) * 1000, median(extra)
    first, _, third = quantiles(extra, n=4)
    return Row(
        name=f"`from boxship import Client; Client()` over bare Python ({bare.best * 1000:.1f} ms)",
        target=f"<= {_MOST_MS:g} ms",
        measured=f"{best:.1f} ms (median {usual:.1f})",
        spread=f"{first:.1f}-{third:.1f}, {len(extra)} rounds",
        holds=verdict(best <= _MOST_MS, usual <= _MOST_MS),
        sides=Sides.timed("`from boxship import Client; Client()`", {"boxship": client, "bare Python": bare}),
    )


def _listing(address: str, server: str) -> Row:
    commands = {"boxship": [BOXSHIP, "ls", f"{address}/app"], "Python's imports": IMPORTS, **listers(f"{address}/app")}
    times = interleaved(_ROUNDS, commands)
    name = f"`boxship ls` of one tag, {server}, over Python with argparse, dataclasses, http.client and json"
    sides = Sides.timed(f"list one tag, {server}", times)
    return Comparison(times["boxship"], times["Python's imports"]).row(name, 2.0, sides)
