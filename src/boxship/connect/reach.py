"""One race run from a host's name to its end: names, places, what is remembered, the greeting, the sockets."""

from __future__ import annotations

__all__ = ["Reach", "Run"]

import math
import time
from typing import TYPE_CHECKING

from boxship.connect.advice import Advice, advise, leads_elsewhere
from boxship.connect.attempt import Attempt, End, Goal, Place
from boxship.connect.candidate import Greeting
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds, Work
from boxship.connect.dial import Runner
from boxship.connect.leg import PLAIN_PORT, TLS_PORT, Leg
from boxship.connect.places import Atlas, Names, permission
from boxship.connect.question import question
from boxship.connect.race import Race
from boxship.connect.recollection import Recollection, key_for
from boxship.connect.resolve import Resolver
from boxship.connect.verdict import Line, Origin, Verdict
from boxship.errors import TimedOut
from boxship.value import dataclass

if TYPE_CHECKING:
    import ssl

    from boxship.connect.memory import Key, Remembered
    from boxship.connect.tunnel import Tunnel
    from boxship.settings.proxies import Proxy

# Seconds to wait for IPv4 where IPv6 was answered first and it is the other address that is remembered.
_OTHER_FAMILY = 0.25

# What tunnels and errors need is imported where there is one.
# ruff: noqa: PLC0415


@dataclass(slots=True)
class Run:
    """A race that has been run, and may go on. Whoever has it closes it."""

    leg: Leg
    names: Names
    runner: Runner
    advice: Advice
    key: Key | None
    """By what it is remembered."""

    @property
    def winner(self) -> Attempt | None:
        """The attempt whose connection is to be used."""
        outcome = self.runner.race.outcome
        return outcome.attempt if outcome else None

    @property
    def moved(self) -> int | None:
        """The port of TLS where the plain side sends everybody (rule 8)."""
        outcome = self.runner.race.outcome
        return outcome.port if outcome else None

    @property
    def absent(self) -> bool:
        """Whether TLS was confirmed to be absent."""
        outcome = self.runner.race.outcome
        return outcome is not None and outcome.end is End.ABSENT

    @property
    def attempts(self) -> list[Attempt]:
        """Everything that was tried."""
        return self.runner.race.attempts

    def verdict(self, attempt: Attempt) -> Verdict:
        """The verdict that the attempt stands for."""
        site = self.leg.site
        port = site.registry.port or (TLS_PORT if attempt.tls else PLAIN_PORT)
        host = site.registry.host.partition("%")[0].rstrip(".").lower()
        origin = Origin("https" if attempt.tls else "http", host, port)
        # Through a proxy, the address is the proxy's, and what may be said was decided by the name.
        allowed = self.leg.most if self.leg.proxy else min(self.leg.most, permission(site, attempt.address))
        return Verdict(origin, attempt.address, told=site.told, permission=allowed, proxy=self.leg.proxy)

    def take(self, attempt: Attempt, verdict: Verdict) -> Line | None:
        """The attempt's connection under a verdict; None where it cannot carry another request."""
        sock = self.runner.take(attempt)
        return Line(sock, verdict, attempt.connection) if sock else None

    def close(self) -> None:
        """Close what is left."""
        self.runner.close()


class Reach:
    """Runs races."""

    def __init__(
        self, resolver: Resolver, contexts: Contexts, bounds: Bounds, recollection: Recollection, user_agent: str
    ) -> None:
        self._atlas, self._contexts, self._bounds = Atlas(resolver), contexts, bounds
        self._recollection, self._user_agent = recollection, user_agent

    def run(self, leg: Leg, work: Work, *, goal: Goal = Goal.ANSWER, names: Names | None = None) -> Run:
        """The race of the leg, run until it has an outcome; `names`, where the host has been looked up already."""
        if leg.words:
            facts = {"host": str(leg.site), "proxy": str(leg.proxy or "")}
            work.trace.say("Proxy", f"{leg.site}{leg.words}", facts=facts)
        run = self._begun(leg, work, names or self._atlas.names(leg))
        run.runner.race.goal = goal
        try:
            run.runner.run(work)
        except BaseException as error:
            run.close()
            if isinstance(error, TimedOut):
                from boxship.connect.report import evidence_lines

                error.evidence = evidence_lines(run.attempts, time.monotonic())
            raise
        return run

    def _begun(self, leg: Leg, work: Work, names: Names) -> Run:
        begun = time.monotonic()
        try:
            places = names.first(work, self._bounds.names)
            key = key_for(leg, places)
            known = self._recollection.recall(leg, key)
            if known and leads_elsewhere(places, known):
                places = names.settled(work, _OTHER_FAMILY)
            advice = self._advice(leg, places, names, work, known)
            port = leg.site.registry.port
            race = Race(
                advice.places,
                self._bounds,
                time.monotonic(),
                told=leg.told,
                hello_first=leg.tls and port not in (None, PLAIN_PORT),
                names_until=begun + self._bounds.names if names.pending else -math.inf,
                head_start=advice.head_start,
            )
            return Run(leg, names, Runner(race, self._greeting(leg), names), advice, key)
        except BaseException:
            names.close()
            raise

    def _advice(
        self, leg: Leg, places: tuple[Place, ...], names: Names, work: Work, known: Remembered | None
    ) -> Advice:
        advice = advise(places, known, time.time(), told=leg.told)
        if known and advice.remembered:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(known.at))
            work.trace.say("Remembered", f"{leg.site}: {known.seen} at {known.address} on {when}")
            if advice.spoke_tls:
                names.forbid_plain()
        return advice

    # What a host is greeted with.

    def _greeting(self, leg: Leg) -> Greeting:
        site, proxy = leg.site, leg.proxy
        through = proxy if proxy and (leg.tls or proxy.scheme == "socks5") else None
        carried = proxy if proxy and proxy.scheme == "https" else None
        forwarder = proxy if leg.plain and not through else None
        return Greeting(
            name=site.registry.host.partition("%")[0].rstrip("."),
            host=site.registry.name,
            context=lambda: self._contexts.context(site.trust, named=site.named),
            load_roots=lambda: self._contexts.load(site.trust, named=site.named),
            question=question(site.registry.name, self._user_agent, forwarder),
            tunnel=(lambda: self._tunnel(leg, through)) if through else None,
            forwarder=forwarder,
            carrier=(lambda: self._carrier(leg, carried)) if carried else None,
        )

    def _tunnel(self, leg: Leg, proxy: Proxy) -> Tunnel:
        from boxship.connect.tunnel import tunnel

        registry, known = leg.site.registry, leg.verdict
        # Rule 8 may have led to another port than the one that is written.
        port = known.origin.port if known else registry.port or (TLS_PORT if leg.tls else PLAIN_PORT)
        return tunnel(proxy, registry.host.rstrip("."), port, self._user_agent)

    def _carrier(self, leg: Leg, proxy: Proxy) -> tuple[ssl.SSLContext, str]:
        # A proxy is nobody that a flag names: its certificate is always checked.
        trust = leg.site.trust.for_others()
        context = self._contexts.context(trust, named=False)
        self._contexts.load(trust, named=False)
        return context, proxy.host.partition("%")[0]
