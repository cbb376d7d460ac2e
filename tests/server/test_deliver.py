"""How answers leave: in pieces that wait for who reads them, counted all the while, as long as somebody is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boxship.server.asgi import Message, Scope
from boxship.server.registry import Settings
from tests.server.content import digest, image, push_blob, push_manifest
from tests.server.driver import Driver

CONTENT = bytes(range(256)) * 40_000  # 10 MB
BLOB = f"/v2/app/blobs/{digest(CONTENT)}"
DOCUMENT = "/v2/app/manifests/v1"
BODY = image(b"{}", x="a" * 4_000_000)
HOST = {"host": "localhost:5000"}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Driver]:
    with Driver(tmp_path / "registry", settings=Settings(in_flight=2)) as driver:
        for content in (CONTENT, b"{}", b""):
            push_blob(driver, "app", content)
        assert push_manifest(driver, "app", "v1", BODY).status == 201
        yield driver


@dataclass
class Reader:
    """A client that takes what is sent until it has had so many pieces, and then nothing more, or goes."""

    takes: int
    stays: bool = True
    pieces: list[bytes] = field(default_factory=list)
    asked: bool = False

    def __post_init__(self) -> None:
        self.gone, self.full = asyncio.Event(), asyncio.Event()

    async def receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.pieces.append(message["body"])
            if len(self.pieces) >= self.takes:
                await self._take_no_more()

    async def _take_no_more(self) -> None:
        self.full.set()
        if self.stays:
            await asyncio.Event().wait()
        self.gone.set()
        await asyncio.sleep(0)


def read(registry: Driver, target: str, reader: Reader) -> asyncio.Task[None]:
    scope: Scope = registry._scope("GET", target, HOST)
    return asyncio.create_task(registry._app(scope, reader.receive, reader.send))


@pytest.mark.parametrize("target", [BLOB, DOCUMENT])
def test_who_reads_nothing_is_in_progress_and_others_are_not_held_up(registry: Driver, target: str) -> None:
    registry.client = "192.0.2.1"

    async def crowd() -> tuple[int, int, int]:
        readers = [Reader(takes=3), Reader(takes=3)]
        tasks = [read(registry, target, reader) for reader in readers]
        await asyncio.gather(*(reader.full.wait() for reader in readers))
        refused = await registry.ask("GET", "/v2/")
        assert (refused.code, int(refused.headers["retry-after"]) > 0) == ("TOOMANYREQUESTS", True)
        registry.client = "192.0.2.2"
        other = (await registry.ask("GET", "/v2/")).status
        registry.client = "192.0.2.1"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return refused.status, other, (await registry.ask("GET", "/v2/")).status

    assert registry.run(crowd()) == (429, 200, 200)


@pytest.mark.parametrize("target", [BLOB, DOCUMENT])
def test_no_piece_is_large(registry: Driver, target: str) -> None:
    async def whole() -> list[bytes]:
        reader = Reader(takes=10**9)
        await read(registry, target, reader)
        return reader.pieces

    for _ in range(2):  # a document that was answered a moment ago, too
        pieces = registry.run(whole())
        assert b"".join(pieces) == (CONTENT if target == BLOB else BODY)
        assert max(map(len, pieces)) <= 256 * 1024
        assert all(pieces)


def test_a_blob_of_nothing_ends(registry: Driver) -> None:
    async def whole() -> list[bytes]:
        reader = Reader(takes=10**9)
        await read(registry, f"/v2/app/blobs/{digest(b'')}", reader)
        return reader.pieces

    assert registry.run(whole()) == [b""]


def test_a_file_is_read_no_further_when_its_client_is_gone(registry: Driver) -> None:
    async def leave() -> int:
        reader = Reader(takes=1, stays=False)
        await read(registry, BLOB, reader)
        return len(b"".join(reader.pieces))

    assert registry.run(leave()) < 3_000_000
