"""How much one client may ask for, and that others do not suffer from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from boxship.server.registry import Settings
from boxship.server.throttle import Crowded, Throttle, client_of
from tests.server.driver import Driver
from tests.server.people import add, basic

SOMEBODY = "192.0.2.1"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def passed(throttle: Throttle, client: str, times: int) -> int:
    """How many of that many requests in a row pass."""
    count = 0
    for _ in range(times):
        try:
            with throttle.passing(client):
                throttle.count(client)
                count += 1
        except Crowded:
            pass
    return count


def test_requests_come_at_once_and_then_at_the_rate() -> None:
    clock = Clock()
    throttle = Throttle(rate=5, in_flight=0, clock=clock)
    assert passed(throttle, SOMEBODY, 100) == 50
    clock.now = 1.0
    assert passed(throttle, SOMEBODY, 100) == 5
    clock.now = 1000.0
    assert passed(throttle, SOMEBODY, 100) == 50


@pytest.mark.parametrize(("rate", "wait"), [(5, 1), (0.1, 10), (0.01, 100)])
def test_a_refusal_says_when_the_next_one_passes(rate: float, wait: int) -> None:
    clock = Clock()
    throttle = Throttle(rate=rate, in_flight=0, clock=clock)
    passed(throttle, SOMEBODY, 100)
    with pytest.raises(Crowded) as caught:
        throttle.count(SOMEBODY)
    assert caught.value.wait == wait
    clock.now += wait
    assert passed(throttle, SOMEBODY, 1) == 1


def test_clients_are_counted_apart_and_nobody_not_at_all() -> None:
    throttle = Throttle(rate=1, in_flight=0, clock=Clock())
    assert passed(throttle, SOMEBODY, 100) == 10
    assert passed(throttle, "192.0.2.2", 100) == 10
    assert passed(throttle, "", 100) == 100


def test_so_many_requests_are_in_progress_at_a_time() -> None:
    throttle = Throttle(rate=0, in_flight=3)
    with ExitStack() as running:
        for _ in range(3):
            running.enter_context(throttle.passing(SOMEBODY))
        assert passed(throttle, SOMEBODY, 10) == 0
        assert passed(throttle, "192.0.2.2", 10) == 10
    assert passed(throttle, SOMEBODY, 10) == 10


def test_many_clients_take_bounded_memory_and_those_in_progress_are_not_forgotten() -> None:
    throttle = Throttle(rate=0, in_flight=1)
    with throttle.passing(SOMEBODY):
        for number in range(20_000):
            assert passed(throttle, f"2001:db8:0:{number:x}::/64", 1) == 1
        assert passed(throttle, SOMEBODY, 1) == 0
    assert len(throttle._clients) <= 10_001


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("127.0.0.1", ""),
        ("127.9.9.9", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("/run/registry.sock", ""),
    ],
)
def test_a_client_is_an_address_of_another_machine(host: str, client: str) -> None:
    assert client_of(host) == client


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Driver]:
    with Driver(tmp_path / "registry", settings=Settings(rate=0.2, in_flight=2)) as driver:
        yield driver


def test_who_asks_too_often_is_told_when_to_come_again(crowded: Driver) -> None:
    crowded.client = SOMEBODY
    assert [crowded("GET", "/v2/").status for _ in range(3)] == [200, 200, 429]
    reply = crowded("GET", "/v2/")
    assert (reply.refusal, reply.headers["retry-after"]) == ((429, "TOOMANYREQUESTS"), "5")
    crowded.client = "192.0.2.2"
    assert crowded("GET", "/v2/").status == 200
    crowded.client = "127.0.0.1"
    assert {crowded("GET", "/v2/").status for _ in range(50)} == {200}


def test_uploads_in_progress_count(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(in_flight=2)) as registry:
        registry.client = SOMEBODY
        locations = [registry("POST", "/v2/app/blobs/uploads/").location for _ in range(2)]

        async def ask() -> tuple[int, int]:
            uploads = [asyncio.create_task(registry.ask("PATCH", where, [b"x"], end="never")) for where in locations]
            await asyncio.sleep(0.1)
            crowded = (await registry.ask("GET", "/v2/")).status
            for upload in uploads:
                upload.cancel()
            await asyncio.gather(*uploads, return_exceptions=True)
            return crowded, (await registry.ask("GET", "/v2/")).status

        assert registry.run(ask()) == (429, 200)


def test_users_are_counted_by_their_names_and_wrong_passwords_by_their_address(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(rate=0.2)) as registry:
        add(registry.folder, "alice", pull="*")
        add(registry.folder, "bob", pull="*")
        registry.client = SOMEBODY

        def ask(*headers: dict[str, str]) -> list[int]:
            return [registry("GET", "/v2/", headers=given).status for given in headers]

        assert ask(*[basic("alice")] * 3) == [200, 200, 429]
        assert ask(basic("bob")) == [200]
        assert ask(*[basic("bob", "guess")] * 3) == [401, 401, 429]
        # Behind a proxy on this machine, users are still who they are.
        registry.client = "127.0.0.1"
        assert ask(basic("alice")) == [429]
