"""Digests of 10,000 references in one process, beside eight threads of bare `http.client`."""

from __future__ import annotations

__all__ = ["run"]

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from bare import asked
from measure import Row, Sides, verdict

from boxship import Client
from boxship.testing import put_tags, registry

_ROUNDS = 7
_REFERENCES, _TAGS = 10_000, 100
_LEAST = 5_000
# What bare http.client did on the machine for which the rate was set, while nothing else ran there.
_REFERENCE = 13_000


def run(folder: Path) -> Iterator[Row]:
    """The rows of digests."""
    tags = [f"v{number}" for number in range(_TAGS)]
    with registry(folder) as running, Client() as client:
        put_tags(running.address, "app", tags)
        references = [f"{running.address}/app:{tags[number % _TAGS]}" for number in range(_REFERENCES)]
        paths = [f"/v2/app/manifests/{tags[number % _TAGS]}" for number in range(_REFERENCES)]
        ours, bare = [], []
        for number in range(_ROUNDS + 1):
            rates = _rate(lambda: _boxship(client, references)), _rate(lambda: asked(running.address, paths))
            if number:
                ours.append(rates[0])
                bare.append(rates[1])
    sides = Sides(work="digests of 10,000 references", values={"boxship": ours, "bare http.client": bare}, unit="/s")
    yield Row(
        name=f"`Client.digests` of {_REFERENCES:,} references (bare http.client: {max(bare):,.0f}/s)",
        target=f">= {_LEAST:,}/s",
        measured=f"{max(ours):,.0f}/s (median {median(ours):,.0f})",
        spread=f"{min(ours):,.0f}-{max(ours):,.0f}, {_ROUNDS} rounds",
        holds=verdict(max(ours) >= _LEAST, median(ours) >= _LEAST),
        sides=sides,
    )
    shares = [a / b for a, b in zip(ours, bare, strict=True)]
    best, least = max(ours) / max(bare), _LEAST / _REFERENCE
    yield Row(
        name="the same as a share of bare http.client's rate in the same run",
        target=f">= {least:.2f} x ({_LEAST:,} of {_REFERENCE:,})",
        measured=f"{best:.2f} x (median {median(shares):.2f})",
        spread=f"{min(shares):.2f}-{max(shares):.2f}, {_ROUNDS} rounds",
        holds=verdict(best >= least, median(shares) >= least),
    )


def _rate(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return _REFERENCES / (time.perf_counter() - began)


def _boxship(client: Client, references: list[str]) -> None:
    assert len(set(client.digests(references))) == 1  # all tags are one image's
