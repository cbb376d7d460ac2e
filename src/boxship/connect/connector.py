"""The door of this storey: from a site to a connected line, under one verdict for the life of a `Client`.

One race at a time for each site; other threads wait for its verdict. A plain verdict that was found, not told, keeps
its race: a late handshake is taken for the next operation, and certainty can be asked for before a secret is sent.
"""

from __future__ import annotations

__all__ = ["Connector"]

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace

from boxship.connect.address import Address, Permission, is_literal
from boxship.connect.attempt import Attempt, End, Goal, Outcome
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import DOCUMENT_ALL, OPERATION, Bounds, Work
from boxship.connect.dial import Greeting, Runner
from boxship.connect.places import PLAIN_PORT, TLS_PORT, Atlas, permission, secured
from boxship.connect.question import question
from boxship.connect.race import Race
from boxship.connect.resolve import Resolver
from boxship.connect.verdict import Line, Origin, Verdict
from boxship.errors import Cancelled, TimedOut, Unreachable
from boxship.settings.hosts import Site
from boxship.wire.message import USER_AGENT

_TURN = 0.1  # seconds between a waiting thread's looks at its own cancellation
_PARTING = 1.0  # what is cancelled has ended within 0.2 s, unless the end was asked for in its own listener


class _Known:
    """What this process knows of a site."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.work: Work | None = None
        self.verdict: Verdict | None = None
        self.runner: Runner | None = None
        self.spare: Line | None = None
        self.closed = False
        self.races = 0
        self.failure: Unreachable | None = None
        """Why the last race was lost; for those who waited for it."""

    @contextmanager
    def held(self, work: Work) -> Iterator[None]:
        """The site to oneself; others that race for it are waited for."""
        while not self.lock.acquire(timeout=_TURN):
            work.check()
        self.work = work
        try:
            if self.closed:
                raise _closed()
            yield
        finally:
            self.work = None
            if self.closed:
                self.close()  # what was opened while somebody closed
            self.lock.release()

    def end(self) -> None:
        """Close from another thread than the one that races: that one is told, and lets go of its sockets itself."""
        self.closed = True
        if work := self.work:
            work.cancel()
        if self.lock.acquire(timeout=_PARTING):
            self.close()
            self.lock.release()

    def close(self) -> None:
        """Give up the race and the spare connection."""
        if self.runner:
            self.runner.close()
        if self.spare:
            self.spare.sock.close()
        self.runner = self.spare = None


class Connector:
    """Lines to sites. Safe to use from several threads."""

    def __init__(
        self, resolver: Resolver, contexts: Contexts, bounds: Bounds, user_agent: str = USER_AGENT
    ) -> None:
        self._atlas, self._contexts, self._bounds = Atlas(resolver), contexts, bounds
        self.user_agent = user_agent
        self._lock = threading.Lock()
        self._sites: dict[Site, _Known] = {}
        self._closed = False

    def line(self, site: Site, work: Work) -> Line:
        """A new connection to the site, or an error that says what was tried and what it showed."""
        known = self._known(site)
        races = known.races
        with known.held(work):
            if known.verdict is None:
                if known.races > races and known.failure:
                    raise copy(known.failure)
                return self._first_race(site, known, work)
            self._look_for_tls(site, known, work)
            verdict = known.verdict
            line, known.spare = known.spare, None
        return line or self._redial(site, verdict, work)

    def verdict(self, site: Site) -> Verdict | None:
        """What is known of the site so far."""
        return self._known(site).verdict

    def look_for_tls(self, site: Site, work: Work) -> None:
        """Take a handshake that has finished since the plain verdict, if nobody else is about it: it costs no wait."""
        known = self._known(site)
        if known.runner and known.lock.acquire(blocking=False):
            try:
                self._look_for_tls(site, known, work)
            finally:
                known.lock.release()

    def secure(self, site: Site, work: Work, what: str) -> Verdict:
        """The verdict under which a secret may be sent to the site (rule 7), or why it may not.

        `what` names the secret for the error. The verdict may have become TLS: connections from before are not to be
        used any more.
        """
        known = self._known(site)
        with known.held(work):
            verdict = known.verdict
            if verdict and verdict.private:
                return verdict
            if not verdict or not known.runner:
                # A site is reached before it is sent a secret, and a verdict that was found keeps its race till then.
                raise _closed()
            words = f"whether {site} speaks TLS after all, before {what} is sent to it"
            work.trace.say("AbsenceStart", words, facts={"host": str(site), "port": TLS_PORT})
            consent = verdict.permission is Permission.FULL
            known.runner.race.pursue(Goal.ABSENCE if consent else Goal.TLS, time.monotonic())
            known.runner.run(work)
            return self._settle(site, known, verdict, work, what)

    def pin_tls(self, site: Site, port: int, work: Work) -> None:
        """Obey a redirect from plain HTTP to TLS on the same host: from now on the site is reached there (rule 8)."""
        known = self._known(site)
        with known.held(work):
            if known.verdict and known.verdict.tls and known.verdict.origin.port == port:
                return  # another thread was redirected as well
            reached = secured(site, port)
            runner, _ = self._run(reached, None, work)
            attempt = self._reached(reached, runner, work)
            known.close()
            known.verdict = self._verdict(reached, attempt)
            known.spare = self._take(runner, attempt, known.verdict, keep=False)
            work.trace.say("Pinned", f"{site} redirects to TLS; plain HTTP is not used any more")

    def close(self) -> None:
        """Close what the races left open; every later use, and every race that goes on, ends with `Cancelled`."""
        with self._lock:
            self._closed = True
            sites = tuple(self._sites.values())
            self._sites.clear()
        for known in sites:
            known.end()

    def _known(self, site: Site) -> _Known:
        if known := self._sites.get(site):  # it is asked for several times in a request; `close` leaves none
            return known
        with self._lock:
            known = self._sites.get(site)
            if self._closed:
                raise _closed()
            if known is None:
                known = self._sites[site] = _Known()
            return known

    # The race and its end.

    def _first_race(self, site: Site, known: _Known, work: Work) -> Line:
        known.failure = None
        try:
            return self._race(site, known, work)
        except Unreachable as error:
            own = isinstance(error, TimedOut) and error.phase in (OPERATION, DOCUMENT_ALL)
            known.failure = None if own else error
            raise
        finally:
            known.races += 1

    def _race(self, site: Site, known: _Known, work: Work) -> Line:
        reached = site
        runner, moved = self._run(site, None, work)
        if moved is not None:
            # Rule 8: the plain side sends everybody to TLS on another port; that is obeyed, and pins TLS.
            runner.close()
            reached = secured(site, moved)
            runner, _ = self._run(reached, None, work)
        attempt = self._reached(reached, runner, work)
        known.verdict = self._verdict(reached, attempt)
        if known.verdict.tls or known.verdict.told:
            return self._take(runner, attempt, known.verdict, keep=False) or self._redial(site, known.verdict, work)
        known.runner = runner
        _tell(work, site, known.verdict)
        return self._take(runner, attempt, known.verdict, keep=True) or self._redial(site, known.verdict, work)

    def _redial(self, site: Site, verdict: Verdict, work: Work) -> Line:
        runner, _ = self._run(site, verdict, work)
        attempt = self._reached(site, runner, work)
        line = self._take(runner, attempt, replace(verdict, address=attempt.address), keep=False)
        assert line, "a told connection is not used up by a question"
        return line

    def _look_for_tls(self, site: Site, known: _Known, work: Work) -> None:
        """Take a handshake that was finished after the plain verdict: what is plain changes only to TLS."""
        runner = known.runner
        if not (runner and runner.hopeful and known.verdict and not known.verdict.tls):
            return
        runner.race.pursue(Goal.TLS, time.monotonic())
        runner.run(work, until=time.monotonic())
        winner = _winner(runner.race.outcome)
        if winner:
            self._upgrade(site, known, runner, winner, work)

    def _settle(self, site: Site, known: _Known, verdict: Verdict, work: Work, what: str) -> Verdict:
        runner = known.runner
        assert runner
        outcome, attempts, now = runner.race.outcome, runner.race.attempts, time.monotonic()
        winner = _winner(outcome)
        if winner:
            return self._upgrade(site, known, runner, winner, work)
        from boxship.connect import report  # noqa: PLC0415 -- needed where all is not well

        if outcome and outcome.end is End.ABSENT:
            known.verdict = replace(verdict, absent=True)
            known.close()
            evidence = report.absence_words(attempts, now)
            words = f"{what} goes to {site} over plain HTTP, which others can read: {evidence}"
            # Nobody else can read what does not leave this machine; a name that leads there is news, though.
            level = "I" if _is_here(site.registry.host) else "W"
            work.trace.say("PlainConfirmed", f"{words}; to say so outright, write http://{site}", level=level)
            return known.verdict
        if any(attempt.spoke for attempt in attempts):
            raise report.lost(str(site), attempts, now)
        raise report.needs_consent(str(site), what, attempts=attempts, now=now)

    def _upgrade(self, site: Site, known: _Known, runner: Runner, attempt: Attempt, work: Work) -> Verdict:
        verdict = known.verdict = self._verdict(site, attempt)
        spare = self._take(runner, attempt, verdict, keep=True)
        known.close()
        known.spare = spare
        work.trace.say("Upgraded", f"{site} speaks TLS after all; plain HTTP is not used any more")
        return verdict

    def _reached(self, site: Site, runner: Runner, work: Work) -> Attempt:
        for warning in runner.warnings:
            work.trace.say("Warning", warning, level="W")
        winner = _winner(runner.race.outcome)
        if winner:
            return winner
        from boxship.connect import report  # noqa: PLC0415 -- needed where all is not well

        runner.close()
        raise report.lost(str(site), runner.race.attempts, time.monotonic())

    @staticmethod
    def _take(runner: Runner, attempt: Attempt, verdict: Verdict, *, keep: bool) -> Line | None:
        sock = runner.take(attempt)
        if not keep:
            runner.close()
        return Line(sock, verdict, attempt.connection) if sock else None

    def _verdict(self, site: Site, attempt: Attempt) -> Verdict:
        port = site.registry.port or (TLS_PORT if attempt.tls else PLAIN_PORT)
        host = site.registry.host.partition("%")[0].rstrip(".").lower()
        origin = Origin("https" if attempt.tls else "http", host, port)
        return Verdict(origin, attempt.address, told=site.told, permission=permission(site, attempt.address))

    # Running one.

    def _run(self, site: Site, verdict: Verdict | None, work: Work) -> tuple[Runner, int | None]:
        """A finished race, and the port of TLS where the plain side sends everybody."""
        begun = time.monotonic()
        names = self._atlas.names(site, verdict)
        try:
            places = names.first(work, self._bounds.names)
            race = Race(
                places,
                self._bounds,
                time.monotonic(),
                told=site.told or verdict is not None,
                hello_first=site.registry.port not in (None, PLAIN_PORT),
                names_until=begun + self._bounds.names if names.pending else -math.inf,
            )
            runner = Runner(race, self._greeting(site), names)
        except BaseException:
            names.close()
            raise
        try:
            runner.run(work)
        except BaseException as error:
            runner.close()
            if isinstance(error, TimedOut):
                from boxship.connect.report import evidence_lines  # noqa: PLC0415 -- needed where all is not well

                error.evidence = evidence_lines(race.attempts, time.monotonic())
            raise
        return runner, race.outcome.port if race.outcome else None

    def _greeting(self, site: Site) -> Greeting:
        return Greeting(
            name=site.registry.host.partition("%")[0].rstrip("."),
            host=site.registry.name,
            context=lambda: self._contexts.context(site.trust, named=site.named),
            load_roots=lambda: self._contexts.load(site.trust, named=site.named),
            question=question(site.registry.name, self.user_agent),
        )


def _closed() -> Cancelled:
    return Cancelled("the client is closed")


def _winner(outcome: Outcome | None) -> Attempt | None:
    return outcome.attempt if outcome else None


def _is_here(host: str) -> bool:
    return host == "localhost" or (is_literal(host) and Address.of(host, 0).ip.is_loopback)


def _tell(work: Work, site: Site, verdict: Verdict) -> None:
    words = f"{site} is spoken to over plain HTTP at {verdict.address}: found, not told"
    work.trace.say("Verdict", words, facts={"host": verdict.origin.host})
