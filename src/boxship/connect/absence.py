"""Whether TLS is absent at every address (rule 7): what is tried again for it, and when it is certain.

Pure: attempts and the clock come in. Nothing is sent over plain HTTP that is secret before this says so.
"""

from __future__ import annotations

__all__ = ["confirmed_from", "grace", "second_tries"]

import math
from collections.abc import Iterator, Sequence

from boxship.connect.address import Address
from boxship.connect.attempt import Attempt, Place
from boxship.connect.evidence import Evidence

AGAIN = 0.25  # refused, reset and unreachable are tried once more after this
SECOND_SYN = 0.4  # our own second SYN to a silent address
# Both SYNs and the kernel's retransmissions of both, 1 s later, have been unanswered for a while. Where 5 % of the
# packets are lost, all four are once in 160,000 times; the three that 1.2 s have room for, once in 8,000 times.
SILENT_AFTER = 1.5
SILENT_ROUND_TRIPS = 4
RETRANSMISSION = 1.0  # RFC 6298, 2.1: the kernel's first
# What a SYN to 443 has to be answered where TLS was absent before: a machine that is busy is not taken for a firewall.
SEEN_BEFORE = (4, 0.1, 0.3)
SYN_GRACE = (2, 0.06, math.inf)  # what the last SYN has to be answered, as in `grace`

_AT_ONCE = frozenset({Evidence.REFUSED, Evidence.RESET, Evidence.UNREACHABLE})


def grace(rule: tuple[int, float, float], round_trip: float) -> float:
    """So many round trips, clamped between the least and the most seconds."""
    times, least, most = rule
    return min(max(times * round_trip, least), most)


def second_tries(places: Sequence[Place], attempts: Sequence[Attempt]) -> Iterator[tuple[float, int, Address]]:
    """When to dial which place's TLS address: who failed at once again, a silent one with a second SYN of our own."""
    for number, place in enumerate(places):
        tried = _tls_at(attempts, number)
        if len(tried) != 1 or not place.tls:
            continue
        first = tried[0]
        if first.evidence in _AT_ONCE:
            yield first.ended + AGAIN, number, place.tls
        elif first.live and not first.is_open:
            yield first.started + SECOND_SYN, number, place.tls


def confirmed_from(places: Sequence[Place], attempts: Sequence[Attempt], now: float) -> float:
    """From when on the absence is certain, should nothing happen before; `inf` while something else must happen."""
    slowest = max((a.round_trip for a in attempts if not math.isnan(a.opened)), default=0.0)
    dues = [_absent_at(_tls_at(attempts, n), slowest, now) for n, place in enumerate(places) if place.tls]
    return max(dues, default=now)


def _tls_at(attempts: Sequence[Attempt], number: int) -> list[Attempt]:
    return [attempt for attempt in attempts if attempt.tls and attempt.place == number]


def _absent_at(tried: list[Attempt], slowest: float, now: float) -> float:
    if any(attempt.evidence is Evidence.NOT_TLS for attempt in tried):
        return now
    if not tried or any(attempt.is_open for attempt in tried):
        return math.inf  # what is open becomes mute, not TLS, or wins
    if len(tried) < 2 and any(attempt.live or attempt.evidence in _AT_ONCE for attempt in tried):
        return math.inf  # it is tried again
    if not any(attempt.live for attempt in tried):
        return now
    return _silence_known([a.started for a in tried if a.live or a.evidence is Evidence.SILENT], slowest)


def _silence_known(starts: list[float], slowest: float) -> float:
    first, last_syn = min(starts), max(min(starts) + RETRANSMISSION, *starts)
    return max(first + max(SILENT_AFTER, SILENT_ROUND_TRIPS * slowest), last_syn + grace(SYN_GRACE, slowest))
