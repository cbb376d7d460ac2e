"""What is told to a race from outside while it runs: that it is to end, and that more addresses are known."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from boxship.connect.attempt import Place
from boxship.connect.deadline import Bounds, Work
from boxship.connect.trace import Trace
from boxship.errors import Cancelled, TimedOut
from boxship.testing import NEVER, Connection, Listener, ScriptedRegistry, black_hole, listening, mute, refused, serving
from boxship.testing import Place as Port
from tests.connect.driving import Contender, address, cancelling, nothing_left, won
from tests.transport.reaching import AT_ONCE

REGISTRY = ScriptedRegistry()


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


def begins_a_record(connection: Connection) -> None:
    connection.receive()
    connection.send(b"\x16\x03")
    connection.drain()


def ends_at_once(
    contender: Contender, when: Callable[[], object], secure: Listener | Port, plain: Listener | None = None
) -> None:
    work = Work()
    with contender.racing((secure, plain), bounds=Bounds()) as runner, cancelling(work, when) as cancelled:
        with pytest.raises(Cancelled):
            runner.run(work)
        assert time.monotonic() - cancelled[0] < AT_ONCE


def test_connecting_is_cancelled_at_once(contender: Contender) -> None:
    with black_hole() as secure:
        ends_at_once(contender, lambda: None, secure)


def test_waiting_for_the_first_byte_is_cancelled_at_once(contender: Contender) -> None:
    with mute() as secure:
        ends_at_once(contender, secure.connection, secure)
        assert secure.connection().ending() == "closed"


def test_a_handshake_is_cancelled_at_once(contender: Contender) -> None:
    with listening(begins_a_record) as secure:
        ends_at_once(contender, secure.connection, secure)


def test_a_question_is_cancelled_at_once(contender: Contender) -> None:
    with refused() as secure, serving(NEVER) as plain:
        ends_at_once(contender, plain.connection, secure, plain)


def test_what_was_cancelled_before_is_not_begun(contender: Contender) -> None:
    work = Work()
    work.cancel()
    with mute() as secure, contender.racing((secure, None)) as runner:
        with pytest.raises(Cancelled):
            runner.run(work)
        assert runner.race.attempts == []


def test_the_time_of_the_whole_operation_ends_a_race(contender: Contender) -> None:
    with (
        black_hole() as secure,
        contender.racing((secure, None), bounds=Bounds()) as runner,
        pytest.raises(TimedOut, match=r"0\.1 s"),
    ):
        runner.run(Work(timeout=0.1))


def test_a_race_that_was_cancelled_sleeps_again_for_the_next_operation(contender: Contender) -> None:
    work = Work()
    with black_hole() as secure, contender.racing((secure, None), bounds=Bounds()) as runner:
        with cancelling(work, lambda: None), pytest.raises(Cancelled):
            runner.run(work)
        busy = time.process_time()
        runner.run(Work(), until=time.monotonic() + 0.3)
        assert time.process_time() - busy < 0.15


class LateName:
    """A name whose second answer comes when `tell` is called."""

    def __init__(self, place: Place) -> None:
        self._reader, self._writer = socket.socketpair()
        self._place = place
        self.pending = True

    def tell(self) -> None:
        self.pending = False
        self._writer.send(b".")

    def fileno(self) -> int:
        return self._reader.fileno()

    def hear(self) -> tuple[tuple[Place, ...], bool]:
        self._reader.recv(1)
        return (self._place,), self.pending

    def trace_wait(self, trace: Trace, *, awaited: bool) -> None:
        """That is `test_late_names`'."""

    def close(self) -> None:
        self._reader.close()
        self._writer.close()


def test_an_address_that_becomes_known_during_the_race_is_tried(contender: Contender) -> None:
    with refused() as nobody, serving(REGISTRY) as plain:
        name = LateName(Place(None, address(plain)))
        with contender.racing((nobody, nobody), names=name) as runner:
            runner.run(Work(), until=time.monotonic() + 0.05)
            assert runner.race.outcome is None
            name.tell()
            runner.run(Work())
            assert won(runner.race.outcome).address == address(plain)


def test_a_name_without_more_answers_ends_the_wait_for_it(contender: Contender) -> None:
    with refused() as nobody:
        name = LateName(Place(address(nobody), None))
        with contender.racing((nobody, nobody), names=name, bounds=Bounds()) as runner:
            name.tell()
            began = time.monotonic()
            runner.run(Work())
            assert time.monotonic() - began < 1.0
