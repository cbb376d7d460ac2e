"""Pieces dealt with in another thread: in order, all of them, and what goes wrong there is raised here."""

from __future__ import annotations

import threading

import pytest

from boxship.image.behind import Behind


def test_all_is_done_in_order_when_the_context_is_left() -> None:
    done: list[bytes] = []
    begin = threading.Event()

    def slowly(piece: bytes) -> None:
        begin.wait()
        done.append(piece)

    with Behind(slowly) as behind:
        behind.put(b"0")
        assert done == []
        begin.set()
        for number in range(1, 100):
            behind.put(b"%d" % number)
    assert done == [b"%d" % number for number in range(100)]


def test_what_goes_wrong_is_raised_where_pieces_are_put_and_nobody_waits_for_room() -> None:
    done: list[bytes] = []

    def full(piece: bytes) -> None:
        if done:
            raise OSError(28, "No space left on device")
        done.append(piece)

    def put_many() -> None:
        with Behind(full) as behind:
            for _ in range(1000):
                behind.put(b"x")

    with pytest.raises(OSError, match="No space left"):
        put_many()
    assert done == [b"x"]


def test_what_goes_wrong_with_the_last_one_is_raised_at_the_end() -> None:
    def broken(piece: bytes) -> None:
        raise OSError(5, piece.decode())

    with pytest.raises(OSError, match="the last"), Behind(broken) as behind:
        behind.put(b"the last")


def test_the_makers_own_error_comes_first() -> None:
    def broken(piece: bytes) -> None:
        raise OSError(5, piece.decode())

    def make() -> None:
        with Behind(broken) as behind:
            behind.put(b"written")
            raise ValueError("made")

    with pytest.raises(ValueError, match="made"):
        make()
