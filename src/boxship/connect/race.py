"""The race between addresses and schemes: which connection to use, decided from facts and the clock alone.

No socket and no clock of its own: `dial` drives it on the network, tests on a simulated one with exact times. The
rules have the numbers of docs/connecting.md. What an attempt can show is in `evidence`.
"""

from __future__ import annotations

__all__ = ["Race"]

import math
from collections.abc import Callable, Iterator
from functools import partial

from boxship.connect.absence import SEEN_BEFORE, confirmed_from, grace, second_tries
from boxship.connect.address import MAX_ADDRESSES, Address
from boxship.connect.attempt import Action, Attempt, Do, End, Goal, Outcome, Place
from boxship.connect.deadline import Bounds
from boxship.connect.evidence import Evidence
from boxship.seconds import spoken, told_by

STAGGER = 0.1  # rule 2: RFC 8305's minimum between two addresses
GRACE = (4, 0.02, 0.3)  # rule 4: round trips, least and most seconds, while no TLS candidate is open
HELLO_GRACE = (4, 0.06, 1.0)  # rule 5: the same for one that is
NEXT_QUESTION = 1.0  # a plain candidate that is asked and says nothing is not waited for alone
HEAD_START = 0.25  # of a plain address that was remembered: 443 is not tried before
PROBE_AFTER = 1.0  # without permission, port 80 is asked once when 443 has been silent for so long, or has failed
PROBE_BOUND = 2.0  # for that question, its connection included
FINDING_AFTER = 3.0  # silence on 443 is final from then on, where port 80 answers as a registry
LATE_NAMES = 3.0  # a name that is half resolved keeps up the end of a race no longer: firewalls drop AAAA, too

_Due = tuple[float, Callable[[], None]]


