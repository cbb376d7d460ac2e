"""A clock and a network that are simulated: they drive a `Race` as `dial` does, in exact virtual time.

Nothing sleeps. A `Port` is a script: what happens to a SYN, to a TLS hello, to the question `GET /v2/`. What reached
which port, and when, is in `sent`. How ports commonly behave is in `networks`.
"""

from __future__ import annotations

__all__ = ["ALL", "EXPLICIT", "Port", "Reply", "Sent", "Simulation", "place"]

import heapq
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from boxship.connect.address import Address
from boxship.connect.attempt import Attempt, Do, Goal, Outcome, Place
from boxship.connect.deadline import Bounds
from boxship.connect.evidence import Evidence
from boxship.connect.race import Race

ALL = math.inf
EXPLICIT = 5000
_RETRANSMISSIONS = (0.0, 1.0, 3.0, 7.0)  # Linux: RFC 6298's first second, doubled each time

Fact = Callable[[Race, Attempt, float], None]


@dataclass(frozen=True, slots=True)
class Reply:
    """What comes back, so many seconds (on top of the round trip) after it was asked for."""

    after: float
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """How one port of one address behaves."""

    round_trip: float = 0.001
    lost: float = 0
    """How many SYNs are dropped before one gets through."""
    fails: Evidence | None = None
    """What a SYN gets instead of a SYN-ACK."""
    hello: tuple[Reply, ...] = ()
    question: tuple[Reply, ...] = ()
    single_threaded: bool = False
    """Whether a connection is left unanswered while an earlier one lasts."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that reached the wire."""

    at: float
    what: str
    """`SYN` (ours, not the kernel's), `hello` or `question`."""
    address: Address


def place(number: int, *, tls: int | None = 443, plain: int | None = 80) -> Place:
    """The place at the address 10.0.0.`number`."""
    ip = f"10.0.0.{number}"
    return Place(Address.of(ip, tls) if tls else None, Address.of(ip, plain) if plain else None)


