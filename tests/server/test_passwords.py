"""Passwords: how often bcrypt is asked to work, for whom, and what is remembered. Nothing here goes by a clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest

from boxship.credential import Secret
from boxship.server.access.passwords import Overloaded, Passwords, hash_password, is_hash

STORED = "$2b$04$" + "x" * 53
OTHER = "$2b$07$" + "y" * 53


class Work:
    """Counts what bcrypt would do; `right` is the only password, `held` lets nobody finish."""

    def __init__(self, right: bytes = b"right") -> None:
        self.right = right
        self.hashes: list[str] = []
        self.given: list[bytes] = []
        self.held = threading.Event()
        self.held.set()
        self.now = 0.0

    def compare(self, password: bytes, stored: bytes) -> bool:
        self.held.wait()
        self.hashes.append(stored.decode())
        self.given.append(password)
        return password == self.right


Check = Callable[[Passwords], Awaitable[None]]


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.held.set()


def run(work: Work, check: Check) -> None:
    async def life() -> None:
        passwords = Passwords(compare=work.compare, clock=lambda: work.now)
        try:
            await check(passwords)
        finally:
            work.held.set()
            passwords.close()

    asyncio.run(life())


def test_a_user_that_there_is_not_costs_as_much_as_one_that_there_is(work: Work) -> None:
    async def check(passwords: Passwords) -> None:
        assert not await passwords.check("alice", Secret("wrong"), STORED, like=STORED)
        assert not await passwords.check("nobody", Secret("wrong"), None, like=STORED)
        # Not even the right password of all others.
        assert not await passwords.check("nobody", Secret("right"), None, like=STORED)

    run(work, check)
    assert [stored[:7] for stored in work.hashes] == ["$2b$04$"] * 3


def test_a_right_password_is_remembered_for_a_minute(work: Work) -> None:
    async def check(passwords: Passwords) -> None:
        for now, hashed in ((0, 1), (59, 1), (61, 2), (62, 2), (121.5, 3)):
            work.now = now
            assert await passwords.check("alice", Secret("right"), STORED)
            assert len(work.hashes) == hashed

    run(work, check)


def test_a_wrong_password_is_not_remembered(work: Work) -> None:
    async def check(passwords: Passwords) -> None:
        assert not await passwords.check("alice", Secret("wrong"), STORED)
        assert not await passwords.check("alice", Secret("wrong"), STORED)
        assert await passwords.check("alice", Secret("right"), STORED)

    run(work, check)
    assert len(work.hashes) == 3


def test_what_is_remembered_holds_for_that_user_password_and_hash_alone(work: Work) -> None:
    async def check(passwords: Passwords) -> None:
        await passwords.check("alice", Secret("right"), STORED)
        work.right = b"new"
        assert not await passwords.check("alice", Secret("right"), OTHER)
        assert not await passwords.check("bob", Secret("right"), STORED)
        assert not await passwords.check("alice", Secret("wrong"), STORED)
        assert not await passwords.check("alice", Secret("right"), None)

    run(work, check)
    assert len(work.hashes) == 5


def test_no_password_is_kept(work: Work) -> None:
    async def check(passwords: Passwords) -> None:
        await passwords.check("alice", Secret("right"), STORED)
        kept = [value for known in (passwords._right, passwords._checks) for value in known]
        assert kept
        assert not any(b"right" in key for key in kept)

    run(work, check)


def test_the_same_password_at_the_same_time_is_checked_once(work: Work) -> None:
    work.held.clear()

    async def check(passwords: Passwords) -> None:
        asking = [asyncio.create_task(passwords.check("alice", Secret("right"), STORED)) for _ in range(20)]
        await asyncio.sleep(0)
        asking[0].cancel()
        work.held.set()
        assert await asyncio.gather(*asking[1:]) == [True] * 19

    run(work, check)
    assert len(work.hashes) == 1


def test_those_who_find_too_many_waiting_are_sent_away_without_work(work: Work) -> None:
    work.held.clear()

    async def check(passwords: Passwords) -> None:
        asking = [
            asyncio.create_task(passwords.check(f"u{n}", Secret("x"), None, client=f"10.0.0.{n}")) for n in range(1000)
        ]
        await asyncio.sleep(0)
        work.held.set()
        ends = await asyncio.gather(*asking, return_exceptions=True)
        assert ends.count(False) == 34
        assert sum(isinstance(end, Overloaded) for end in ends) == 966
        # And then there is room again.
        assert await passwords.check("alice", Secret("right"), STORED)

    run(work, check)
    assert len(work.hashes) == 35


@pytest.mark.parametrize(("client", "most"), [("10.0.0.7", 4), ("", 16)])
def test_a_client_that_guesses_leaves_places_for_others(work: Work, client: str, most: int) -> None:
    work.held.clear()

    async def check(passwords: Passwords) -> None:
        guesses = [
            asyncio.create_task(passwords.check("alice", Secret(f"guess {n}"), STORED, client=client))
            for n in range(60)
        ]
        await asyncio.sleep(0)
        other = asyncio.create_task(passwords.check("bob", Secret("right"), OTHER, client="10.0.0.8"))
        await asyncio.sleep(0)
        work.held.set()
        ends = await asyncio.gather(*guesses, return_exceptions=True)
        assert ends.count(False) == most
        assert sum(isinstance(end, Overloaded) for end in ends) == 60 - most
        assert await other
        # And then it may guess again, slowly.
        assert not await passwords.check("alice", Secret("wrong"), STORED, client=client)
        await asyncio.sleep(0)
        assert not passwords._clients

    run(work, check)


def test_what_is_remembered_has_an_end(work: Work) -> None:
    async def check(passwords: Passwords) -> None:
        for number in range(4100):
            await passwords.check(f"u{number}", Secret("right"), STORED)
        assert len(passwords._right) <= 4096
        work.now = 100
        assert await passwords.check("new", Secret("right"), STORED)
        assert len(passwords._right) == 1

    run(work, check)


def test_bcrypt_itself_is_asked() -> None:
    async def check(passwords: Passwords) -> None:
        stored = hash_password(Secret("grüß"), cost=4)
        assert is_hash(stored)
        assert await passwords.check("alice", Secret("grüß"), stored)
        assert not await passwords.check("alice", Secret("gruss"), stored)
        assert not await passwords.check("nobody", Secret("grüß"), None, like=stored)
        # bcrypt never saw more than 72 bytes of a password, whoever hashed it.
        long = hash_password(Secret("x" * 72), cost=4)
        assert await passwords.check("bob", Secret("x" * 100), long)

    async def life() -> None:
        passwords = Passwords()
        await check(passwords)
        passwords.close()

    asyncio.run(life())


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("$2b$12$" + "a" * 53, True),
        ("$2y$05$" + "a" * 53, True),
        ("$2a$16$" + "./" * 26 + "a", True),
        ("$2b$17$" + "a" * 53, False),
        ("$2b$03$" + "a" * 53, False),
        ("$2x$12$" + "a" * 53, False),
        ("$2b$12$" + "a" * 52, False),
        ("$2b$12$" + "a" * 53 + "\n", False),
        ("$apr1$abc$def", False),
        ("{SHA}x", False),
        ("secret", False),
        ("", False),
    ],
)
def test_only_hashes_of_bcrypt_that_can_be_checked_in_time_are_hashes(text: str, known: object) -> None:
    assert is_hash(text) == known