def _chosen(bound: float, *, before: str = "") -> str:
    """A bound that somebody chose, and who; nothing of a default."""
    return f"{before}the bound is {spoken(bound)}" if told_by(bound) else ""


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
        head_start: float | None = None,
    ) -> None:
        """`told`: one scheme, so connecting is enough. `hello_first`: an explicit port has one connection (rule 9).

        Until `names_until` more addresses may be `found`, and nothing is final. `head_start`: the first place's plain
        side is remembered: it is asked as soon as it is open, and all else begins so many seconds later.
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
        self._head_start = head_start
        self._actions: list[Action] = []

    # Facts.

    def found(self, places: tuple[Place, ...], now: float, *, more: bool) -> None:
        """These addresses of the host are known by now, older ones among them; `more` may come."""
        self._now = now
        known = {address for place in self._places for address in (place.tls, place.plain, place.probe)}
        new = (place.without(known) for place in places)
        self._places = (*self._places, *(place for place in new if place))[:MAX_ADDRESSES]
        if not more:
            self._names_over()

    def entered(self, attempt: Attempt, now: float) -> None:
        """A proxy's SYN-ACK came: it is asked to lead to the host."""
        if self._is_news(attempt, now):
            attempt.entered = now

    def opened(self, attempt: Attempt, now: float) -> None:
        """The SYN-ACK came, or the proxy's word for it."""
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
        if attempt.probe:
            self._end(attempt, Evidence.NO_REGISTRY if refusal or moved else Evidence.PLAIN_REGISTRY, refusal)
        elif moved is not None:
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

    @property
    def decided(self) -> bool:
        """Whether a handshake has won: nothing that another attempt shows changes that."""
        return bool(self.outcome and self.outcome.attempt and self.outcome.attempt.tls)

    def pursue(self, goal: Goal, now: float) -> None:
        """Go on after a plain answer, for certainty about TLS; a handshake that is done is that."""
        if self.decided:
            return
        if self.outcome or goal is not self.goal:
            self._begun = now  # it may be long ago that somebody looked: second tries get their whole time
        self._now, self.goal, self.outcome, self._head_start = now, goal, None, None

    def answerable_by(self) -> float:
        """When the SYNs that are on their way to 443 have had time to be answered; the past where there is none."""
        slowest = max((a.round_trip for a in self.attempts if not math.isnan(a.opened)), default=0.0)
        tried = [attempt.started for attempt in self.attempts if attempt.tls and attempt.live]
        return max(tried, default=-math.inf) + grace(SEEN_BEFORE, slowest)

    @property
    def lacks_names(self) -> bool:
        """Whether it is only more addresses of the host that are waited for."""
        if self.outcome or not self._awaits_names or self._started < len(self._places):
            return False
        if self.goal is Goal.ABSENCE:
            return confirmed_from(self._places, self.attempts, self._now) <= self._now
        return not any(attempt.live for attempt in self.attempts)

    def _is_news(self, attempt: Attempt, now: float) -> bool:
        """Whether a fact changes anything: several may come at once, and the first of them may have ended the race."""
        self._now = now
        return attempt.live and not self.decided

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
        yield from self._late_hello()
        yield from self._expiries()
        if self._awaits_names:
            yield self._names_due(), self._names_over
        if self._plain_forbidden:
            return
        if self.goal is Goal.ANSWER:
            yield from self._plain_after_hello()
            yield from self._questions()
            yield from self._probes()
        if self.goal is Goal.ABSENCE:
            yield from self._absence()

    @property
    def _awaits_names(self) -> bool:
        return self._names_until > -math.inf

    def _names_due(self) -> float:
        """Until when more addresses are waited for: certainty about TLS needs all of them, an error does not."""
        if any(attempt.evidence is Evidence.PROXY for attempt in self.attempts):
            return self._now  # it would say the same at each of its addresses
        done = self.goal is Goal.ANSWER and not any(attempt.live for attempt in self.attempts)
        return min(self._names_until, self._begun + (LATE_NAMES if done else self._bounds.connect_all))

    def _names_over(self) -> None:
        self._names_until = -math.inf

    def _starts(self) -> Iterator[_Due]:
        """Rule 2: 100 ms apart, at once when one fails or any plain candidate connects."""
        if self._started >= len(self._places):
            return
        last = [attempt for attempt in self.attempts if attempt.place == self._started - 1]
        plain_open = any(a.is_open and not a.tls for a in self.attempts) and self._head_start is None
        if not self._started or plain_open or any(not a.live for a in last):
            yield self._now, self._start_next
        else:
            yield self._last_start + max(STAGGER, self._head_start or 0.0), self._start_next

    def _start_next(self) -> None:
        number, place = self._started, self._places[self._started]
        self._started += 1
        self._last_start = self._now
        ahead = not number and self._head_start is not None
        if place.tls and not ahead:
            self._dial(number, place.tls, tls=True)
        if place.plain and not self._plain_forbidden and not (self._hello_first and place.tls and not ahead):
            self._dial(number, place.plain, tls=False)

    def _late_hello(self) -> Iterator[_Due]:
        """TLS at the remembered place: after the head start of its plain side, at once when that fails."""
        place = self._places[0] if self._started else None
        if not place or not place.tls or any(attempt.place == 0 and attempt.tls for attempt in self.attempts):
            return
        failed = any(not attempt.live for attempt in self.attempts)
        due = self._now if failed or self._head_start is None else self._begun + self._head_start
        yield due, partial(self._dial, 0, place.tls, tls=True)

    def _expiries(self) -> Iterator[_Due]:
        """The bounds of TCP, of TLS, and of the answer to `GET /v2/`."""
        for attempt in self.attempts:
            if attempt.live:
                due, evidence, detail = self._bound(attempt)
                if attempt.probe:
                    due = min(due, attempt.started + PROBE_BOUND)
                yield due, partial(self._end, attempt, evidence, detail)

    def _bound(self, attempt: Attempt) -> tuple[float, Evidence, str]:
        bounds = self._bounds
        if not attempt.is_open and not math.isnan(attempt.entered):
            return (
                attempt.entered + bounds.proxy,
                Evidence.SILENT,
                f"the proxy said nothing within {spoken(bounds.proxy)}",
            )
        if not attempt.is_open:
            # An attempt that starts later than the last address's first (a second try) has its own time.
            begun = max(self._last_start, attempt.started)
            due = min(begun + bounds.connect, self._begun + bounds.connect_all)
            found = attempt.tls and any(a.evidence is Evidence.PLAIN_REGISTRY for a in self.attempts)
            bound = bounds.connect if due < self._begun + bounds.connect_all else bounds.connect_all
            return (min(due, self._begun + FINDING_AFTER) if found else due), Evidence.SILENT, _chosen(bound)
        if attempt.spoke:
            words = f"handshake unfinished{_chosen(bounds.tls, before='; ')}"
            return max(attempt.opened, self._begun) + bounds.tls, Evidence.SPOKE_TLS, words
        if attempt.tls:
            return attempt.opened + bounds.tls_first_byte, Evidence.MUTE, _chosen(bounds.tls_first_byte)
        asked = math.inf if math.isnan(attempt.asked) else attempt.asked
        answer = min(bounds.question, bounds.first_byte)
        return asked + answer, Evidence.MUTE, _chosen(answer)

    def _plain_after_hello(self) -> Iterator[_Due]:
        """Rule 9: on an explicit port the hello goes first; refused is final, reset and silence are not."""
        for number, place in enumerate(self._places[: self._started]):
            tried = [attempt for attempt in self.attempts if attempt.place == number]
            if not (self._hello_first and place.plain and tried and all(attempt.tls for attempt in tried)):
                continue
            hello = tried[0]
            if hello.is_open:
                due = hello.opened + grace(HELLO_GRACE, hello.round_trip)
            elif hello.evidence in (Evidence.NOT_TLS, Evidence.RESET, Evidence.MUTE):
                due = self._now
            else:
                continue
            yield due, partial(self._dial, number, place.plain, tls=False)

    def _questions(self) -> Iterator[_Due]:
        """Rules 4 and 5: when a plain candidate that is open may be asked; the next one where the last says nothing."""
        ready = [attempt for attempt in self.attempts if not attempt.tls and attempt.is_open and not attempt.probe]
        plain = next((attempt for attempt in ready if math.isnan(attempt.asked)), None)
        if not plain:
            return
        hopes = [attempt for attempt in self.attempts if attempt.tls and attempt.live]
        asked = [attempt.asked for attempt in ready if not math.isnan(attempt.asked)]
        due = max(asked) + NEXT_QUESTION if asked else self._now
        if self._head_start is None and any(not hope.is_open for hope in hopes):
            due = max(due, max(plain.opened, self._last_start) + grace(GRACE, plain.round_trip))
        for hope in hopes:
            if hope.is_open:
                due = max(due, hope.opened + grace(HELLO_GRACE, hope.round_trip))
        yield due, partial(self._ask, plain)

    def _probes(self) -> Iterator[_Due]:
        """Without permission: port 80 is asked once whether it is a registry, for the error to say so."""
        probes = [attempt for attempt in self.attempts if attempt.probe]
        places = [number for number, place in enumerate(self._places[: self._started]) if place.probe]
        if not probes and places:
            failed = not any(attempt.live for attempt in self.attempts)
            yield (self._now if failed else self._begun + PROBE_AFTER), partial(self._dial_probes, places)
        ready = next((attempt for attempt in probes if attempt.is_open), None)
        if ready and all(math.isnan(attempt.asked) for attempt in probes):
            yield self._now, partial(self._ask, ready)

    def _absence(self) -> Iterator[_Due]:
        """Rule 7: what is tried again, and when the absence of TLS is confirmed at every address."""
        for due, number, address in second_tries(self._places[: self._started], self.attempts):
            yield due, partial(self._dial, number, address, tls=True)
        if self._started == len(self._places) and not self._awaits_names:
            yield confirmed_from(self._places, self.attempts, self._now), self._confirm_absence

    # Acts.

    def _dial(self, number: int, address: Address, *, tls: bool, probe: bool = False) -> None:
        attempt = Attempt(number, tls, address, self._now, probe=probe)
        self.attempts.append(attempt)
        self._actions.append((Do.DIAL, attempt))

    def _dial_probes(self, places: list[int]) -> None:
        for number in places:
            probe = self._places[number].probe
            assert probe
            self._dial(number, probe, tls=False, probe=True)

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
