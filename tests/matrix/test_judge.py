"""The judge finds what is wrong with a result: each thing that a row promises, it notices when it is not so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.behaviour.record import Asked
from tests.matrix.findings import Seen, found
from tests.matrix.job import Done
from tests.matrix.result import Result, judge
from tests.matrix.row import End, Learns, Row, Said, Stage, only
from tests.network.tally import Count

ADDRESS = "10.99.0.2"
ROW = Row("a row", only("slow TLS", "basic"), 1.002, End.TLS, Learns.READ, requests={443: 2})
REFUSED = Row("another", only("refused", "refused"), 0.001, End.LOST, words="refused")
RIGHT = Result(
    stage=Stage.WIRE,
    end=End.TLS,
    seconds=1.1,
    learns=Learns.READ,
    syns={443: 1, 80: 1},
    requests={443: 2, 80: 2},
    told=3,
    questions=("GET /v2/ HTTP/1.1\r\nHost: x\r\nUser-Agent: boxship\r\nAccept: */*",),
)
QUESTION = "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"
LIST = "GET /v2/app/tags/list HTTP/1.1\r\nHost: x\r\n\r\n"


def complaints(result: Result, row: Row = ROW, simulated: Result | None = None) -> list[tuple[str, bool]]:
    return [(complaint.words, complaint.final) for complaint in judge(row, result, simulated)]


def test_a_result_as_the_row_says_is_right() -> None:
    assert complaints(RIGHT, simulated=RIGHT) == []


@pytest.mark.parametrize(
    ("change", "words", "final"),
    [
        (lambda r: replace(r, end=End.PLAIN), "ends with plain, not TLS", False),
        (lambda r: replace(r, end=End.LOST), "ends with ConnectFailed, not TLS", False),
        (lambda r: replace(r, seconds=0.9), "takes only 0.900 s", False),
        (lambda r: replace(r, seconds=1.7), "takes 1.700 s, more than", False),
        (lambda r: replace(r, learns=Learns.SECRET), "others read a secret", True),
        (lambda r: replace(r, learns=Learns.NOTHING), "others read nothing", False),
        (lambda r: replace(r, told=4), "4 requests in the open, more than 3", False),
        (lambda r: replace(r, requests={443: 3, 80: 2}), "3 requests to 443, not 2", False),
        (lambda r: replace(r, syns={443: 1, 80: 0}), "0 SYNs to 80", False),
        (lambda r: replace(r, syns={443: 5, 80: 1}), "5 SYNs to 443", False),
        (lambda r: replace(r, questions=(LIST.strip(),)), "no bare question", True),
        (lambda r: replace(r, questions=(f"{QUESTION.strip()}\r\nX-Mine: y",)), "no bare question", True),
    ],
)
def test_what_is_not_as_the_row_says_is_found(change: Callable[[Result], Result], words: str, *, final: bool) -> None:
    ((said, ends),) = complaints(change(RIGHT), simulated=RIGHT)
    assert words in said
    assert ends is final


def test_the_simulated_clock_is_exact() -> None:
    exact = replace(RIGHT, stage=Stage.SIMULATED, seconds=1.002)
    assert complaints(exact) == []
    assert complaints(replace(exact, seconds=1.003)) == [("takes 1.0030 s, not 1.002 s", False)]


def test_an_error_has_to_say_what_the_row_says() -> None:
    lost = replace(RIGHT, end=End.LOST, seconds=0.01, learns=Learns.NOTHING, told=0, questions=(), words="no route")
    assert complaints(lost, REFUSED) == [("does not say 'refused': no route", False)]


def test_a_secret_before_its_time_is_final() -> None:
    row = replace(ROW, at=1.2, end=End.PLAIN, learns=Learns.SECRET)
    early = replace(RIGHT, end=End.PLAIN, learns=Learns.SECRET, seconds=1.1)
    assert complaints(early, row) == [("takes only 1.100 s, not 1.2 s", True)]


@pytest.mark.parametrize(("seconds", "final"), [(1.2, True), (1.5, False)])
def test_a_secret_that_was_said_because_the_machine_was_late_may_be_tried_again(seconds: float, *, final: bool) -> None:
    late = replace(RIGHT, learns=Learns.SECRET, seconds=seconds)
    found = complaints(late, replace(ROW, certain=1.5))
    assert ("others read a secret, not anonymous reads", final) in found


def test_where_plain_is_told_nothing_has_to_be_asked_first() -> None:
    row = replace(ROW, said=Said.ALWAYS)
    assert complaints(replace(RIGHT, questions=(LIST.strip(),)), row) == []


def seen(*heads: str, marked: int = 0, asked: tuple[Asked, ...] = ()) -> Learns:
    counts = {(ADDRESS, 80): Count(syns=1, sent=3, heads=list(heads), marked=marked)}
    done = Done(name="a row", seconds=0.1, tags=("over-tls",))
    facts = Seen(stage=Stage.WIRE, done=done, counts=counts, records={(ADDRESS, 80): asked})
    return found(ROW, [(ADDRESS, 80, ROW.hosts[0].ports[80])], facts).learns


def asked(*, tls: bool) -> Asked:
    return Asked(at=0.0, method="GET", target="/v2/", headers={"authorization": "Basic x"}, body="", tls=tls)


def test_what_others_read_is_taken_from_the_packets() -> None:
    assert seen() is Learns.NOTHING
    assert seen(QUESTION) is Learns.QUESTION
    assert seen(QUESTION, LIST) is Learns.READ
    assert seen(QUESTION, marked=1) is Learns.SECRET


def test_what_a_listener_was_told_in_plain_counts_too() -> None:
    assert seen(QUESTION, asked=(asked(tls=False),)) is Learns.SECRET
    assert seen(QUESTION, asked=(asked(tls=True),)) is Learns.QUESTION
