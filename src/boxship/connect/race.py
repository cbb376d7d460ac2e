"""The race between addresses and schemes: which connection to use, decided from facts and the clock alone.

No socket and no clock of its own: `dial` drives it on the network, tests on a simulated one with exact times. The
rules have the numbers of docs/connecting.md. What an attempt can show is in `evidence`.
"""

from __future__ import annotations

__all__ = ["Race"]

import math
from collections.abc import Callable, Iterator
from functools import partial

from boxship.connect.address import MAX_ADDRESSES, Address
from boxship.connect.attempt import Action, Attempt, Do, End, Goal, Outcome, Place
from boxship.connect.deadline import Bounds
from boxship.connect.evidence import Evidence

STAGGER = 0.1  # rule 2: RFC 8305's minimum between two addresses
GRACE = (4, 0.02, 0.3)  # rule 4: round trips, least and most seconds, while no TLS candidate is open
HELLO_GRACE = (4, 0.06, 1.0)  # rule 5: the same for one that is
NEXT_QUESTION = 1.0  # a plain candidate that is asked and says nothing is not waited for alone
AGAIN = 0.25  # rule 7: refused, reset and unreachable are tried once more after this
SECOND_SYN = 0.4  # rule 7: our own second SYN to a silent address
SILENT_AFTER = 1.2  # rule 7: the kernel's retransmission, 1 s after the first SYN, has been unanswered for a while
SILENT_ROUND_TRIPS = 4
RETRANSMISSION = 1.0  # RFC 6298, 2.1: the kernel's first
SYN_GRACE = (2, 0.06, math.inf)  # what the last SYN has to be answered, as in `GRACE`

_AT_ONCE = frozenset({Evidence.REFUSED, Evidence.RESET, Evidence.UNREACHABLE})


_Due = tuple[float, Callable[[], None]]


def _grace(rule: tuple[int, float, float], round_trip: float) -> float:
    """So many round trips, clamped."""
    times, least, most = rule
    return min(max(times * round_trip, least), most)


