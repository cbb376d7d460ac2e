"""How fast and how often at a time a host is asked, where settings bound it, or the host itself has asked for patience.

One client's threads share a host's pace: when one is told to come back later, none of them asks before.
"""

from __future__ import annotations

__all__ = ["Pacer"]

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable

from boxship.connect.deadline import Work
from boxship.event import Fact
from boxship.settings.hosts import Site

_TURN = 0.05  # seconds between a waiting thread's looks at its own cancellation
_TOLD = 1.0  # seconds; a longer wait is news


class _Host:
    """What is under way at a host, by thread, and when it may be asked again."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.holders: Counter[int] = Counter()
        self.next_at = 0.0
        self.held_until = 0.0


class Pacer:
    """Lets requests go. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)

    def enter(self, site: Site, work: Work, *, fresh: bool = False) -> Callable[[], None]:
        """Wait until the host may be asked; what is returned is called when its answer is over.

        A thread that has an answer of the host's open never waits for another's, nor does `fresh`, which continues
        one: so nobody waits for who waits.
        """
        host, thread = self._host(site), threading.get_ident()
        most = site.pace.at_a_time.value if site.pace and site.pace.at_a_time else None
        while True:
            self._wait(self._turn(host, site), site, work)
            with host.changed:
                while most and not fresh and not host.holders[thread] and host.holders.total() >= most:
                    host.changed.wait(_TURN)
                    work.check()
                if host.held_until <= time.monotonic():  # else it has asked for patience meanwhile
                    host.holders[thread] += 1
                    return lambda: self._leave(host, thread)

    def hold_back(self, site: Site, seconds: float) -> None:
        """The host has asked for patience: nobody asks it before."""
        host = self._host(site)
        with host.changed:
            host.held_until = max(host.held_until, time.monotonic() + seconds)

    def has(self, site: Site) -> bool:
        """Whether the host has a pace at all, or is to be left alone for a while."""
        name = site.registry.host.lower()
        return site.pace is not None or (name in self._hosts and self._hosts[name].held_until > time.monotonic())

    def _host(self, site: Site) -> _Host:
        with self._lock:
            return self._hosts[site.registry.host.lower()]

    @staticmethod
    def _turn(host: _Host, site: Site) -> float:
        """When this one's turn is."""
        per_second = site.pace.per_second.value if site.pace and site.pace.per_second else None
        with host.changed:
            turn = max(time.monotonic(), host.next_at, host.held_until)
            if per_second:
                host.next_at = turn + 1 / per_second
            return turn

    @staticmethod
    def _wait(turn: float, site: Site, work: Work) -> None:
        seconds = turn - time.monotonic()
        if seconds <= 0:
            return
        if seconds > _TOLD:
            facts: dict[str, Fact] = {"host": site.registry.host, "seconds": round(seconds, 3)}
            work.trace.say("Paced", f"{site} is asked in {seconds:.1f} s", facts=facts)
        work.sleep(seconds)

    @staticmethod
    def _leave(host: _Host, thread: int) -> None:
        with host.changed:
            host.holders[thread] -= 1
            if not host.holders[thread]:
                del host.holders[thread]
            host.changed.notify_all()
