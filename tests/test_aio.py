from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Iterator

import pytest

from boxship import AsyncClient, Client
from boxship.aio import AsyncListing
from boxship.digest import Digest
from boxship.errors import BoxshipError, NotFound
from boxship.testing import (
    NEVER,
    Answer,
    Image,
    RunningRegistry,
    ScriptedRegistry,
    instead,
    put_image,
    put_tags,
    registry,
    serving,
)
from tests.transport.reaching import settled, traces

IMAGE = Image.of([bytes(range(256)) * 10_000, b"small"])
DIGEST = Digest.of(IMAGE.layers[0])
GOOD = ScriptedRegistry(image=IMAGE)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as r:
        put_image(r.address, "app", "v1", IMAGE)
        put_tags(r.address, "many", [f"t{number:03}" for number in range(50)])
        yield r


# Parity.


def public(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(member)
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_") or name == "__init__"
    }


@pytest.mark.parametrize("name", public(Client))
def test_every_method_is_there_with_the_same_parameters(name: str) -> None:
    blocking, lifted = public(Client)[name], public(AsyncClient)[name]
    assert [(p.name, p.kind, p.default) for p in blocking.parameters.values()] == [
        (p.name, p.kind, p.default) for p in lifted.parameters.values()
    ]
    if name != "attempt_each":  # whose verb is a coroutine function
        assert kinds(blocking) == [said.replace("Async", "") for said in kinds(lifted)]


def kinds(signature: inspect.Signature) -> list[str]:
    return [str(parameter.annotation) for parameter in signature.parameters.values()]


def test_there_is_no_method_more() -> None:
    assert set(public(AsyncClient)) == set(public(Client))


def blocking_results(client: Client, at: str) -> list[object]:
    with client.open_blob(f"{at}/app@{DIGEST}") as blob:
        content = b"".join(map(bytes, blob))
    with client.api("GET", at, "/v2/") as response:
        status = response.status
    return [
        client.ping(at).status,
        list(client.tags(f"{at}/many", after="t003", page_size=7)),
        list(client.catalog(at)),
        client.digest(f"{at}/app:v1"),
        list(client.digests([f"{at}/app:v1", f"{at}/many:t001"])),
        [type(found) for found in client.attempt_each(client.digest, [f"{at}/app:v1", f"{at}/app:v9"])],
        list(map(str, client.attempt_digests([f"{at}/app:v1", f"{at}/app:v9"]))),
        list(map(str, client.attempt_documents([f"{at}/app:v1", f"{at}/app:v9"]))),
        client.document(f"{at}/app:v1"),
        client.manifest(f"{at}/app:v1", platform="linux/amd64"),
        client.config(f"{at}/app:v1"),
        client.read_blob(f"{at}/app@{DIGEST}", size=len(IMAGE.layers[0])),
        content,
        status,
    ]


async def lifted_results(client: AsyncClient, at: str) -> list[object]:
    async with client.open_blob(f"{at}/app@{DIGEST}") as blob:
        content = b"".join([bytes(piece) async for piece in blob])
    async with client.api("GET", at, "/v2/") as response:
        status = response.status
    return [
        (await client.ping(at)).status,
        [tag async for tag in client.tags(f"{at}/many", after="t003", page_size=7)],
        [name async for name in client.catalog(at)],
        await client.digest(f"{at}/app:v1"),
        [digest async for digest in client.digests([f"{at}/app:v1", f"{at}/many:t001"])],
        [type(found) async for found in client.attempt_each(client.digest, [f"{at}/app:v1", f"{at}/app:v9"])],
        [str(found) async for found in client.attempt_digests([f"{at}/app:v1", f"{at}/app:v9"])],
        [str(found) async for found in client.attempt_documents([f"{at}/app:v1", f"{at}/app:v9"])],
        await client.document(f"{at}/app:v1"),
        await client.manifest(f"{at}/app:v1", platform="linux/amd64"),
        await client.config(f"{at}/app:v1"),
        await client.read_blob(f"{at}/app@{DIGEST}", size=len(IMAGE.layers[0])),
        content,
        status,
    ]


