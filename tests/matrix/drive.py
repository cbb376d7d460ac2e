"""A client in a namespace: `python -m tests.matrix.drive blocking|asyncio`, jobs on its input, what came of them out.

All jobs go on at the same time, each with a client of its own, and begin a moment apart: each has a calm start.
"""

from __future__ import annotations

__all__ = ["main"]

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from boxship import AsyncClient, Client
from boxship.client import PlainHTTP
from boxship.connect.deadline import Bounds
from boxship.errors import BoxshipError
from tests.matrix.job import Done, Job, read_jobs, write_done
from tests.matrix.row import Said, Wish

_APART = 0.03  # seconds from one start to the next
_TAGS, _MANIFEST = "/v2/app/tags/list", "/v2/app/manifests/v1"
_BODY = b'{"of": "the user"}'
_HEADERS = {"X-Mine": "of the user"}
_PLAIN: Mapping[Said, PlainHTTP] = {Said.AUTO: "auto", Said.ALWAYS: "always"}


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


def main() -> None:
    jobs = read_jobs(sys.stdin.read())
    sys.stdout.write(write_done(_WAYS[sys.argv[1]](jobs)))


if __name__ == "__main__":
    main()
