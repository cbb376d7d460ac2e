from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

import pytest

from boxship import AsyncClient
from boxship.digest import Digest
from boxship.errors import Cancelled, DigestMismatch
from boxship.lift import Lift
from boxship.testing import (
    NEVER,
    Answer,
    Image,
    Listener,
    Place,
    ScriptedRegistry,
    TokenServer,
    bearer,
    black_hole,
    by_path,
    instead,
    mute,
    serving,
    wrong_digest,
)
from boxship.testing import Request as Received
from tests.transport.reaching import AT_ONCE, settled, traces

IMAGE = Image.of([bytes(range(256)) * 10_000, b"small"])
DIGEST = Digest.of(IMAGE.layers[0])
GOOD = ScriptedRegistry(image=IMAGE)


async def listing(client: AsyncClient, at: str) -> object:
    return [tag async for tag in client.tags(f"{at}/app")]


async def digest(client: AsyncClient, at: str) -> object:
    return await client.digest(f"{at}/app:v1")


async def digests(client: AsyncClient, at: str) -> object:
    return [found async for found in client.digests([f"{at}/app:v1"] * 20)]


async def attempts(client: AsyncClient, at: str) -> object:
    return [found async for found in client.attempt_each(client.digest, [f"{at}/app:v1"] * 20)]


async def blob(client: AsyncClient, at: str) -> object:
    async with client.open_blob(f"{at}/app@{DIGEST}") as opened:
        return [bytes(piece) async for piece in opened]


async def held_blob(client: AsyncClient, at: str) -> object:
    async with client.open_blob(f"{at}/app@{DIGEST}") as opened:
        await anext(aiter(opened))
        await asyncio.sleep(60)
    return None


async def answer(client: AsyncClient, at: str) -> object:
    async with client.api("GET", at, "/v2/") as response:
        return response


def challenging(request: Received) -> Answer:
    tokens = TokenServer()
    return by_path({"/token": NEVER, "/": ScriptedRegistry(access=bearer("/token", tokens))})(request)


Verb = Callable[[AsyncClient, str], Awaitable[object]]
Opens = Callable[[], AbstractContextManager[Place | Listener]]
STALLED = instead(GOOD, "/blobs/", Answer(200, IMAGE.layers[0], stall_after=2_400_000))
NEARLY = instead(GOOD, "/blobs/", Answer(200, IMAGE.layers[0], stall_after=len(IMAGE.layers[0]) - 9))
WAITS: dict[str, tuple[Opens, str, Verb]] = {
    "connecting to a black hole": (black_hole, "https://", listing),
    "racing to a black hole": (black_hole, "", listing),
    "waiting for a mute server": (mute, "https://", listing),
    "waiting for an answer": (lambda: serving(NEVER), "http://", digest),
    "waiting for many answers": (lambda: serving(NEVER), "http://", digests),
    "waiting for many attempts": (lambda: serving(NEVER), "http://", attempts),
    "waiting for an answer to a request of one's own": (lambda: serving(NEVER), "http://", answer),
    "reading a stalled blob": (lambda: serving(STALLED), "http://", blob),
    "holding a stalled blob": (lambda: serving(STALLED), "http://", held_blob),
    "holding a blob that stalls at its end": (lambda: serving(NEARLY), "http://", held_blob),
    "waiting for a token": (lambda: serving(challenging), "http://", digest),
}


@pytest.mark.parametrize(("place", "prefix", "verb"), WAITS.values(), ids=WAITS.keys())
def test_a_cancelled_task_ends_at_once_and_leaves_nothing(place: Opens, prefix: str, verb: Verb) -> None:
    async def cancelled(at: str) -> float:
        async with AsyncClient() as client:
            task = asyncio.ensure_future(verb(client, at))
            await asyncio.sleep(0.3)
            assert not task.done()
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - began

    with place() as reached:
        before = traces()
        assert asyncio.run(cancelled(f"{prefix}{reached.address}")) < AT_ONCE
        assert settled(before)


def test_a_task_in_line_behind_many_waits_is_cancelled_at_once() -> None:
    async def scenario(at: str) -> float:
        async with AsyncClient() as client:
            waiting = [asyncio.ensure_future(digest(client, at)) for _ in range(80)]
            await asyncio.sleep(0.3)
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(digest(client, at), 0.1)
            seconds = time.monotonic() - began
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return seconds

    with serving(NEVER) as server:
        before = traces()
        assert asyncio.run(scenario(server.url)) < 0.1 + AT_ONCE
        assert settled(before)


def test_closing_ends_waits_that_hold_every_thread() -> None:
    async def scenario(at: str) -> list[type[object]]:
        async with AsyncClient() as client:
            waiting = [asyncio.ensure_future(digest(client, at)) for _ in range(64)]
            await asyncio.sleep(0.3)
        return [type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)]

    with serving(NEVER) as server:
        before = traces()
        assert set(asyncio.run(scenario(server.url))) == {Cancelled}
        assert settled(before)


def test_a_client_goes_on_after_a_cancelled_task() -> None:
    async def scenario(at: str) -> list[str]:
        async with AsyncClient() as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.read_blob(f"{at}/app@{DIGEST}"), 0.2)
            return [tag async for tag in client.tags(f"{at}/app")]

    with serving(instead(GOOD, "/blobs/", NEVER)) as server:
        assert asyncio.run(scenario(server.url)) == ["latest", "v1", "v2"]


def test_a_blob_that_is_left_early_leaves_nothing() -> None:
    async def scenario(at: str) -> int:
        async with AsyncClient() as client, client.open_blob(f"{at}/app@{DIGEST}") as opened:
            first = await anext(aiter(opened))
            return len(first)

    with serving(GOOD) as server:
        before = traces()
        assert asyncio.run(scenario(server.url)) > 0
        assert settled(before)


def test_a_wrong_blob_is_refused() -> None:
    async def scenario(at: str) -> object:
        async with AsyncClient() as client:
            return await blob(client, at)

    with serving(wrong_digest(GOOD)) as server, pytest.raises(DigestMismatch):
        asyncio.run(scenario(server.url))


def test_a_listener_that_runs_out_is_an_error_and_no_wait_without_end() -> None:
    heard = iter([1])

    async def scenario(at: str) -> object:
        async with AsyncClient(on_event=lambda _: (next(heard), None)[1]) as client:
            return await asyncio.wait_for(client.ping(at), 5)

    with serving(GOOD) as server, pytest.raises(RuntimeError) as caught:
        asyncio.run(scenario(server.url))
    assert isinstance(caught.value.__cause__, StopIteration)


def test_a_task_that_is_cancelled_twice_waits_no_more_and_its_thread_ends_in_peace() -> None:
    lift, go = Lift(None, None), threading.Event()

    async def scenario() -> None:
        task = asyncio.ensure_future(lift(lambda: go.wait(5)))
        for _ in range(2):
            await asyncio.sleep(0.1)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    before = [thread for thread in threading.enumerate() if thread.name.startswith("boxship-async")]
    go.set()
    time.sleep(0.2)  # a thread that dies of it makes a warning, which is an error here
    lift.close()
    assert before