def test_the_results_are_the_same(running: RunningRegistry) -> None:
    async def lifted() -> list[object]:
        async with AsyncClient() as client:
            return await lifted_results(client, running.address)

    with Client() as client:
        assert asyncio.run(lifted()) == blocking_results(client, running.address)


@pytest.mark.parametrize("reference", ["app:v9", "none:v1"])
def test_the_errors_are_the_same(reference: str, running: RunningRegistry) -> None:
    async def lifted() -> None:
        async with AsyncClient() as client:
            await client.document(f"{running.address}/{reference}")

    with pytest.raises(NotFound) as ours, Client() as client:
        client.document(f"{running.address}/{reference}")
    with pytest.raises(NotFound) as theirs:
        asyncio.run(lifted())
    assert str(ours.value) == str(theirs.value)
    assert theirs.value.timeline


# Many at once.


async def listing(client: AsyncClient, at: str) -> object:
    return [tag async for tag in client.tags(f"{at}/app")]


async def digest(client: AsyncClient, at: str) -> object:
    return await client.digest(f"{at}/app:v1")


def test_many_tasks_at_once() -> None:
    async def scenario(at: str) -> list[object]:
        async with AsyncClient() as client:
            verbs: list[Awaitable[object]] = [listing(client, at) for _ in range(100)]
            verbs += [digest(client, at) for _ in range(100)]
            return list(await asyncio.gather(*verbs))

    with serving(GOOD) as server:
        found = asyncio.run(scenario(server.url))
        assert len(server.connections) <= 64
    assert found == [["latest", "v1", "v2"]] * 100 + [IMAGE.digest] * 100


def test_the_loop_goes_on_while_a_call_waits() -> None:
    async def scenario(at: str) -> int:
        turns = 0
        async with AsyncClient() as client:
            task = asyncio.ensure_future(digest(client, at))
            while not task.done():
                await asyncio.sleep(0.01)
                turns += 1
        return turns

    with serving(lambda request: Answer(200, b"{}", delay=0.3) if "x" not in request.path else GOOD(request)) as server:
        assert asyncio.run(scenario(server.url)) > 10


def test_a_listing_that_is_read_half_asks_for_no_more_and_leaves_nothing() -> None:
    async def scenario(at: str) -> list[str]:
        async with AsyncClient() as client:
            names: AsyncListing = client.tags(f"{at}/app")
            return [await anext(names) for _ in range(150)]

    with serving(ScriptedRegistry(tags=[f"v{n:04}" for n in range(1000)], page_size=100)) as server:
        before = traces()
        assert len(asyncio.run(scenario(server.url))) == 150
        assert len(server.requests) == 2
        assert settled(before)


def test_attempts_that_are_read_half_are_cancelled() -> None:
    async def scenario(at: str) -> object:
        async with AsyncClient() as client:
            names = [f"{at}/app:v1", *[f"{at}/slow:v1"] * 20]
            found: AsyncIterator[Digest | BoxshipError] = client.attempt_each(client.digest, names)
            first = await anext(found)
            await found.aclose()  # type: ignore[attr-defined] # it is a generator
            return first

    with serving(instead(GOOD, "/slow/", NEVER)) as server:
        began = time.monotonic()
        assert asyncio.run(scenario(server.url)) == IMAGE.digest
        assert time.monotonic() - began < 2


def test_closing_leaves_no_thread() -> None:
    async def scenario(at: str) -> None:
        async with AsyncClient() as client:
            await asyncio.gather(*(listing(client, at) for _ in range(20)))
            assert any(thread.name.startswith("boxship-async") for thread in threading.enumerate())

    with serving(GOOD) as server:
        before = traces()
        asyncio.run(scenario(server.url))
        assert settled(before)


def test_the_time_of_a_listing_begins_when_its_first_name_is_wanted(running: RunningRegistry) -> None:
    async def scenario() -> list[str]:
        async with AsyncClient(timeout=1.0) as client:
            listing = client.tags(f"{running.address}/app")
            await asyncio.sleep(1.2)
            return [tag async for tag in listing]

    assert asyncio.run(scenario())
