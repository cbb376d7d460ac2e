"""A blob that one process of a registry brings, asked for at another one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import ConnectFailed
from boxship.server.app import App, create_app
from boxship.server.proxy import elsewhere
from boxship.server.registry import Settings
from boxship.server.storage.claim import FileClaim
from boxship.server.storage.file_storage import FileStorage
from boxship.server.storage.layout import Layout
from tests.proxy.stand_in import PIECE, StandIn
from tests.server.driver import Driver, Reply

CONTENT = os.urandom(10 * PIECE + 7)
DIGEST = Digest.of(CONTENT)
BLOB = f"/v2/up/app/blobs/{DIGEST}"


@pytest.fixture(autouse=True)
def _has_it(upstream: StandIn) -> None:
    upstream.contents[DIGEST] = CONTENT
    upstream.stops_at = 5 * PIECE


@asynccontextmanager
async def another(registry: Driver, upstream: StandIn) -> AsyncIterator[App]:
    """Another process's application, as far as anybody can tell who shares files with it."""
    app = create_app(registry.folder, settings=Settings(proxy=(upstream,)))
    await app.open()
    try:
        yield app
    finally:
        await app.close()


async def ask(registry: Driver, app: App, reply: Reply) -> None:
    async def never() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    await app(registry._scope("GET", BLOB, {"host": "localhost"}), never, reply.take)


async def come(reply: Reply, size: int) -> None:
    async with asyncio.timeout(30):
        while len(reply.body) < size:  # noqa: ASYNC110 - nobody tells a client how much it has
            await asyncio.sleep(0.005)


def test_it_is_read_there_while_it_comes_here(registry: Driver, upstream: StandIn) -> None:
    unasked, reply = StandIn(), Reply()

    async def work() -> Reply:
        first = asyncio.create_task(registry.ask("GET", BLOB))
        await asyncio.to_thread(upstream.stopped.wait, 30)
        async with another(registry, unasked) as app:
            asking = asyncio.create_task(ask(registry, app, reply))
            await come(reply, 4 * PIECE)
            assert CONTENT.startswith(reply.body)
            assert len(reply.body) < len(CONTENT)
            upstream.goes_on.set()
            await asking
        return await first

    assert registry.run(work()).body == CONTENT == reply.body
    assert unasked.asked == []


def test_what_the_other_gives_up_is_whole_for_nobody(registry: Driver, upstream: StandIn) -> None:
    upstream.fails_at, upstream.error = 8 * PIECE, ConnectFailed("away in the middle")
    unasked, reply = StandIn(contents={DIGEST: CONTENT}), Reply()

    async def work() -> list[object]:
        first = asyncio.create_task(registry.ask("GET", BLOB))
        await asyncio.to_thread(upstream.stopped.wait, 30)
        async with another(registry, unasked) as app:
            asking = asyncio.create_task(ask(registry, app, reply))
            await come(reply, 4 * PIECE)
            upstream.goes_on.set()
            return list(await asyncio.gather(first, asking, return_exceptions=True))

    first, other = registry.run(work())
    assert isinstance(other, EOFError)
    assert isinstance(first, EOFError) or (isinstance(first, Reply) and first.status == 503)
    assert len(reply.body) < len(CONTENT)
    assert list((registry.folder / "uploads").iterdir()) == []


def test_the_last_byte_and_an_old_note_are_not_believed(tmp_path: Path) -> None:
    storage = FileStorage(Layout(tmp_path / "registry"))
    assert elsewhere.look(storage, DIGEST) is None
    turn, came = (FileClaim(storage.upload(name), new=True) for name in (elsewhere.turn_of(DIGEST), "came"))
    with turn, came:
        assert elsewhere.look(storage, DIGEST) is None
        turn.write(0, b"killed 1234567890")
        elsewhere.note(turn, came, 10)
        for written, there in ((4, 4), (10, 9)):
            came.write(0, b"0123456789"[:written])
            assert elsewhere.look(storage, DIGEST) == elsewhere.Seen(storage.upload("came"), 10, there)
        came.discard()
        assert elsewhere.look(storage, DIGEST) is None
