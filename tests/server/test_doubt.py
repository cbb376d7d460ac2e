"""Files that were written to are hashed before anybody gets them: once, few at a time; damaged ones are set aside."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.server.storage import soundness
from boxship.server.upkeep.check import Fault, check
from tests.server.content import digest, image, push_blob, push_manifest
from tests.server.driver import Driver
from tests.server.test_blobs import damage, file_of

CONTENTS = [bytes([number]) * 1000 for number in range(5)]


class Hashing:
    """Counts what is hashed, and holds it up until `gate` is open."""

    def __init__(self) -> None:
        self.gate, self.two = threading.Event(), threading.Event()
        self.begun: list[str] = []

    def __call__(self, path: Path, algorithm: str) -> Digest:
        self.begun.append(path.name)
        if len(self.begun) == 2:
            self.two.set()
        assert self.gate.wait(20)
        return soundness.digest_file(path, algorithm)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    hashing = Hashing()
    monkeypatch.setattr("boxship.server.storage.file_storage.digest_file", hashing)
    return hashing


def get(content: bytes) -> str:
    return f"/v2/app/blobs/{digest(content)}"


def test_uploads_that_are_read_back_are_few_at_a_time(registry: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    hashing = Hashing()
    monkeypatch.setattr("boxship.server.storage.file_upload.digest_file", hashing)

    async def finish(content: bytes) -> int:
        # By an algorithm that was not announced.
        location = (await registry.ask("POST", "/v2/app/blobs/uploads/")).location
        await registry.ask("PATCH", location, [content])
        return (await registry.ask("PUT", f"{location}?digest={digest(content, 'sha512')}")).status

    async def finish_at_once() -> list[int]:
        running = [asyncio.create_task(finish(content)) for content in CONTENTS]
        assert await asyncio.to_thread(hashing.two.wait, 20)
        await asyncio.sleep(0.1)
        assert len(hashing.begun) == 2
        hashing.gate.set()
        return await asyncio.gather(*running)

    assert registry.run(finish_at_once()) == [201] * len(CONTENTS)


def test_many_who_ask_at_once_wait_for_one_look(registry: Driver, hashing: Hashing) -> None:
    push_blob(registry, "app", CONTENTS[0])
    os.utime(file_of(registry, digest(CONTENTS[0])), ns=(1, 1))
    hashing.gate.set()

    async def ask_at_once() -> list[bytes]:
        replies = await asyncio.gather(*(registry.ask("GET", get(CONTENTS[0])) for _ in range(10)))
        return [reply.body for reply in replies]

    assert registry.run(ask_at_once()) == [CONTENTS[0]] * 10
    assert len(hashing.begun) == 1


def test_others_are_served_while_many_files_are_hashed(registry: Driver, hashing: Hashing) -> None:
    altered, sound = CONTENTS[:4], CONTENTS[4]
    for content in CONTENTS:
        push_blob(registry, "app", content)
    for content in altered:
        os.utime(file_of(registry, digest(content)), ns=(1, 1))

    async def ask_all() -> tuple[bytes, int, list[bytes]]:
        waiting = [asyncio.create_task(registry.ask("GET", get(content))) for content in altered]
        assert await asyncio.to_thread(hashing.two.wait, 20)
        body = (await registry.ask("GET", get(sound))).body
        begun = len(hashing.begun)
        hashing.gate.set()
        return body, begun, [reply.body for reply in await asyncio.gather(*waiting)]

    assert registry.run(ask_all()) == (sound, 2, altered)


def test_a_damaged_file_is_hashed_once_and_set_aside_and_a_push_heals_it(registry: Driver, hashing: Hashing) -> None:
    layer, name = CONTENTS[1], digest(CONTENTS[1])
    for content in (layer, b"{}"):
        push_blob(registry, "app", content)
    damage(file_of(registry, name), bytes(1000))
    hashing.gate.set()
    assert [registry(method, get(layer)).status for method in ("HEAD", "GET", "GET")] == [404] * 3
    assert len(hashing.begun) == 1
    assert [file.read_bytes() for file in (registry.folder / "quarantine").iterdir()] == [bytes(1000)]
    assert [finding.fault for finding in check(registry.folder).findings] == [Fault.CONDEMNED]
    assert push_manifest(registry, "app", "v1", image(layer)).refusal == (400, "MANIFEST_BLOB_UNKNOWN")
    push_blob(registry, "app", layer)
    assert push_manifest(registry, "app", "v1", image(layer)).status == 201
    assert registry("GET", get(layer)).body == layer
