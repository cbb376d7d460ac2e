"""A client in a namespace: `python -m tests.matrix.drive blocking|asyncio`, jobs on its input, what came of them out.

All jobs go on at the same time, each with a client of its own, and begin a moment apart: each has a calm start.
"""

from __future__ import annotations

__all__ = ["main"]

import asyncio
import itertools
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from multiprocessing import get_context

from boxship import AsyncClient, Client
from boxship.client import PlainHTTP
from boxship.connect.address import Address
from boxship.connect.deadline import Bounds
from boxship.connect.leg import PLAIN_PORT, TLS_PORT
from boxship.connect.memory import Memory, Remembered, Seen, key_of
from boxship.connect.recollection import default_folder
from boxship.errors import BoxshipError
from tests.matrix.job import Done, Job, read_jobs, write_done
from tests.matrix.row import Said, Wish

NOBODY = "127.0.0.1:1"
LATE = ("boxship.connect.tls", "boxship.connect.tunnel", "boxship.auth.token", "boxship.connect.report")
_APART = 0.03  # seconds from one start to the next
_TAGS, _MANIFEST = "/v2/app/tags/list", "/v2/app/manifests/v1"
_BODY = b'{"of": "the user"}'
_HEADERS = {"X-Mine": "of the user"}
_PLAIN: Mapping[Said, PlainHTTP] = {Said.AUTO: "auto", Said.ALWAYS: "always"}


def _remember(job: Job) -> None:
    """Leave in the memory what an earlier run has seen."""
    folder, before = default_folder(os.environ), job.before
    if not (before and folder):
        return
    port = PLAIN_PORT if Seen(before.seen) is Seen.PLAIN else TLS_PORT
    address = Address.of(job.address, port)
    key = key_of(job.registry, None, "direct", address)
    assert key, "of loopback nothing is kept"
    seen = Remembered(Seen(before.seen), time.time() - before.age, str(address), before.evidence)
    Memory(folder).remember(key, seen)


def _warm_up() -> None:
    """Import what is imported when it is needed first: many programs begin at once, and starting is not measured."""
    with Client(insecure=True, memory=None) as client, suppress(BoxshipError):
        client.ping(NOBODY)
    for name in LATE:
        import_module(name)


def _blocking(jobs: tuple[Job, ...]) -> tuple[Done, ...]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        return tuple(pool.map(_do, jobs, range(len(jobs))))


def _do(job: Job, number: int) -> Done:
    time.sleep(number * _APART)
    begun = time.monotonic()
    try:
        with _client(job) as client:
            done = _wish(client, job)
    except BoxshipError as error:
        done = _failed(job, error)
    return replace(done, seconds=time.monotonic() - begun)


def _client(job: Job) -> Client:
    return Client(
        insecure=job.said is Said.INSECURE,
        plain_http=_PLAIN.get(job.said),
        ca_file=job.authority,
        config=job.config,
        bounds=Bounds(**job.bounds),
    )


def _wish(client: Client, job: Job) -> Done:
    if job.wish in (Wish.TAGS, Wish.ANONYMOUS):
        return Done(name=job.name, seconds=0.0, tags=tuple(client.tags(f"{job.registry}/app")))
    with client.api(*_request(job), body=_body(job), headers=_headers(job)) as response:
        return Done(name=job.name, seconds=0.0, status=response.status)


def _request(job: Job) -> tuple[str, str, str]:
    return ("PUT", job.registry, _MANIFEST) if job.wish is Wish.PUT else ("GET", job.registry, _TAGS)


def _body(job: Job) -> bytes | None:
    return _BODY if job.wish is Wish.PUT else None


def _headers(job: Job) -> dict[str, str]:
    return _HEADERS if job.wish is Wish.HEADER else {}


def _failed(job: Job, error: BoxshipError) -> Done:
    evidence: tuple[str, ...] = getattr(error, "evidence", ())
    return Done(name=job.name, seconds=0.0, error=type(error).__name__, words="\n".join([str(error), *evidence]))


async def _together(jobs: tuple[Job, ...]) -> tuple[Done, ...]:
    return tuple(await asyncio.gather(*(_do_lifted(job, number) for number, job in enumerate(jobs))))


async def _do_lifted(job: Job, number: int) -> Done:
    await asyncio.sleep(number * _APART)
    begun = time.monotonic()
    if job.cancel is None:
        done = await _tried(job)
    else:
        task = asyncio.ensure_future(_tried(job))
        await asyncio.sleep(job.cancel)
        begun = time.monotonic()
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        done = ended if isinstance(ended, Done) else Done(name=job.name, seconds=0.0, error=type(ended).__name__)
    return replace(done, seconds=time.monotonic() - begun)


async def _tried(job: Job) -> Done:
    try:
        async with _lifted(job) as client:
            return await _wish_lifted(client, job)
    except BoxshipError as error:
        return _failed(job, error)


def _lifted(job: Job) -> AsyncClient:
    return AsyncClient(
        insecure=job.said is Said.INSECURE,
        plain_http=_PLAIN.get(job.said),
        ca_file=job.authority,
        config=job.config,
        bounds=Bounds(**job.bounds),
    )


async def _wish_lifted(client: AsyncClient, job: Job) -> Done:
    if job.wish in (Wish.TAGS, Wish.ANONYMOUS):
        return Done(name=job.name, seconds=0.0, tags=tuple([tag async for tag in client.tags(f"{job.registry}/app")]))
    async with client.api(*_request(job), body=_body(job), headers=_headers(job)) as response:
        return Done(name=job.name, seconds=0.0, status=response.status)


_WAYS: dict[str, Callable[[tuple[Job, ...]], tuple[Done, ...]]] = {
    "blocking": _blocking,
    "asyncio": lambda jobs: asyncio.run(_together(jobs)),
}


def _elsewhere(way: str, jobs: tuple[Job, ...]) -> tuple[Done, ...]:
    """Do jobs of the same environment, in a process that has it."""
    for name in [name for name in os.environ if name.endswith("_PROXY")]:
        del os.environ[name]
    os.environ.update(jobs[0].proxies)
    return _WAYS[way](jobs)


def _by_environment(jobs: Iterable[Job]) -> tuple[tuple[Job, ...], ...]:
    groups = defaultdict[frozenset[tuple[str, str]], list[Job]](list)
    for job in jobs:
        groups[frozenset(job.proxies.items())].append(job)
    return tuple(map(tuple, groups.values()))


def main() -> None:
    jobs = read_jobs(sys.stdin.read())
    _warm_up()
    for job in jobs:
        _remember(job)
    groups = _by_environment(jobs)
    # A fork has everything imported, and costs next to nothing; no thread has begun by then.
    with ProcessPoolExecutor(len(groups), get_context("fork")) as pool:
        done = pool.map(partial(_elsewhere, sys.argv[1]), groups)
        sys.stdout.write(write_done(itertools.chain.from_iterable(done)))


if __name__ == "__main__":
    main()
