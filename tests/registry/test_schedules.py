"""A hostile registry that misbehaves by a seeded schedule: a blob comes right, or ends in an error that says why."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from boxship import Client
from boxship.errors import ContentMismatch, UnexpectedAnswer, Unreachable
from boxship.testing import DROPPED, NEVER, RESET, Answer, Request, failure, instead, serving
from tests.registry.faults import CONTENT, MIB, REGISTRY, collected, hasty

pytestmark = pytest.mark.usefixtures("impatient")

LONGEST = 30.0  # seconds; the bounds below allow for a fifth of that
Misbehave = Callable[[Answer, random.Random], Answer]


def offset(good: Answer, chance: random.Random) -> int:
    """Anywhere in the body, and often where something begins or ends."""
    size = len(good.body) if isinstance(good.body, bytes) else 0
    return min(
        size, chance.choice((0, 1, 65_536, MIB - 1, MIB, MIB + 1, max(0, size - 1), size, chance.randint(0, size)))
    )


def with_headers(good: Answer, **changed: str) -> Answer:
    return replace(good, headers={**dict(good.headers), **{n.replace("_", "-"): v for n, v in changed.items()}})


def in_pieces(good: Answer, chance: random.Random, every: float) -> Answer:
    assert isinstance(good.body, bytes)
    body, at = good.body, offset(good, chance)

    def pieces() -> Iterator[bytes]:
        yield body[:at]
        yield from (body[place : place + 1] for place in range(at, len(body)))

    return replace(with_headers(good, Content_Length=str(len(body))), body=pieces(), body_piece_every=every)


def broken_chunk(good: Answer, chance: random.Random) -> Answer:
    assert isinstance(good.body, bytes)
    at = offset(good, chance)
    lines = "".join(f"{name}: {value}\r\n" for name, value in dict(good.headers).items())
    head = f"HTTP/1.1 {good.status} OK\r\n{lines}Transfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"%x\r\n%b\r\n" % (at, good.body[:at]) if at else b""
    nonsense = chance.choice((b"zz\r\n", b"-1\r\n", b"\r\n\r\n", b"ffffffffffffffffff\r\n"))
    return Answer(body=chunk + nonsense, raw=head, afterwards="drop")


def another_range(good: Answer, chance: random.Random) -> Answer:
    start, size = chance.randint(0, len(CONTENT) - 1), len(CONTENT) + chance.choice((0, 1, -1))
    return with_headers(good, Content_Range=f"bytes {start}-{len(CONTENT) - 1}/{size}")


def misled(good: Answer, chance: random.Random) -> Answer:
    """Other bytes than those that it says it sends: only the digest can tell."""
    assert isinstance(good.body, bytes)
    return replace(good, body=chance.randbytes(len(good.body)))


MISBEHAVIOUR: dict[str, tuple[int, Misbehave]] = {
    "nothing": (8, lambda good, _: good),
    "stall": (4, lambda good, chance: replace(good, stall_after=offset(good, chance))),
    "stall in a chunk": (4, lambda good, chance: replace(good, stall_after=offset(good, chance), chunked=True)),
    "reset": (4, lambda good, chance: replace(good, reset_after=offset(good, chance))),
    "reset in a chunk": (2, lambda good, chance: replace(good, reset_after=offset(good, chance), chunked=True)),
    "end": (4, lambda good, chance: replace(good, truncate_after=offset(good, chance))),
    "end in a chunk": (2, lambda good, chance: replace(good, truncate_after=offset(good, chance), chunked=True)),
    "broken chunk": (3, broken_chunk),
    "trickle": (2, lambda good, chance: in_pieces(good, chance, 0.02)),
    "the whole": (3, lambda _, __: Answer(200, CONTENT)),
    "the whole, cut short": (2, lambda _, chance: Answer(200, CONTENT, stall_after=chance.randint(0, len(CONTENT)))),
    "another range": (2, another_range),
    "wrong length": (2, lambda good, chance: with_headers(good, Content_Length=str(chance.randint(0, 2 * MIB)))),
    "late": (3, lambda good, chance: replace(good, delay=chance.uniform(0.05, 0.4))),
    "slow head": (1, lambda good, _: replace(good, head_byte_every=0.001)),
    "never": (1, lambda _, __: NEVER),
    "reset at once": (1, lambda _, __: RESET),
    "end at once": (1, lambda _, __: DROPPED),
    "503": (1, lambda _, __: failure(503, "UNAVAILABLE")),
    "416": (1, lambda _, __: failure(416, "RANGE_INVALID")),
    "other bytes": (1, misled),
}


class Schedule:
    """A registry whose answers about the blob have faults that the seed decides."""

    def __init__(self, seed: int) -> None:
        self._chance, self._lock = random.Random(seed), threading.Lock()
        self.happened: list[str] = []

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            weights = [weight for weight, _ in MISBEHAVIOUR.values()]
            (chosen,) = self._chance.choices(list(MISBEHAVIOUR), weights)
            self.happened.append(chosen)
            chance = random.Random(self._chance.random())
        return MISBEHAVIOUR[chosen][1](REGISTRY(request), chance)


def _blob_comes_or_says_why(seed: int) -> str:
    schedule = Schedule(seed)
    bounds = hasty(silence=0.1, slow=0.3, abandoned=0.5, first_byte_slow=0.3, head=0.5, document=0.5)
    size = len(CONTENT) if seed % 2 else None
    with serving(instead(REGISTRY, "/blobs/", schedule)) as server, Client(bounds=bounds) as client:
        began = time.monotonic()
        given, error = collected(client, server, size)
        assert time.monotonic() - began < LONGEST, schedule.happened
    if error is None:
        assert given == CONTENT, schedule.happened
        return "right"
    if isinstance(error, ContentMismatch):
        assert {"other bytes", "wrong length", "416"} & set(schedule.happened), schedule.happened
        assert given != CONTENT
        return "other bytes"
    assert isinstance(error, Unreachable | UnexpectedAnswer), (error, schedule.happened)
    assert CONTENT.startswith(given) or "other bytes" in schedule.happened, schedule.happened
    assert len(given) < len(CONTENT), schedule.happened
    assert error.timeline
    return "said why"


@pytest.mark.parametrize("seed", range(50))
def test_a_blob_comes_right_or_ends_in_an_error_that_says_why(seed: int) -> None:
    assert _blob_comes_or_says_why(seed) in ("right", "other bytes", "said why")
