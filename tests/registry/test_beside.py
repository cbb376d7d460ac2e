from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from boxship import Client
from boxship.errors import TimedOut
from boxship.testing import NEVER, Answer, Server, failure, serving
from tests.registry.faults import CONTENT, MIB, Fault, asked_from, collected, faulty, hasty, reference

pytestmark = pytest.mark.usefixtures("impatient")

LENGTH = {"Content-Length": str(len(CONTENT))}
SOON = 5.0


class Sleeper:
    """An answer that falls silent after `at` bytes, and goes on with `then` when it is woken."""

    def __init__(self, at: int, then: bytes | None = None, *, chunked: bool = False) -> None:
        self.woken = threading.Event()
        self._at, self._then, self._chunked = at, CONTENT[at:] if then is None else then, chunked

    def __call__(self, good: Answer) -> Answer:
        return replace(good, body=self._pieces(), headers={} if self._chunked else LENGTH)

    def _pieces(self) -> Iterator[bytes]:
        if self._at:
            yield CONTENT[: self._at]
        self.woken.wait(SOON)
        yield self._then


def waking(sleeper: Sleeper) -> Fault:
    """No answer; the sleeper is woken when it is asked for."""

    def answer(_: Answer) -> Answer:
        sleeper.woken.set()
        return NEVER

    return answer


def stalling(good: Answer) -> Answer:
    return replace(good, stall_after=MIB)


def late(good: Answer) -> Answer:
    return replace(good, delay=0.4)


OFFSETS = [0, 1, 65_536, MIB - 1, MIB, 2 * MIB + 17, len(CONTENT) - 1]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("at", OFFSETS)
def test_a_silent_connection_that_wakes_before_the_other_answers_is_read_on(at: int, chunked: bool) -> None:  # noqa: FBT001 -- a row
    sleeper = Sleeper(at, chunked=chunked)
    with serving(faulty(sleeper, waking(sleeper))) as server, Client(bounds=hasty(first_byte_slow=SOON)) as client:
        began = time.monotonic()
        assert collected(client, server) == (CONTENT, None)
        assert time.monotonic() - began < SOON / 2
        assert list(map(asked_from, server.requests)) == [None, at or None]
        assert server.connection(1).ending() != "open"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("at", OFFSETS)
def test_a_silent_connection_that_wakes_after_the_other_has_answered_is_closed_and_not_read(
    at: int,
    chunked: bool,  # noqa: FBT001 -- a row
) -> None:
    sleeper = Sleeper(at, then=b"?" * (len(CONTENT) - at), chunked=chunked)

    def answer(good: Answer) -> Answer:
        def pieces() -> Iterator[bytes]:
            assert isinstance(good.body, bytes)
            yield good.body[:1]
            server.connections[0].drain()  # until the silent one has been closed
            sleeper.woken.set()
            yield good.body[1:]

        return replace(good, body=pieces(), headers={**dict(good.headers), "Content-Length": str(len(CONTENT) - at)})

    with serving(faulty(sleeper, answer)) as server, Client(bounds=hasty(abandoned=4 * SOON)) as client:
        assert collected(client, server) == (CONTENT, None)
        assert len(server.requests) == 2


def test_a_head_alone_is_no_byte_of_a_blob() -> None:
    sleeper = Sleeper(MIB)

    def only_a_head(good: Answer) -> Answer:
        threading.Timer(0.05, sleeper.woken.set).start()
        return replace(good, stall_after=0)

    bounds = hasty(first_byte_slow=SOON, abandoned=4 * SOON)
    with serving(faulty(sleeper, only_a_head)) as server, Client(bounds=bounds) as client:
        assert collected(client, server) == (CONTENT, None)
        assert len(server.requests) == 2


def test_a_silent_connection_is_waited_for_while_the_other_is_in_trouble() -> None:
    sleeper = Sleeper(MIB)
    trouble = [lambda good: replace(good, reset_after=0)] * 3
    bounds = hasty(first_byte_slow=SOON, abandoned=4 * SOON)
    with serving(faulty(sleeper, *trouble, waking(sleeper))) as server, Client(bounds=bounds) as client:
        assert collected(client, server) == (CONTENT, None)
        assert len(server.requests) == 5


