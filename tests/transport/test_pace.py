"""Hosts are asked as fast and as often at a time as config.toml permits, and not before they want to be asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import Cancelled
from boxship.testing import Answer, Request, ScriptedRegistry, in_turn, rate_limited, serving
from tests.registry.mirrored import asked, write
from tests.transport.reaching import failing


class Busy:
    """A registry that takes its time, and knows how many it answers at once."""

    def __init__(self, seconds: float) -> None:
        self.registry, self.most, self.now = ScriptedRegistry(), 0, 0
        self._seconds, self._lock = seconds, threading.Lock()

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self._seconds)
        with self._lock:
            self.now -= 1
        return self.registry(request)


def told(home: Path, text: str) -> None:
    write(home / "config" / "boxship" / "config.toml", f'[host."127.0.0.1"]\n{text}\n')


def in_parallel(count: int, call: Callable[[], object]) -> None:
    with ThreadPoolExecutor(count) as threads:
        for future in [threads.submit(call) for _ in range(count)]:
            future.result(30)


@pytest.mark.parametrize("most", [1, 2])
def test_concurrency(home: Path, most: int) -> None:
    busy = Busy(0.05)
    told(home, f"concurrency = {most}")
    with serving(busy) as server, Client() as client:
        in_parallel(6, lambda: client.document(f"{server.url}/app:v1"))
    assert busy.most == most


def test_without_a_bound_they_are_asked_at_once() -> None:
    busy = Busy(0.2)
    with serving(busy) as server, Client() as client:
        in_parallel(6, lambda: client.document(f"{server.url}/app:v1"))
    assert busy.most > 2


def test_requests_per_second(home: Path) -> None:
    """They are sent at even distances: seven requests of ten a second take six tenths of one at least."""
    told(home, "requests-per-second = 10")
    with serving(ScriptedRegistry()) as server, Client() as client:
        began = time.monotonic()
        in_parallel(7, lambda: client.document(f"{server.url}/app:v1"))
        assert time.monotonic() - began >= 0.6


def test_who_has_an_answer_open_waits_for_nobody(home: Path) -> None:
    """Else a copy inside one registry would wait for itself."""
    registry = ScriptedRegistry()
    told(home, "concurrency = 1")
    with serving(registry) as server, Client(timeout=10) as client:
        name = f"{server.url}/app"
        with client.open_blob(f"{name}@{Digest.of(registry.image.config)}"):
            assert client.document(f"{name}:v1").raw == registry.image.manifest
        assert client.document(f"{name}:v2").raw == registry.image.manifest


def test_who_waits_can_be_ended(home: Path) -> None:
    registry = ScriptedRegistry()
    told(home, "concurrency = 1")
    with serving(registry) as server, Client() as client:
        name = f"{server.url}/app"
        with client.open_blob(f"{name}@{Digest.of(registry.image.config)}"), ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(failing, lambda: client.document(f"{name}:v1"))
            time.sleep(0.3)
            assert not waiting.done()
            client.close()
            assert isinstance(waiting.result(5), Cancelled)


def test_all_threads_wait_for_who_was_told_to() -> None:
    """A Retry-After that one was told holds for all that ask that host."""
    registry = ScriptedRegistry()
    answer = in_turn(rate_limited("1"), registry)
    times: list[float] = []

    def answering(request: Request) -> Answer:
        times.append(time.monotonic())
        return answer(request)

    with serving(answering) as server, Client() as client, ThreadPoolExecutor(2) as threads:
        first = threads.submit(client.document, f"{server.url}/app:v1")
        time.sleep(0.4)
        second = threads.submit(client.document, f"{server.url}/app:v2")
        assert first.result(10).raw == second.result(10).raw
        assert len(asked(server)) == 3
    assert min(times[1:]) - times[0] >= 1.0


def test_who_has_been_in_line_waits_for_who_was_told_to(home: Path) -> None:
    registry, times = ScriptedRegistry(), list[float]()
    answer = in_turn(rate_limited("1"), registry)
    told(home, "concurrency = 1")

    def answering(request: Request) -> Answer:
        times.append(time.monotonic())
        time.sleep(0.3)  # until the others are in line
        return answer(request)

    with serving(answering) as server, Client() as client:
        in_parallel(4, lambda: client.document(f"{server.url}/app:v1"))
    assert min(times[1:]) - times[0] >= 1.0
