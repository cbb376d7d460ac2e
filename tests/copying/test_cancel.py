"""A copy that is cancelled with its task, in each of its phases: no thread, no socket, and files as places.md says."""

from __future__ import annotations

import asyncio
import io
import tarfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from boxship import AsyncClient
from boxship.testing import NEVER, Answer, Image, ScriptedRegistry, Server, instead, serving
from tests.transport.reaching import settled, traces


def tar_of(content: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        entry = tarfile.TarInfo("large")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


IMAGE = Image.of([tar_of(bytes(range(256)) * 10_000), tar_of(b"small")])
GOOD = ScriptedRegistry(image=IMAGE)
STALLED = Answer(200, IMAGE.layers[0], stall_after=2_400_000)
AT_ONCE = 1.0  # a wait that is not ended is 10 s at least
LATER = 0.4  # by then the phase has begun

Serves = Callable[[], AbstractContextManager[Server]]
Verb = Callable[[AsyncClient], Awaitable[object]]
SOURCES: dict[str, Serves] = {
    "asking for the manifest": lambda: serving(instead(GOOD, "/manifests/", NEVER)),
    "asking for a blob": lambda: serving(instead(GOOD, "/blobs/", NEVER)),
    "in the middle of a blob": lambda: serving(instead(GOOD, "/blobs/", STALLED)),
}
# Where a copy goes, what is there once it is whole, and what stays until it is gone on with.
TARGETS = {
    "oci:layout": ("layout/index.json", {".arriving", "oci-layout"}),
    "dir:folder": ("folder/manifest.json", {".arriving", "version"}),
    "oci-archive:oci.tar": ("oci.tar", {".oci.tar.partial"}),
    "docker-archive:docker.tar": ("docker.tar", {".docker.tar.partial"}),
}


def seconds_to_cancel(*verbs: Verb) -> float:
    """How long it takes until all of them, side by side, have ended."""

    async def scenario() -> float:
        async with AsyncClient() as client:
            tasks = [asyncio.ensure_future(verb(client)) for verb in verbs]
            await asyncio.sleep(LATER)
            assert not any(task.done() for task in tasks)
            began = time.monotonic()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(error) for error in ended} == {asyncio.CancelledError}
            return time.monotonic() - began

    return asyncio.run(scenario())


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_copies_into_files_leave_nothing_but_what_they_go_on_with(
    source: Serves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = traces()
    with source() as server:
        image = f"{server.url}/app:v1"
        copies = [partial(AsyncClient.copy, source=image, target=target) for target in TARGETS]
        assert seconds_to_cancel(*copies, lambda client: client.unpack(image, tmp_path / "root")) < AT_ONCE
    assert settled(before)
    assert not [whole for whole, _ in TARGETS.values() if (tmp_path / whole).exists()]
    parts = frozenset[str]().union(*(parts for _, parts in TARGETS.values()))
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in left if not parts & {path.name, path.parent.name}] == []
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("where", ["/manifests/", "/blobs/", "/uploads/"])
def test_a_copy_to_a_registry_that_does_not_answer_leaves_nothing(where: str) -> None:
    empty = ScriptedRegistry()
    before = traces()
    with serving(GOOD) as source, serving(instead(empty, where, NEVER)) as target:
        assert seconds_to_cancel(lambda client: client.copy(f"{source.url}/app:v1", f"{target.url}/app:v9")) < AT_ONCE
    assert settled(before)
