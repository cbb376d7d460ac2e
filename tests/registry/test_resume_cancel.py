from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from boxship import AsyncClient, Client
from boxship.errors import Cancelled, TimedOut
from boxship.testing import NEVER, RESET, Answer, Server, serving
from tests.registry.faults import CONTENT, MIB, Fault, collected, faulty, hasty, reference
from tests.transport.reaching import AT_ONCE, cancelling, settled, traces

LONG = 30.0


class Wait(NamedTuple):
    """What answers the first requests, how many have come when it is cancelled, and what is waited before each more."""

    faults: tuple[Fault | Answer, ...]
    times: int
    pause: float = 0.1


def stalling(good: Answer) -> Answer:
    return replace(good, stall_after=MIB)


def cut(good: Answer) -> Answer:
    return replace(good, truncate_after=MIB)


def trickling_from_the_beginning(_: Answer) -> Answer:
    return Answer(200, [CONTENT[place : place + 64] for place in range(0, MIB, 64)], body_piece_every=0.02)


# What it waits for when it is cancelled.
WAITS: dict[str, Wait] = {
    "for the first byte of the rest, beside a silent one": Wait((stalling, NEVER), 2),
    "for the first byte of the rest, alone": Wait((cut, NEVER), 2),
    "for the rest whose head has come, beside a silent one": Wait(
        (stalling, lambda good: replace(good, stall_after=0)), 2
    ),
    "for bytes before the rest, beside a silent one": Wait((stalling, trickling_from_the_beginning), 2),
    "for bytes before the rest, alone": Wait((cut, trickling_from_the_beginning), 2),
    "before it asks again, beside a silent one": Wait((stalling, RESET), 2, LONG),
    "before it asks again, alone": Wait((cut, RESET), 2, LONG),
    "for a rest that has stalled": Wait((stalling, stalling, NEVER), 3),
}


@pytest.fixture(params=list(WAITS.values()), ids=list(WAITS))
def wait(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Wait:
    found: Wait = request.param
    monkeypatch.setattr("boxship.registry.rest._FIRST_PAUSE", found.pause)
    return found


def asked(server: Server, times: int) -> Callable[[], None]:
    def look() -> None:
        until = time.monotonic() + LONG
        while len(server.requests) < times:
            assert time.monotonic() < until
            time.sleep(0.01)

    return look


def patient() -> Client:
    return Client(bounds=hasty(first_byte_slow=LONG, abandoned=LONG, slow=LONG))


def test_a_wait_for_the_rest_ends_at_once_and_leaves_nothing(wait: Wait) -> None:
    with serving(faulty(*wait.faults)) as server, patient() as client:
        before = traces()
        with cancelling(asked(server, wait.times), after=0.1) as cancelled:
            given, error = collected(client, server)
            ended = time.monotonic()
        assert isinstance(error, Cancelled)
        assert ended - cancelled[0] < AT_ONCE
        assert CONTENT.startswith(given)
        assert not [thread for thread in threading.enumerate() if thread.name == "boxship-resume"]
        assert settled(before)


def test_closing_the_client_ends_it_at_once(wait: Wait) -> None:
    with serving(faulty(*wait.faults)) as server, patient() as client:
        found: list[object] = []
        reading = threading.Thread(target=lambda: found.append(collected(client, server)[1]))
        reading.start()
        asked(server, wait.times)()
        time.sleep(0.1)
        client.close()
        reading.join(AT_ONCE)
        assert not reading.is_alive()
        assert [type(error) for error in found] == [Cancelled]


def test_a_cancelled_task_ends_it_at_once(wait: Wait) -> None:
    async def read(client: AsyncClient, server: Server) -> None:
        async with client.open_blob(reference(server)) as blob:
            async for _ in blob:
                pass

    async def cancelled(server: Server) -> float:
        async with AsyncClient(bounds=hasty(first_byte_slow=LONG, abandoned=LONG, slow=LONG)) as client:
            task = asyncio.ensure_future(read(client, server))
            await asyncio.to_thread(asked(server, wait.times))
            await asyncio.sleep(0.1)
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - began

    with serving(faulty(*wait.faults)) as server:
        before = traces()
        assert asyncio.run(cancelled(server)) < AT_ONCE
        assert settled(before)


def test_the_bound_of_the_whole_ends_it() -> None:
    bounds = hasty(first_byte_slow=LONG, abandoned=LONG)
    with serving(faulty(stalling, NEVER)) as server, Client(bounds=bounds, timeout=0.6) as client:
        began = time.monotonic()
        error = collected(client, server)[1]
        assert isinstance(error, TimedOut)
        assert error.phase == "--timeout"
        assert time.monotonic() - began < 0.6 + AT_ONCE
