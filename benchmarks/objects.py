"""What content in an object store costs the registry before it: sending clients there, and moving bytes itself."""

from __future__ import annotations

__all__ = ["objects"]

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from load import Blob, boxship_registry, pull, push, requests_a_second
from measure import Row
from replicas import processor
from tests.peers.object_stores import moto
from tests.peers.postgresql import Cluster

_SECONDS = 2
_MEBIBYTES, _TIMES = 128, 3
_QUESTIONS = 100_000


def objects(folder: Path, running: Cluster) -> Iterator[Row]:
    """The rows of content in a store; what the store itself needs is not counted."""
    with moto(folder / "store") as store, _asked_as(store.environment):
        options = ("--in-flight", "0", "--storage", f"s3://{store.new()}/registry", "--database", running.new())
        with boxship_registry(folder / "before-it", *options) as registry:
            blobs = [Blob.noise(folder / f"blob-{number}", _MEBIBYTES) for number in range(_TIMES)]
            for what, move in (("push", push), ("pull", pull)):
                yield _moved(what, _spent(registry, running, partial(_all, move, registry[0], blobs)))
        with boxship_registry(folder / "before-it", *options, "--storage-redirect") as registry:
            path, answers = f"/v2/app/blobs/{blobs[0].digest}?x=%d", []
            seconds = _spent(registry, running, lambda: answers.append(_rate(registry[0], path)))
            yield _redirected(answers[0], seconds)


@contextmanager
def _asked_as(variables: Mapping[str, str]) -> Iterator[None]:
    """While who is started has the credentials of the store."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def _all(move: Callable[[str, str, Blob], float], address: str, blobs: list[Blob]) -> None:
    for blob in blobs:
        move(address, "app", blob)


def _rate(address: str, path: str) -> float:
    return requests_a_second(address, path, numbers=_QUESTIONS, seconds=_SECONDS)


def _spent(registry: tuple[str, int], running: Cluster, work: Callable[[], object]) -> tuple[float, float]:
    """The seconds of processors that the work takes of the registry and of PostgreSQL."""
    before = processor([registry], running)
    work()
    ours, theirs = (b - a for a, b in zip(before, processor([registry], running), strict=True))
    return ours, theirs


def _moved(what: str, seconds: tuple[float, float]) -> Row:
    gigabytes = _MEBIBYTES * _TIMES * 1024**2 / 1e9
    return Row(
        name=f"{what} of {_TIMES} blobs of {_MEBIBYTES} MiB through the registry, with a store: processor time",
        target="",
        measured=f"{seconds[0] / gigabytes:.2f} s for a gigabyte",
        holds="",
    )


def _redirected(rate: float, seconds: tuple[float, float]) -> Row:
    ours, theirs = (1000 * each / (rate * _SECONDS) for each in seconds)
    return Row(
        name="GET of a blob whose client is sent to the store: processor time an answer",
        target="",
        measured=f"{ours:.3f} ms, and {theirs:.3f} ms of PostgreSQL ({rate:,.0f}/s)",
        holds="",
    )
