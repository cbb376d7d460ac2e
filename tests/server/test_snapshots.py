"""Who asks for the state of a database is told of one that is later than the question, and few questions do."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from boxship.server.database.snapshots import Snapshots


class Asked:
    """Counts questions; each is answered when it is told to be, with its number."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.open: list[asyncio.Future[None]] = []

    async def __call__(self) -> object:
        number, answered = next(self._numbers), asyncio.get_running_loop().create_future()
        self.open.append(answered)
        await answered
        return number

    def answer(self) -> None:
        self.open.pop(0).set_result(None)


async def settled() -> None:
    """Let all that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_who_asks_while_somebody_does_shares_the_next_question() -> None:
    async def ask() -> tuple[list[object], list[object]]:
        asked = Asked()
        snapshots = Snapshots(asked)
        first = [asyncio.create_task(snapshots.now()) for _ in range(3)]
        await settled()
        later = [asyncio.create_task(snapshots.now()) for _ in range(5)]
        await settled()
        assert len(asked.open) == 1
        asked.answer()
        await settled()
        assert all(each.done() for each in first)
        assert not any(each.done() for each in later)
        asked.answer()
        return await asyncio.gather(*first), await asyncio.gather(*later)

    assert asyncio.run(ask()) == ([1] * 3, [2] * 5)


def test_who_gives_up_takes_nobody_along() -> None:
    async def ask() -> object:
        asked = Asked()
        snapshots = Snapshots(asked)
        gone, stays = (asyncio.create_task(snapshots.now()) for _ in range(2))
        await settled()
        gone.cancel()
        await settled()
        asked.answer()
        return await stays

    assert asyncio.run(ask()) == 1


def test_after_a_question_that_failed_the_next_one_is_asked() -> None:
    answers: list[Exception | int] = [OSError("away"), 7]

    async def fail_once() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask() -> object:
        snapshots = Snapshots(fail_once)
        with pytest.raises(OSError, match="away"):
            await snapshots.now()
        return await snapshots.now()

    assert asyncio.run(ask()) == 7