class Race:
    """Candidates, facts and timers. Facts come in by method; `step` gives what to do; `outcome` ends it."""

    def __init__(
        self,
        places: tuple[Place, ...],
        bounds: Bounds,
        now: float,
        *,
        told: bool,
        hello_first: bool,
        names_until: float = -math.inf,
    ) -> None:
        """`told`: one scheme, so connecting is enough. `hello_first`: an explicit port has one connection (rule 9).

        Until `names_until` more addresses may be `found`, and nothing is final.
        """
        self.attempts: list[Attempt] = []
        self.outcome: Outcome | None = None
        self.goal = Goal.ANSWER
        self._places, self._bounds, self._now = places, bounds, now
        self._told, self._hello_first = told, hello_first
        self._names_until = names_until
        self._begun = now
        self._last_start = -math.inf
        self._started = 0
        self._plain_forbidden = False
        self._actions: list[Action] = []

    # Facts.

    def found(self, places: tuple[Place, ...], now: float, *, more: bool) -> None:
        """These addresses of the host are known by now, older ones among them; `more` may come."""
        self._now = now
        secure, plain = {place.tls for place in self._places}, {place.plain for place in self._places}
        new = (Place(None if p.tls in secure else p.tls, None if p.plain in plain else p.plain) for p in places)
        self._places = (*self._places, *(place for place in new if place.tls or place.plain))[:MAX_ADDRESSES]
        if not more:
            self._names_over()

    def opened(self, attempt: Attempt, now: float) -> None:
        """The SYN-ACK came."""
        if self._is_news(attempt, now):
            attempt.opened = now
            if self._told and not attempt.tls:
                self._win(attempt)

    def spoke(self, attempt: Attempt, now: float) -> None:
        """The first byte of a TLS record came; roots, names and dates are not judged yet."""
        if self._is_news(attempt, now):
            attempt.spoke = True
            self._forbid_plain()  # rule 3: whatever port 80 says

    def shaken(self, attempt: Attempt, now: float) -> None:
        """The handshake is done and verified: rule 3."""
        if self._is_news(attempt, now):
            self._win(attempt)

    def answered(self, attempt: Attempt, now: float, *, refusal: str = "", moved: int | None = None) -> None:
        """The plain side answered `GET /v2/`: as a registry, or why not as one, or by sending everybody to TLS."""
        if not self._is_news(attempt, now):
            return
        if moved is not None:
            self._end(attempt, Evidence.LEFT, "sends everybody to TLS")
            self._forbid_plain()
            if not any(place.tls and place.tls.sockaddr[1] == moved for place in self._places):
                self.outcome = Outcome(End.MOVED, port=moved)
        elif refusal:
            self._end(attempt, Evidence.NO_REGISTRY, refusal)
        else:
            self._win(attempt)

    def failed(self, attempt: Attempt, now: float, evidence: Evidence, detail: str = "", remedy: str = "") -> None:
        """The attempt is over, and this is what it showed."""
        if self._is_news(attempt, now):
            attempt.remedy = remedy
            self._end(attempt, Evidence.SPOKE_TLS if attempt.spoke else evidence, detail)

    def pursue(self, goal: Goal, now: float) -> None:
        """Go on after a plain answer, for certainty about TLS."""
        if self.outcome or goal is not self.goal:
            self._begun = now  # it may be long ago that somebody looked: second tries get their whole time
        self._now, self.goal, self.outcome = now, goal, None

    def _is_news(self, attempt: Attempt, now: float) -> bool:
        """Whether a fact changes anything: several may come at once, and the first of them may have ended the race."""
        self._now = now
        winner = self.outcome.attempt if self.outcome else None
        return attempt.live and not (winner and winner.tls)

    # What to do.

    def step(self, now: float) -> list[Action]:
        """Everything that is due by `now`, in order."""
        self._now = now
        while self.outcome is None:
            due, act = min(self._timers(), key=lambda timer: timer[0], default=(now, self._lose))
            if due > now:
                break
            act()
        actions, self._actions = self._actions, []
        return actions

    def wake(self) -> float:
        """When `step` next has something to do, should nothing happen before."""
        return min((due for due, _ in self._timers()), default=self._now)

    def _timers(self) -> Iterator[_Due]:
        yield from self._starts()
        yield from self._expiries()
        if self._awaits_names:
            yield min(self._names_until, self._begun + self._bounds.connect_all), self._names_over
        if self._plain_forbidden:
            return
        if self.goal is Goal.ANSWER:
            yield from self._plain_after_hello()
            yield from self._questions()
        if self.goal is Goal.ABSENCE:
            yield from self._second_tries()
            yield from self._absence()

    @property
    def _awaits_names(self) -> bool:
        return self._names_until > -math.inf

    def _names_over(self) -> None:
        self._names_until = -math.inf

    def _starts(self) -> Iterator[_Due]:
        """Rule 2: 100 ms apart, at once when one fails or any plain candidate connects."""
        if self._started >= len(self._places):
            return
        last = [attempt for attempt in self.attempts if attempt.place == self._started - 1]
        hurry = any(not a.live for a in last) or any(a.is_open and not a.tls for a in self.attempts)
        yield (self._now if hurry or not self._started else self._last_start + STAGGER), self._start_next

    def _start_next(self) -> None:
        number, place = self._started, self._places[self._started]
        self._started += 1
        self._last_start = self._now
        if place.tls:
            self._dial(number, place.tls, tls=True)
        if place.plain and not self._plain_forbidden and not (self._hello_first and place.tls):
            self._dial(number, place.plain, tls=False)

    def _expiries(self) -> Iterator[_Due]:
        """The bounds of TCP, of TLS, and of the answer to `GET /v2/`."""
        bounds = self._bounds
        for attempt in self.attempts:
            if not attempt.live:
                continue
            if not attempt.is_open:
                # An attempt that starts later than the last address's first (a second try) has its own time.
                begun = max(self._last_start, attempt.started)
                due = min(begun + bounds.connect, self._begun + bounds.connect_all)
                yield due, partial(self._end, attempt, Evidence.SILENT)
            elif attempt.spoke:
                yield (
                    max(attempt.opened, self._begun) + bounds.tls,
                    partial(self._end, attempt, Evidence.SPOKE_TLS, "handshake unfinished"),
                )
            elif attempt.tls:
                yield attempt.opened + bounds.tls_first_byte, partial(self._end, attempt, Evidence.MUTE)
            elif not math.isnan(attempt.asked):
                yield (
                    attempt.asked + min(bounds.question, bounds.first_byte),
                    partial(self._end, attempt, Evidence.MUTE),
                )

    def _plain_after_hello(self) -> Iterator[_Due]:
        """Rule 9: on an explicit port the hello goes first; refused is final, reset and silence are not."""
        for number, place in enumerate(self._places[: self._started]):
            tried = [attempt for attempt in self.attempts if attempt.place == number]
            if not (self._hello_first and place.plain and tried and all(attempt.tls for attempt in tried)):
                continue
            hello = tried[0]
            if hello.is_open:
                due = hello.opened + _grace(HELLO_GRACE, hello.round_trip)
            elif hello.evidence in (Evidence.NOT_TLS, Evidence.RESET, Evidence.MUTE):
                due = self._now
            else:
                continue
            yield due, partial(self._dial, number, place.plain, tls=False)

    def _questions(self) -> Iterator[_Due]:
        """Rules 4 and 5: when a plain candidate that is open may be asked; the next one where the last says nothing."""
        ready = [attempt for attempt in self.attempts if not attempt.tls and attempt.is_open]
        plain = next((attempt for attempt in ready if math.isnan(attempt.asked)), None)
        if not plain:
            return
        hopes = [attempt for attempt in self.attempts if attempt.tls and attempt.live]
        asked = [attempt.asked for attempt in ready if not math.isnan(attempt.asked)]
        due = max(asked) + NEXT_QUESTION if asked else self._now
        if any(not hope.is_open for hope in hopes):
            due = max(due, max(plain.opened, self._last_start) + _grace(GRACE, plain.round_trip))
        for hope in hopes:
            if hope.is_open:
                due = max(due, hope.opened + _grace(HELLO_GRACE, hope.round_trip))
        yield due, partial(self._ask, plain)

    def _second_tries(self) -> Iterator[_Due]:
        """Rule 7: whoever failed at once is tried again; a silent one gets a second SYN of our own."""
        for number, place in enumerate(self._places[: self._started]):
            tried = self._tls_at(number)
            if len(tried) != 1 or not place.tls:
                continue
            first = tried[0]
            if first.evidence in _AT_ONCE:
                yield first.ended + AGAIN, partial(self._dial, number, place.tls, tls=True)
            elif first.live and not first.is_open:
                yield first.started + SECOND_SYN, partial(self._dial, number, place.tls, tls=True)

    def _absence(self) -> Iterator[_Due]:
        """Rule 7: when the absence of TLS is confirmed at every address."""
        if self._started < len(self._places) or self._awaits_names:
            return
        dues = [self._absent_at(number) for number, place in enumerate(self._places) if place.tls]
        yield max(dues, default=self._now), self._confirm_absence

    def _absent_at(self, number: int) -> float:
        tried = self._tls_at(number)
        if any(attempt.evidence is Evidence.NOT_TLS for attempt in tried):
            return self._now
        if any(attempt.is_open for attempt in tried):
            return math.inf  # what is open becomes mute, not TLS, or wins
        if len(tried) < 2 and any(attempt.live or attempt.evidence in _AT_ONCE for attempt in tried):
            return math.inf  # it is tried again
        if not any(attempt.live for attempt in tried):
            return self._now
        return self._silence_known([a.started for a in tried if a.live or a.evidence is Evidence.SILENT])

    def _silence_known(self, starts: list[float]) -> float:
        slowest = max((a.round_trip for a in self.attempts if not math.isnan(a.opened)), default=0.0)
        first, last_syn = min(starts), max(min(starts) + RETRANSMISSION, *starts)
        return max(first + max(SILENT_AFTER, SILENT_ROUND_TRIPS * slowest), last_syn + _grace(SYN_GRACE, slowest))

    # Acts.

    def _tls_at(self, number: int) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.tls and attempt.place == number]

    def _dial(self, number: int, address: Address, *, tls: bool) -> None:
        attempt = Attempt(number, tls, address, self._now)
        self.attempts.append(attempt)
        self._actions.append((Do.DIAL, attempt))

    def _ask(self, attempt: Attempt) -> None:
        attempt.asked = self._now
        self._actions.append((Do.ASK, attempt))

    def _end(self, attempt: Attempt, evidence: Evidence, detail: str = "") -> None:
        attempt.evidence, attempt.detail, attempt.ended = evidence, detail, self._now
        self._actions.append((Do.DROP, attempt))

    def _forbid_plain(self) -> None:
        self._plain_forbidden = True
        winner = self.outcome.attempt if self.outcome else None
        self._leave_plain(winner, "TLS is spoken")
        if winner:
            self.outcome = None  # a plain answer of the same moment, which nobody has been given yet

    def _leave_plain(self, winner: Attempt | None, why: str) -> None:
        for attempt in self.attempts:
            if not attempt.tls and (attempt.live or attempt is winner):
                self._end(attempt, Evidence.LEFT, why)

    def _win(self, attempt: Attempt) -> None:
        attempt.evidence, attempt.ended = Evidence.DONE, self._now
        self.outcome = Outcome(End.WON, attempt)
        if not attempt.tls:
            self._leave_plain(None, "another one answered first")

    def _confirm_absence(self) -> None:
        self.outcome = Outcome(End.ABSENT)

    def _lose(self) -> None:
        self.outcome = Outcome(End.LOST)