def test_one_that_wakes_and_falls_silent_again_is_asked_for_again() -> None:
    sleeper = Sleeper(MIB, then=CONTENT[MIB : 2 * MIB])
    with serving(faulty(sleeper, waking(sleeper))) as server, Client(bounds=hasty(abandoned=4 * SOON)) as client:
        began = time.monotonic()
        assert collected(client, server) == (CONTENT, None)
        assert time.monotonic() - began < SOON
    assert list(map(asked_from, server.requests)) == [None, MIB, 2 * MIB]


def test_a_silent_connection_is_given_up_after_its_bound_and_the_other_is_waited_for() -> None:
    given_up = threading.Event()

    def afterwards(good: Answer) -> Answer:
        assert given_up.wait(SOON)
        return good

    with (
        serving(faulty(stalling, afterwards)) as server,
        Client(bounds=hasty(abandoned=0.5, first_byte_slow=2 * SOON)) as client,
    ):
        began = time.monotonic()
        reading = threading.Thread(target=collected, args=(client, server))
        reading.start()
        assert server.connection().ending() == "closed"
        assert time.monotonic() - began > 0.4
        assert reading.is_alive()
        given_up.set()
        reading.join()
        assert list(map(asked_from, server.requests)) == [None, MIB]


def test_where_nobody_answers_it_ends_as_what_the_last_request_ended_with() -> None:
    with serving(faulty(stalling, *[NEVER] * 5)) as server, Client(bounds=hasty(first_byte_slow=0.2)) as client:
        given, error = collected(client, server)
        assert isinstance(error, TimedOut)
        assert error.phase == "first byte"
        assert "asked for the rest 5 times" in error.why
        assert CONTENT.startswith(given)
        assert len(server.requests) == 6


def test_a_refusal_ends_it_though_the_silent_connection_is_there() -> None:
    with serving(faulty(stalling, failure(404, "BLOB_UNKNOWN"))) as server, Client(bounds=hasty()) as client:
        error = collected(client, server)[1]
        assert type(error).__name__ == "NotFound"
        assert server.connection().ending() == "closed"


def test_a_trickle_does_not_win_by_trickling_on() -> None:
    def trickle(good: Answer) -> Answer:
        bytes_left = (CONTENT[place : place + 1] for place in range(MIB, len(CONTENT)))
        return replace(good, body=iter([CONTENT[:MIB], *bytes_left]), body_piece_every=0.02, headers=LENGTH)

    with serving(faulty(trickle, late)) as server, Client(bounds=hasty(first_byte_slow=SOON)) as client:
        assert collected(client, server) == (CONTENT, None)
        assert len(server.requests) == 2


def test_a_trickle_does_not_win_by_filling_a_piece() -> None:
    def trickle(good: Answer) -> Answer:
        bytes_left = (CONTENT[place : place + 1] for place in range(MIB - 30, len(CONTENT)))
        return replace(good, body=iter([CONTENT[: MIB - 30], *bytes_left]), body_piece_every=0.02, headers=LENGTH)

    with serving(faulty(trickle, late)) as server, Client(bounds=hasty(first_byte_slow=SOON)) as client:
        assert collected(client, server) == (CONTENT, None)
        assert len(server.requests) == 2


def test_a_trickle_that_becomes_a_flow_wins() -> None:
    def recovering(good: Answer) -> Answer:
        def pieces() -> Iterator[bytes]:
            yield CONTENT[:MIB]
            for place in range(MIB, MIB + 250):
                yield CONTENT[place : place + 1]
                if server_asked_twice():
                    break
                time.sleep(0.02)
            yield CONTENT[place + 1 :]

        return replace(good, body=pieces(), headers=LENGTH)

    def server_asked_twice() -> bool:
        return len(server.requests) > 1

    with serving(faulty(recovering, NEVER)) as server, Client(bounds=hasty(slow=0.3, first_byte_slow=SOON)) as client:
        began = time.monotonic()
        assert collected(client, server) == (CONTENT, None)
        assert time.monotonic() - began < SOON  # before the other one's bound
        assert len(server.requests) == 2


def test_a_reader_that_is_slow_itself_blames_nobody() -> None:
    with serving(faulty()) as server, Client(bounds=hasty(silence=0.7, slow=0.8)) as client:
        assert slowly(client, server) == CONTENT
        assert len(server.requests) == 1


def slowly(client: Client, server: Server) -> bytes:
    given = bytearray()
    with client.open_blob(reference(server)) as blob:
        for number, piece in enumerate(blob):
            time.sleep(1.0 if number < 2 else 0.0)
            given += piece
    return bytes(given)
