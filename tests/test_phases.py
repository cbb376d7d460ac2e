"""Every phase of an operation, ended in every way: from another thread, with its task, by closing the client.

It ends at once, and leaves no thread, no socket, no file. (Threads that ask the system for a name end when it answers.)
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from boxship import AsyncClient, Client
from boxship.errors import Cancelled
from boxship.testing import (
    NEVER,
    Answer,
    Listener,
    Place,
    ScriptedRegistry,
    TokenServer,
    basic,
    bearer,
    black_hole,
    by_path,
    endless,
    http_proxy,
    instead,
    listening,
    mute,
    rate_limited,
    serving,
    socks5_proxy,
)
from tests.transport.reaching import cancelling, failing, settled, traces
from tests.transport.slowness import begins_a_record, deaf, nowhere, slow_machine

GOOD = ScriptedRegistry()
DIGEST, LAYER = max(GOOD.image.blobs.items(), key=lambda item: len(item[1]))
AT_ONCE = 0.2  # "Ctrl-C ends any wait within 0.2 s"
SLACK = 0.3
LATER = 0.3  # by then the phase has begun
BODY = b"x" * 20_000_000
PATH = "/v2/app/blobs/uploads/1"

Opens = Callable[[], AbstractContextManager[Place | Listener]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Where the time is spent: what is reached by which scheme, and what is asked of it."""

    place: Opens
    prefix: str = "http://"
    verb: Literal["digest", "blob", "upload"] = "digest"
    proxy: str = ""
    """The scheme of the proxy that the place is; what is reached through it is elsewhere."""

    def through(self, reached: str, patch: pytest.MonkeyPatch) -> str:
        """What is asked for, when the place has that address."""
        if not self.proxy:
            return f"{self.prefix}{reached}"
        patch.setenv("HTTPS_PROXY", f"{self.proxy}://{reached}")
        return "https://reg.test"


def waits_for_a_token() -> AbstractContextManager[Listener]:
    return serving(by_path({"/token": NEVER, "/": ScriptedRegistry(access=bearer("/token", TokenServer()))}))


def answers(answer: Answer) -> Opens:
    return lambda: serving(answer)


PHASES: Mapping[str, Phase] = {
    "names": Phase(place=nowhere),
    "names, racing": Phase(place=nowhere, prefix=""),
    "SYN": Phase(place=black_hole),
    "SYN, racing": Phase(place=black_hole, prefix=""),
    "TLS hello": Phase(place=mute, prefix="https://"),
    "TLS handshake": Phase(place=lambda: listening(begins_a_record), prefix="https://"),
    "CONNECT": Phase(place=lambda: http_proxy(mute=True), proxy="http"),
    "TLS with a proxy": Phase(place=mute, proxy="https"),
    "SOCKS5": Phase(place=lambda: socks5_proxy(mute=True), proxy="socks5"),
    "first byte": Phase(place=answers(NEVER)),
    "head": Phase(place=answers(Answer(200, head_byte_every=0.05))),
    "interim answers": Phase(place=answers(Answer(raw=b"HTTP/1.1 103 Early Hints\r\n\r\n", stall_after=0))),
    "error": Phase(place=answers(Answer(404, endless(b" "), body_piece_every=0.02)), verb="blob"),
    "blob": Phase(place=lambda: serving(instead(GOOD, "/blobs/", Answer(200, LAYER, stall_after=9))), verb="blob"),
    "sending": Phase(place=lambda: listening(deaf), verb="upload"),
    "the question": Phase(place=answers(NEVER), prefix=""),
    "before a retry": Phase(place=lambda: serving(instead(GOOD, "/manifests/", rate_limited("30")))),
    "token": Phase(place=waits_for_a_token),
    "helper": Phase(place=lambda: serving(ScriptedRegistry(access=basic("me", "hunter2")))),
}


@pytest.fixture(autouse=True)
def _slow_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with slow_machine(tmp_path, monkeypatch):
        yield


def ask(client: Client, phase: Phase, at: str) -> object:
    if phase.verb == "upload":
        return client.api("PUT", at, PATH, body=BODY).__enter__()
    return client.read_blob(f"{at}/app@{DIGEST}") if phase.verb == "blob" else client.digest(f"{at}/app:v1")


async def ask_in_a_task(client: AsyncClient, phase: Phase, at: str) -> object:
    if phase.verb == "upload":
        async with client.api("PUT", at, PATH, body=BODY) as response:
            return response
    if phase.verb == "blob":
        return await client.read_blob(f"{at}/app@{DIGEST}")
    return await client.digest(f"{at}/app:v1")


def cancelled_from_another_thread(phase: Phase, at: str) -> float:
    with Client() as client, cancelling(lambda: time.sleep(LATER)) as began:
        assert isinstance(failing(lambda: ask(client, phase, at)), Cancelled)
        return time.monotonic() - began[0]


def closed_by_another_thread(phase: Phase, at: str) -> float:
    began = list[float]()
    client = Client()

    def close() -> None:
        time.sleep(LATER)
        began.append(time.monotonic())
        client.close()

    thread = threading.Thread(target=close, name="closes")
    thread.start()
    error = failing(lambda: ask(client, phase, at))
    ended = time.monotonic()
    thread.join()
    assert isinstance(error, Cancelled)
    assert time.monotonic() - began[0] < AT_ONCE + SLACK  # closing waits for what it ends, and no longer
    return ended - began[0]


def cancelled_with_its_task(phase: Phase, at: str) -> float:
    async def scenario() -> float:
        async with AsyncClient() as client:
            task = asyncio.ensure_future(ask_in_a_task(client, phase, at))
            await asyncio.sleep(LATER)
            assert not task.done()
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - began

    return asyncio.run(scenario())


ENDS = (cancelled_from_another_thread, closed_by_another_thread, cancelled_with_its_task)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_a_phase_is_ended_at_once_and_leaves_nothing(
    phase: Phase, end: Callable[[Phase, str], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = traces()
    with phase.place() as reached:
        assert end(phase, phase.through(reached.address, monkeypatch)) < AT_ONCE + SLACK
    assert settled(before)