@dataclass(slots=True)
class Simulation:
    """A race in a network. `run` goes on to its outcome; `now` is the time then."""

    network: dict[Address, Port]
    race: Race
    now: float = 0.0
    sent: list[Sent] = field(default_factory=list)
    _events: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    spoken_at: float = math.inf
    """When the first TLS record was seen."""
    _open: set[Attempt] = field(default_factory=set)
    _unanswered: dict[Attempt, tuple[Reply, ...]] = field(default_factory=dict)
    _syns: Counter[Address] = field(default_factory=Counter)
    _queues: defaultdict[Address, list[Attempt]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(
        cls,
        *hosts: tuple[Port | None, Port | None],
        told: bool = False,
        names_until: float = -math.inf,
        permitted: bool = True,
        head_start: float | None = None,
        bounds: Bounds = Bounds(),  # noqa: B008 -- it is frozen
    ) -> Simulation:
        """A race between 10.0.0.1, 10.0.0.2, ...: each with its ports 443 and 80, None where it is not tried.

        Where plain HTTP is not `permitted`, port 80 may only be asked whether it is a registry.
        """
        places = tuple(
            place(number, tls=443 if tls else None, plain=80 if plain else None)
            for number, (tls, plain) in enumerate(hosts, 1)
        )
        pairs = zip(places, hosts, strict=True)
        ports = {address: port for p, (tls, plain) in pairs for address, port in ((p.tls, tls), (p.plain, plain))}
        network = {address: port for address, port in ports.items() if address and port}
        tried = places if permitted else tuple(Place(p.tls, None, p.plain) for p in places)
        race = Race(tried, bounds, 0.0, told=told, hello_first=False, names_until=names_until, head_start=head_start)
        return cls(network, race)

    @classmethod
    def explicit(cls, *ports: Port, head_start: float | None = None) -> Simulation:
        """A race for port 5000 of 10.0.0.1, 10.0.0.2, ..., where TLS and plain HTTP are both permitted."""
        places = tuple(place(number, tls=EXPLICIT, plain=EXPLICIT) for number in range(1, len(ports) + 1))
        network = {p.tls: port for p, port in zip(places, ports, strict=True) if p.tls}
        return cls(network, Race(places, Bounds(), 0.0, told=False, hello_first=True, head_start=head_start))

    def run(self) -> Outcome:
        """Go on until the race has an outcome: what `Runner.run` does."""
        self._deliver()
        while True:
            for do, attempt in self.race.step(self.now):
                self._act(do, attempt)
            if self.race.outcome:
                return self.race.outcome
            self.now = max(self.now, min(self.race.wake(), self._events[0][0] if self._events else math.inf))
            assert math.isfinite(self.now), "the race waits for nothing, and for ever"
            self._deliver()

    def pursue(self, goal: Goal, *, after: float = 0.0) -> Outcome:
        """Go on for certainty about TLS, `after` so many seconds in which nobody looked at the sockets."""
        self.now += after
        self.race.pursue(goal, self.now)
        return self.run()

    def at(self, time: float, event: Callable[[float], None]) -> None:
        """Let something happen at that time; it is told when somebody looks next."""
        heapq.heappush(self._events, (time, next(self._order), event))

    def times(self, what: str, port: int) -> list[float]:
        """When that was sent to that port, at any address."""
        return [sent.at for sent in self.sent if sent.what == what and sent.address.sockaddr[1] == port]

    # The network.

    def _deliver(self) -> None:
        while self._events and self._events[0][0] <= self.now:
            time, _, event = heapq.heappop(self._events)
            event(time)

    def _act(self, do: Do, attempt: Attempt) -> None:
        {Do.DIAL: self._dial, Do.ASK: self._ask, Do.DROP: self._drop}[do](attempt)

    def _record(self, what: str, attempt: Attempt) -> None:
        self.sent.append(Sent(self.now, what, attempt.address))

    def _dial(self, attempt: Attempt) -> None:
        assert attempt not in self._open
        self._record("SYN", attempt)
        self._open.add(attempt)
        self._queues[attempt.address].append(attempt)
        for later in _RETRANSMISSIONS:
            self.at(self.now + later, lambda time: self._syn(attempt, time))

    def _syn(self, attempt: Attempt, time: float) -> None:
        """A SYN arrives, or does not; the kernel sends them, whether somebody looks or not."""
        port = self.network[attempt.address]
        if attempt not in self._open or not math.isnan(attempt.opened):
            return
        self._syns[attempt.address] += 1
        if self._syns[attempt.address] > port.lost:
            self.at(time + port.round_trip, lambda _: self._syn_answered(attempt, port))

    def _syn_answered(self, attempt: Attempt, port: Port) -> None:
        if attempt not in self._open or not math.isnan(attempt.opened):
            return
        if port.fails:
            self.race.failed(attempt, self.now, port.fails)
            return
        self.race.opened(attempt, self.now)
        if attempt.tls and attempt.live:
            self._record("hello", attempt)
            self._expect(attempt, port.hello)

    def _ask(self, attempt: Attempt) -> None:
        self._record("question", attempt)
        self._expect(attempt, self.network[attempt.address].question)

    def _expect(self, attempt: Attempt, replies: tuple[Reply, ...]) -> None:
        port, queue = self.network[attempt.address], self._queues[attempt.address]
        if port.single_threaded and queue[0] is not attempt:
            self._unanswered[attempt] = replies
            return
        for reply in replies:
            self.at(self.now + port.round_trip + reply.after, self._telling(attempt, reply.fact))

    def _telling(self, attempt: Attempt, fact: Fact) -> Callable[[float], None]:
        # As in `Runner`: a fact is told for as long as the socket is there, even where its attempt was just ended.
        def tell(_: float) -> None:
            if attempt in self._open:
                fact(self.race, attempt, self.now)
            if attempt.spoke:
                self.spoken_at = min(self.spoken_at, self.now)

        return tell

    def _drop(self, attempt: Attempt) -> None:
        self._open.discard(attempt)
        queue = self._queues[attempt.address]
        queue.remove(attempt)
        if queue and (replies := self._unanswered.pop(queue[0], ())):
            self._expect(queue[0], replies)
