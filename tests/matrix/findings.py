"""From counters and records to a row's result: what was asked where, and what others could read of it."""

from __future__ import annotations

__all__ = ["Seen", "found"]

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.behaviour.ports import PLAIN_TAG, TLS_TAG
from tests.behaviour.record import Asked
from tests.matrix.job import Done
from tests.matrix.result import QUESTION, Result
from tests.matrix.row import End, Learns, Port, Row, Stage
from tests.network.tally import Count

Place = tuple[str, int]
_ENDS: Mapping[tuple[str, ...], End] = {(TLS_TAG,): End.TLS, (PLAIN_TAG,): End.PLAIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to know of one row at one stage."""

    stage: Stage
    done: Done
    counts: Mapping[Place, Count]
    """By the wire, or the sniffer: every place of every row."""
    records: Mapping[Place, tuple[Asked, ...]]
    """By the row's listeners."""


def found(row: Row, places: Sequence[tuple[str, int, Port]], seen: Seen) -> Result:
    """The result of a row that is at these places."""
    counts = {(address, port): seen.counts.get((address, port), Count()) for address, port, _ in places}
    heads = [head for count in counts.values() for head in count.heads if not head.startswith("CONNECT ")]
    secret = any(count.marked for count in counts.values())
    told = [request for asked in seen.records.values() for request in asked if not request.tls]
    return Result(
        stage=seen.stage,
        end=_end(seen),
        seconds=seen.done.seconds,
        learns=Learns.SECRET if secret or any(request.secret for request in told) else _learns(heads),
        words=seen.done.words,
        syns=_by_port({place: count.syns for place, count in counts.items()}),
        packets=_by_port({place: count.sent for place, count in counts.items()}),
        requests=_by_port(
            {
                place: len(count.heads) + sum(request.tls for request in seen.records[place])
                for place, count in counts.items()
            }
        ),
        told=len(heads),
        questions=tuple(
            head.partition("\r\n\r\n")[0]
            for count in counts.values()
            for head in count.heads[:1]
            if not head.startswith("CONNECT ")
        ),
    )


def _end(seen: Seen) -> End:
    if seen.done.error:
        return End(seen.done.error)
    if seen.done.tags:
        return _ENDS[seen.done.tags]
    last = max((request for asked in seen.records.values() for request in asked), key=lambda request: request.at)
    return End.TLS if last.tls else End.PLAIN


def _learns(heads: Sequence[str]) -> Learns:
    if all(QUESTION.match(head) for head in heads):
        return Learns.QUESTION if heads else Learns.NOTHING
    return Learns.READ


def _by_port(by_place: Mapping[Place, int]) -> Mapping[int, int]:
    sums = Counter[int]()
    for (_, port), number in by_place.items():
        sums[port] += number
    return {port: sums[port] for _, port in by_place}
