"""Bodies that come slowly, never, too large, or not at all."""

from __future__ import annotations

import asyncio

import pytest

from boxship.server.answer import Refusal
from boxship.server.asgi import Message, Receive
from boxship.server.body import Body, Ending, HasRoom, Patience


def receiver(*messages: Message) -> Receive:
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def piece(content: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


def up_to(most: int) -> HasRoom:
    async def has_room(needed: int) -> bool:
        return needed <= most

    return has_room


def read(body: Body, limit: int = 100) -> list[bytes]:
    async def gather() -> list[bytes]:
        return [content async for content in body.pieces(limit)]

    return asyncio.run(gather())


@pytest.mark.parametrize("length", [None, 4])
def test_a_whole_body_is_whole(length: int | None) -> None:
    body = Body(receiver(piece(b"ab"), piece(b""), piece(b"cd", more=False)), length)
    assert (read(body), body.received, body.ending) == ([b"ab", b"cd"], 4, Ending.WHOLE)
    body.check("X")


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"1"), (b"content-length", b"2")],
        [(b"content-length", b"-1")],
        [(b"content-length", b"1, 1")],
        [(b"content-length", b"9" * 5000)],
        [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
    ],
)
def test_a_body_of_two_lengths_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Refusal) as caught:
        Body.of(headers, receiver())
    assert (caught.value.answer.status, caught.value.answer.headers["connection"]) == (400, "close")


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"identity", b""])
def test_a_body_in_another_transfer_coding_is_refused(coding: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        Body.of([(b"transfer-encoding", coding)], receiver())
    assert (caught.value.answer.status, caught.value.answer.headers["connection"]) == (501, "close")


@pytest.mark.parametrize(("headers", "length"), [([], None), ([(b"content-length", b"07")], 7)])
def test_a_body_has_the_length_that_was_announced(headers: list[tuple[bytes, bytes]], length: int | None) -> None:
    assert Body.of(headers, receiver()).length == length


def test_no_body_is_not_waited_for() -> None:
    assert read(Body(receiver(), 0)) == []


@pytest.mark.parametrize(
    ("body", "ending", "status", "kept"),
    [
        (Body(receiver(piece(b"ab"), {"type": "http.disconnect"}), None), Ending.DISCONNECTED, 400, [b"ab"]),
        (Body(receiver(piece(b"ab", more=False)), 4), Ending.DISCONNECTED, 400, [b"ab"]),
        (Body(receiver(piece(b"ab")), 4, patience=Patience(silence=0.01)), Ending.STALLED, 408, [b"ab"]),
        (Body(receiver(piece(b"a" * 60), piece(b"b" * 60)), None), Ending.TOO_LARGE, 413, [b"a" * 60]),
        (Body(receiver(), 101), Ending.TOO_LARGE, 413, []),
        (
            Body(receiver(piece(b"ab"), piece(b"c")), 3, patience=Patience(grace=-1, slowest=10**12)),
            Ending.STALLED,
            408,
            [b"ab"],
        ),
        (Body(receiver(piece(b"ab"), piece(b"cde")), 5, has_room=up_to(2)), Ending.NO_ROOM, 507, [b"ab"]),
    ],
    ids=["disconnected", "short", "silent", "too large", "announced too large", "slow", "no room"],
)
def test_a_body_that_is_not_whole_keeps_what_came(body: Body, ending: Ending, status: int, kept: list[bytes]) -> None:
    assert (read(body), body.ending) == (kept, ending)
    with pytest.raises(Refusal) as caught:
        body.check("SIZE_INVALID")
    assert caught.value.answer.status == status
    assert caught.value.answer.headers["connection"] == "close"


def test_batches_are_several_pieces() -> None:
    async def gather() -> list[list[bytes]]:
        body = Body(receiver(*(piece(b"abc") for _ in range(4)), piece(b"d", more=False)), None)
        return [batch async for batch in body.batches(100, 5)]

    assert asyncio.run(gather()) == [[b"abc", b"abc"], [b"abc", b"abc"], [b"d"]]


@pytest.mark.parametrize(
    ("received", "seconds", "slow"), [(0, 59, False), (0, 61, True), (100_000, 61, False), (100_000, 100, True)]
)
def test_slowness_counts_after_a_while(received: int, seconds: float, slow: object) -> None:
    assert Patience().is_over(received, seconds) is slow
