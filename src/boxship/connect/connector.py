"""The door of this storey: from a site to a connected line, under one verdict for the life of a `Client`.

One race at a time for each site; other threads wait for its verdict. A plain verdict that was found, not told, keeps
its race: a late handshake is taken for the next operation, and certainty can be asked for before a secret is sent.
"""

from __future__ import annotations

__all__ = ["Connector"]

import threading
import time
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.connect.address import Permission, is_loopback
from boxship.connect.attempt import Attempt, Goal
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import DOCUMENT_ALL, OPERATION, Bounds, Work
from boxship.connect.evidence import Evidence
from boxship.connect.known import Known, closed
from boxship.connect.leg import TLS_PORT, Leg
from boxship.connect.legs import again, legs_of
from boxship.connect.patience import FIRST_PAUSE, PATIENCE, Patience, may_be_repeated
from boxship.connect.places import permitted_by, secured
from boxship.connect.reach import Reach, Run
from boxship.connect.recollection import Recollection
from boxship.connect.resolve import Resolver
from boxship.connect.verdict import Line, Verdict
from boxship.errors import ConnectFailed, NameFailed, TimedOut, TLSFailed, Unreachable
from boxship.event import Fact
from boxship.settings.hosts import Site
from boxship.value import replace
from boxship.wire.message import USER_AGENT

if TYPE_CHECKING:
    from boxship.settings.proxies import Proxies

# What errors need is imported where all is not well.
# ruff: noqa: PLC0415


