"""What came of a row at a stage, and what is wrong with that."""

from __future__ import annotations

__all__ = ["QUESTION", "Complaint", "Result", "judge"]

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.matrix.row import End, Learns, Row, Said, Stage

EARLY = 0.02  # seconds: a clock's, and a round trip of the simulated one's
EXACT = 0.0006
LATE = 0.6  # seconds that a machine with other work may take to begin and to hand over what was decided
ROUND_TRIPS = 5  # of what is decided to what was wanted: a challenge, a token, an answer
NEW = 2  # connections after the decision: a token server's, and one where an answer ended the last
# Requests in the open, besides a question for each address: the wish, the same with a credential, that for a token.
MOST = {Learns.NOTHING: 0, Learns.QUESTION: 0, Learns.READ: 2, Learns.SECRET: 3}
HEADERS = frozenset({"host", "user-agent", "accept"})
QUESTION = re.compile(r"GET (http://[^/ ]+)?/v2/ ")  # a proxy is told the whole URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a row, from the counters and the listeners; only `end`, `seconds` and `words` are the client's."""

    stage: Stage
    end: End
    seconds: float
    learns: Learns
    words: str = ""
    syns: Mapping[int, int]
    packets: Mapping[int, int] = field(default_factory=dict)
    requests: Mapping[int, int]
    told: int = 0
    """How many requests anybody on the way could read."""
    questions: tuple[str, ...] = ()
    """The heads of what a plain port was asked first, as they were read on the way."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong. What is `final` counts though another run may do better: something was said that must not be."""

    words: str
    final: bool = False


def judge(row: Row, result: Result, simulated: Result | None) -> tuple[Complaint, ...]:
    """Everything that is wrong with a result; `simulated` is what the simulated clock says of the same row."""
    return (*_ending(row, result), *_time(row, result), *_disclosure(row, result), *_packets(row, result, simulated))


def _ending(row: Row, result: Result) -> Iterator[Complaint]:
    if result.end != row.end:
        yield Complaint(f"ends with {result.end}, not {row.end}: {result.words}")
    elif row.words not in result.words:
        yield Complaint(f"does not say {row.words!r}: {result.words}")


def _time(row: Row, result: Result) -> Iterator[Complaint]:
    if result.stage is Stage.SIMULATED:
        if abs(result.seconds - row.at) > EXACT:
            yield Complaint(f"takes {result.seconds:.4f} s, not {row.at:g} s")
        return
    if result.seconds < row.at - row.early - EARLY:
        yield Complaint(f"takes only {result.seconds:.3f} s, not {row.at:g} s", final=row.learns is Learns.SECRET)
    latest = row.at + row.late + LATE + ROUND_TRIPS * row.round_trip
    if result.seconds > latest:
        yield Complaint(f"takes {result.seconds:.3f} s, more than {latest:g} s")


def _disclosure(row: Row, result: Result) -> Iterator[Complaint]:
    if result.learns != row.learns:
        late = row.certain is not None and result.seconds >= row.certain - EARLY
        final = result.learns is Learns.SECRET and not late
        yield Complaint(f"others read {result.learns}, not {row.learns}", final=final)
    most = MOST[row.learns] + len(row.hosts) * (row.learns is not Learns.NOTHING)
    if result.told > most:
        yield Complaint(f"{result.told} requests in the open, more than {most}")
    for head in result.questions if row.said is not Said.ALWAYS else ():
        names = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line}
        if not QUESTION.match(head) or not names <= HEADERS:
            yield Complaint(f"the first request in plain is no bare question: {head!r}", final=True)


def _packets(row: Row, result: Result, simulated: Result | None) -> Iterator[Complaint]:
    for port, number in row.requests.items() if result.stage is not Stage.SIMULATED else ():
        if result.requests[port] != number:
            yield Complaint(f"{result.requests[port]} requests to {port}, not {number}")
    for port, (least, most) in row.syns.items():
        if not least <= result.syns[port] <= most:
            yield Complaint(f"{result.syns[port]} SYNs to {port}, not {least} to {most}")
    for port in row.ports if simulated else ():
        assert simulated
        expected = simulated.syns[port]
        # Since 6.5 Linux repeats a SYN each second, where the simulated one doubles the time.
        most = 2 * expected + NEW if expected else 0
        if not min(expected, 1) <= result.syns[port] <= most:
            yield Complaint(f"{result.syns[port]} SYNs to {port}, where the simulated clock has {expected}")
