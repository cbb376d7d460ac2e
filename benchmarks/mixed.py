"""How long a registry lets each of 64 clients wait: 60 read manifests, tags and small blobs, 4 push meanwhile."""

from __future__ import annotations

__all__ = ["PERCENTILES", "filled", "run", "waits_of"]

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

from load import boxship_registry
from measure import Row, Sides, verdict
from programs import docker_registry, missing

from boxship.digest import Digest
from boxship.media_type import ACCEPT_MANIFESTS
from boxship.testing import put_blob, put_tags, random_image

_ROUNDS, _SECONDS = 5, 4
_CLIENTS, _PUSHERS = 64, 4
_TAGS, _SMALL = 200, 4096
PERCENTILES = (50, 95, 99)
_PAUSE = 0.01  # seconds between two pushes of one client: pushes are few among requests
_PATIENCE = 30.0


def run(folder: Path) -> Iterator[Row]:
    """The rows of waiting."""
    if missing("wrk", "docker-registry"):
        return
    theirs, ours = folder / "theirs", folder / "ours"
    theirs.mkdir()
    ours.mkdir()
    with docker_registry(theirs) as there, boxship_registry(ours, "--in-flight", "0") as (here, _):
        addresses = {"boxship": here, "docker-registry": there}
        small = {name: filled(address) for name, address in addresses.items()}
        waits: dict[str, list[Sequence[float]]] = {name: [] for name in addresses}
        for number in range(_ROUNDS + 1):
            for name in list(addresses)[:: -1 if number % 2 else 1]:
                found = waits_of(addresses[name], small[name])
                if number:
                    waits[name].append(found)
    yield from (_row(place, percentile, waits) for place, percentile in enumerate(PERCENTILES))


def _row(place: int, percentile: int, waits: Mapping[str, Sequence[Sequence[float]]]) -> Row:
    found = {name: [each[place] for each in every] for name, every in waits.items()}
    ratios = [a / b for a, b in zip(found["boxship"], found["docker-registry"], strict=True)]
    ours, theirs = (median(found[name]) * 1000 for name in ("boxship", "docker-registry"))
    best = min(found["boxship"]) / min(found["docker-registry"])
    return Row(
        name=f"64 clients: {percentile} % wait at most {ours:.1f} ms, over docker-registry's {theirs:.1f} ms",
        target="<= 1 x",
        measured=f"{best:.2f} x (median {median(ratios):.2f})",
        spread=f"{min(ratios):.2f}-{max(ratios):.2f}, {_ROUNDS} rounds",
        holds=verdict(best <= 1, median(ratios) <= 1),
        sides=Sides(work=f"64 clients, the {percentile}th percentile of how long an answer takes", values=found),
    )


def filled(address: str) -> str:
    """Push an image under many tags; returns the digest of its layer."""
    image = random_image(layers=1, layer_size=_SMALL)
    put_tags(address, "app", [f"v{number}" for number in range(_TAGS)], image)
    return str(Digest.of(image.layers[0]))


def waits_of(address: str, layer: str = "", *, pushers: int = _PUSHERS) -> tuple[float, ...]:
    """The seconds that half, 95 and 99 of 100 answers took at most, of 64 clients.

    `pushers` of them push meanwhile; without `layer` the others ask for metadata alone.
    """
    with NamedTemporaryFile("w", suffix=".lua") as script, _pushing(address, pushers):
        percentiles = ", ".join(f"latency:percentile({each})" for each in PERCENTILES)
        manifests = _MANIFESTS if layer else _MANIFESTS + _BLOBS
        asked = {"tags": _TAGS, "layer": layer, "accept": ACCEPT_MANIFESTS, "manifests": manifests}
        script.write(_MIXED.format(**asked, percentiles=percentiles))
        script.flush()
        wrk = ["wrk", "-t1", f"-c{_CLIENTS - pushers}", f"-d{_SECONDS}s", "-s", script.name, f"http://{address}/"]
        said = subprocess.run(wrk, capture_output=True, text=True, timeout=_SECONDS + _PATIENCE, check=True).stdout
    wrong = [line for line in said.splitlines() if "Non-2xx" in line or "Socket errors" in line]
    if wrong:
        raise RuntimeError(f"{address}: {wrong}")
    return tuple(float(each) / 1e6 for each in said.rpartition("waits: ")[2].split())


# Of ten requests; one lists tags.
_MANIFESTS, _BLOBS = 6, 3
_MIXED = """
local number = 0
request = function()
  number = number + 1
  local what = number % 10
  if what < {manifests} then
    return wrk.format("GET", "/v2/app/manifests/v" .. (number * 7 % {tags}), {{["Accept"] = "{accept}"}})
  elseif what < 9 then
    return wrk.format("GET", "/v2/app/blobs/{layer}")
  end
  return wrk.format("GET", "/v2/app/tags/list?n=100")
end
done = function(summary, latency, requests)
  io.write("waits: ", table.concat({{{percentiles}}}, " "), "\\n")
end
"""


@contextmanager
def _pushing(address: str, number: int) -> Iterator[None]:
    """So many clients that push small blobs, each one after the other, as long as the block lasts."""
    over = threading.Event()

    def push() -> None:
        while not over.wait(_PAUSE):
            put_blob(address, "pushed", os.urandom(_SMALL))

    with ThreadPoolExecutor() as clients:
        pushed = [clients.submit(push) for _ in range(number)]
        try:
            yield
        finally:
            over.set()
    for each in pushed:
        each.result()  # what failed is said