class Connector:
    """Lines to sites. Safe to use from several threads."""

    def __init__(
        self,
        resolver: Resolver,
        contexts: Contexts,
        bounds: Bounds,
        *,
        proxies: Proxies | None = None,
        memory: Path | None = None,
        refresh: bool = False,
        user_agent: str = USER_AGENT,
    ) -> None:
        """`memory`: the folder of what earlier runs found; with `refresh` it is not read, only written."""
        self._contexts, self._bounds, self._proxies = contexts, bounds, proxies
        self.user_agent = user_agent
        self._recollection = Recollection(memory, refresh=refresh)
        self._reach = Reach(resolver, contexts, bounds, self._recollection, user_agent)
        self._lock = threading.Lock()
        self._sites: dict[Site, Known] = {}
        self._closed = False

    def line(self, site: Site, work: Work) -> Line:
        """A new connection to the site, or an error that says what was tried and what it showed."""
        known = self._known(site)
        races = known.races
        with known.held(work):
            if known.verdict is None:
                if known.races > races and known.failure:
                    raise copy(known.failure)
                return self._first(site, known, work)
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
        if known.run and known.lock.acquire(blocking=False):
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
            verdict, run = known.verdict, known.run
            if verdict and verdict.private:
                return verdict
            if not verdict or not run:
                # A site is reached before it is sent a secret, and a verdict that was found keeps its race till then.
                raise closed()
            if run.leg.most is not Permission.FULL:
                raise self._needs_consent(site, run, what)  # rule 10: what a proxy is in the way of needs a told http
            consent = verdict.permission is Permission.FULL
            if consent and self._remembers_absence(run, work):
                return self._settle_absent(site, known, verdict, work, what)
            words = f"whether {site} speaks TLS after all, before {what} is sent to it"
            facts: dict[str, Fact] = {
                "host": verdict.origin.host,
                "site": str(site),
                "port": site.registry.port or TLS_PORT,
            }
            work.trace.say("AbsenceStart", words, facts=facts)
            run.runner.race.pursue(Goal.ABSENCE if consent else Goal.TLS, time.monotonic())
            run.runner.run(work)
            return self._settle(site, known, verdict, work, what)

    def pin_tls(self, site: Site, port: int, work: Work) -> None:
        """Obey a redirect from plain HTTP to TLS on the same host: from now on the site is reached there (rule 8)."""
        known = self._known(site)
        with known.held(work):
            if known.verdict and known.verdict.tls and known.verdict.origin.port == port:
                return  # another thread was redirected as well
            run, attempt = self._reached(secured(site, port), work)
            known.close()
            known.verdict = run.verdict(attempt)
            known.spare = run.take(attempt, known.verdict)
            run.close()
            work.trace.say("Pinned", f"{site} redirects to TLS; plain HTTP is not used any more")

    def close(self) -> None:
        """Close what the races left open; every later use, and every race that goes on, ends with `Cancelled`."""
        with self._lock:
            self._closed = True
            sites = tuple(self._sites.values())
            self._sites.clear()
        for known in sites:
            known.end()

    def _known(self, site: Site) -> Known:
        if known := self._sites.get(site):  # it is asked for several times in a request; `close` leaves none
            return known
        with self._lock:
            known = self._sites.get(site)
            if self._closed:
                raise closed()
            if known is None:
                known = self._sites[site] = Known()
            return known

    # The first time.

    def _first(self, site: Site, known: Known, work: Work) -> Line:
        known.failure = None
        try:
            run, attempt = self._reached(site, work)
        except Unreachable as error:
            own = isinstance(error, TimedOut) and error.phase in (OPERATION, DOCUMENT_ALL)
            known.failure = None if own else copy(error)  # who gets this one says where it was sent from
            raise
        finally:
            known.races += 1
        verdict = known.verdict = run.verdict(attempt)
        if verdict.tls or verdict.told:
            line = run.take(attempt, verdict)
            run.close()
        else:
            known.run = run  # from here on it is closed with the site, whatever a listener raises
            words = f"{site} is spoken to over plain HTTP at {verdict.address}: found, not told"
            facts: dict[str, Fact] = {"host": verdict.origin.host}
            work.trace.say("Verdict", f"{words}; permitted by {permitted_by(site, verdict.address)}", facts=facts)
            line = run.take(attempt, verdict)
        return line or self._redial(site, verdict, work)

    def _reached(self, site: Site, work: Work) -> tuple[Run, Attempt]:
        """A race that was won, or the error of those that were lost: behind a proxy there are two (rule 10)."""
        tried: list[Attempt] = []
        legs = legs_of(site, self._proxies)
        for leg in legs:
            # Where plain HTTP may follow, a direct TLS leg ends as soon as it is sure that there is none.
            goal = Goal.ABSENCE if len(legs) > 1 and leg.tls and not leg.proxy else Goal.ANSWER
            try:
                run = self._run(leg, work, goal)
            except NameFailed:
                if not tried:
                    raise
                break  # only the proxy knows the name: what it said is the error
            if run.moved is not None:
                # Rule 8: the plain side sends everybody to TLS on another port; that is obeyed, and pins TLS.
                run.close()
                return self._reached(secured(site, run.moved), work)
            if run.winner:
                return run, run.winner
            run.close()
            tried += run.attempts
            if run.advice.spoke_tls or any(a.spoke or a.evidence is Evidence.PROXY for a in tried):
                break  # TLS is there, or has been; or only the proxy has spoken
        raise self._lost(run, tried)

    def _run(self, leg: Leg, work: Work, goal: Goal) -> Run:
        run = self._reach.run(leg, work, goal=goal)
        if leg.told and not run.winner and may_be_repeated(run.attempts):
            run.close()
            work.sleep(FIRST_PAUSE)
            # What has not come of the name would be waited for twice.
            run = self._reach.run(leg, work, goal=goal, names=run.names.again())
        try:
            for warning in run.runner.warnings:
                work.trace.say("Warning", warning, level="W")
            self._note(run)
        except BaseException:  # a listener's
            run.close()
            raise
        return run

    def _redial(self, site: Site, verdict: Verdict, work: Work) -> Line:
        """One more connection. The host has answered before: it is met with patience.

        The first dial has the bounds of any, each further one no more than what is left of the patience.
        """
        patience, part, lost = Patience(self._bounds.patience, time.monotonic()), work, None
        while True:
            try:
                return self._dial_again(again(site, verdict), verdict, part)
            except TLSFailed:
                raise
            except ConnectFailed as error:
                lost = error
            except TimedOut as error:
                if not lost or error.phase != PATIENCE:
                    raise
            pause = patience.pause(time.monotonic())
            if pause is None or not lost.evidence:  # nothing is permitted to be tried: waiting changes nothing
                raise lost
            facts: dict[str, Fact] = {"host": verdict.origin.host, "why": lost.what, "seconds": pause}
            work.trace.say("Retry", f"{lost.what}: again in {pause:.1f} s", level="W", facts=facts)
            work.sleep(pause)
            part = work.within(patience.dial(time.monotonic()), PATIENCE)

    def _dial_again(self, leg: Leg, verdict: Verdict, work: Work) -> Line:
        run = self._reach.run(leg, work)
        try:
            if not run.winner:
                raise self._lost(run, run.attempts)
            line = run.take(run.winner, replace(verdict, address=run.winner.address))
        finally:
            run.close()
        assert line, "a told connection is not used up by a question"
        return line

    # From plain to TLS, or to certainty.

    def _look_for_tls(self, site: Site, known: Known, work: Work) -> None:
        """Take a handshake that was finished after the plain verdict: what is plain changes only to TLS."""
        run = known.run
        if not (run and run.runner.hopeful and known.verdict and not known.verdict.tls):
            return
        run.runner.race.pursue(Goal.TLS, time.monotonic())
        run.runner.run(work, until=time.monotonic())
        if run.winner:
            self._upgrade(site, known, run, run.winner, work)

    @staticmethod
    def _remembers_absence(run: Run, work: Work) -> bool:
        """Whether a remembered absence of TLS still holds: where a SYN to 443 went along, it has had time to answer."""
        remembered, race = run.advice.remembered, run.runner.race
        if not (remembered and remembered.evidence):
            return False
        if any(attempt.tls for attempt in run.attempts):
            race.pursue(Goal.TLS, time.monotonic())
            run.runner.run(work, until=race.answerable_by())
        return not any(attempt.tls and attempt.answered for attempt in run.attempts)

    def _settle(self, site: Site, known: Known, verdict: Verdict, work: Work, what: str) -> Verdict:
        run = known.run
        assert run
        if run.winner:
            return self._upgrade(site, known, run, run.winner, work)
        if run.absent:
            return self._settle_absent(site, known, verdict, work, what)
        if any(attempt.spoke for attempt in run.attempts):
            self._note(run)  # what is plain in the memory was found before that
            raise self._lost(run, run.attempts)
        raise self._needs_consent(site, run, what)

    def _settle_absent(self, site: Site, known: Known, verdict: Verdict, work: Work, what: str) -> Verdict:
        from boxship.connect.report import absence_words

        run = known.run
        assert run
        evidence = absence_words(run.attempts, time.monotonic())
        if run.absent:
            self._recollection.saw_plain(run.key, verdict.address, evidence)
        elif run.advice.remembered:
            evidence = f"seen before: {run.advice.remembered.evidence}"
        known.verdict = replace(verdict, absent=True)
        known.close()
        words = f"{what} goes to {site} over plain HTTP, which others can read: {evidence}"
        # Nobody else can read what does not leave this machine; a name that leads there is news, though.
        level = "I" if _is_here(site.registry.host) else "W"
        words += f"; to say so outright, write http://{site}"
        work.trace.say("PlainConfirmed", words, level=level, facts={"host": verdict.origin.host})
        return known.verdict

    def _upgrade(self, site: Site, known: Known, run: Run, attempt: Attempt, work: Work) -> Verdict:
        verdict = known.verdict = run.verdict(attempt)
        spare = run.take(attempt, verdict)
        self._note(run)
        known.close()
        known.spare = spare
        words = f"{site} speaks TLS after all; plain HTTP is not used any more"
        work.trace.say("Upgraded", words, facts={"host": verdict.origin.host})
        return verdict

    # What is remembered, and what is said.

    def _note(self, run: Run) -> None:
        """Let the memory know how a race of candidates ended."""
        leg, winner, remembered = run.leg, run.winner, run.advice.remembered
        spoke = next((attempt for attempt in run.attempts if attempt.spoke), None)
        if spoke or (winner and winner.tls):
            seen = winner or spoke
            assert seen
            verified = bool(winner) and self._contexts.verifies(leg.site.trust, named=leg.site.named)
            self._recollection.saw_tls(run.key, seen.address, verified=verified, known=remembered)
        elif remembered and not run.advice.spoke_tls:
            if not winner or str(winner.address) != remembered.address:
                self._recollection.forget(run.key)
        elif winner and not leg.told:
            self._recollection.saw_plain(run.key, winner.address, "")

    @staticmethod
    def _lost(run: Run, tried: list[Attempt]) -> ConnectFailed:
        from boxship.connect.report import Loss, lost

        remembered = run.advice.remembered
        when = time.strftime("%Y-%m-%d", time.localtime(remembered.at)) if remembered and run.advice.spoke_tls else ""
        return lost(Loss(str(run.leg.site), tried, time.monotonic(), run.leg.words, when))

    @staticmethod
    def _needs_consent(site: Site, run: Run, what: str) -> ConnectFailed:
        from boxship.connect.report import needs_consent

        return needs_consent(str(site), what, attempts=run.attempts, now=time.monotonic())


def _is_here(host: str) -> bool:
    return host == "localhost" or is_loopback(host)
