"""Connections at rest, by site and origin. Two sites share none: permission, trust and flags are part of a site."""

from __future__ import annotations

__all__ = ["Pool"]

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from boxship.connect.connector import Connector
from boxship.connect.deadline import Work
from boxship.connect.places import secured
from boxship.connect.verdict import Origin
from boxship.settings.hosts import Site

if TYPE_CHECKING:
    from boxship.transport.connection import Connection

_MOST_IDLE = 16  # for each origin
_MOST_IDLE_IN_ALL = 64
_OLDEST = 50.0  # seconds at rest: many servers and firewalls forget after 60


class Pool:
    """Takes connections out, lets them be given back. Safe to use from several threads."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._lock = threading.Lock()
        self._idle: defaultdict[tuple[Site, Origin], list[tuple[float, Connection]]] = defaultdict(list)
        self._parked: set[Connection] = set()
        self._closed = False

    def take(self, site: Site, work: Work, *, fresh: bool = False) -> Connection:
        """A connection under the site's present verdict: the one used last, or (always with `fresh`) a new one."""
        connection = None if fresh else self.at_rest(site, work)
        if connection:
            return connection
        from boxship.transport.connection import Connection  # noqa: PLC0415 -- `http.client` takes long to import

        line = self._connector.line(site, work)
        # Rule 8 may have led to another port than the one that is written.
        there = secured(site, line.verdict.origin.port) if line.verdict.tls else site
        return Connection(line, there.registry.name, self._connector.user_agent)

    def at_rest(self, site: Site, work: Work) -> Connection | None:
        """The connection under the site's present verdict that was used last, if one is at rest and alive."""
        self._connector.look_for_tls(site, work)
        while connection := self._pop(site):
            if connection.alive:
                return connection
            connection.close()
        return None

    def give_back(self, site: Site, connection: Connection) -> None:
        """The connection is at rest. Those of any site that have been so for too long, or are too many, are closed."""
        now = time.monotonic()
        with self._lock:
            idle = self._idle[(site, connection.verdict.origin)]
            kept = not self._closed and len(idle) < _MOST_IDLE
            if kept:
                idle.append((now, connection))
            unwanted = self._unwanted(now)
        for one in unwanted if kept else (*unwanted, connection):
            one.close()

    def _unwanted(self, now: float) -> list[Connection]:
        """Take out what has been at rest for too long, and one more where that leaves too many. With the lock."""
        unwanted: list[Connection] = []
        for where, idle in tuple(self._idle.items()):
            while idle and now - idle[0][0] > _OLDEST:
                unwanted.append(idle.pop(0)[1])
            if not idle:
                del self._idle[where]
        if sum(map(len, self._idle.values())) > _MOST_IDLE_IN_ALL:
            longest = min(self._idle.values(), key=lambda idle: idle[0][0])
            unwanted.append(longest.pop(0)[1])
        return unwanted

    def has(self, site: Site) -> bool:
        """Whether one to the site is at rest."""
        with self._lock:
            return any(idle for (where, _), idle in self._idle.items() if where == site)

    def park(self, connection: Connection) -> None:
        """An answer is on its way to the connection, and nobody waits for it until it is claimed."""
        with self._lock:
            if not self._closed:
                self._parked.add(connection)
                return
        connection.close()

    def claim(self, connection: Connection) -> bool:
        """Whether the connection is still there to be used: it was parked, and this has not been closed since."""
        with self._lock:
            try:
                self._parked.remove(connection)
            except KeyError:
                return False
        return True

    def close(self) -> None:
        """Close everything that is at rest or parked, and what is given back later."""
        with self._lock:
            self._closed = True
            connections = [connection for idle in self._idle.values() for _, connection in idle]
            connections += self._parked
            self._idle.clear()
            self._parked.clear()
        for connection in connections:
            connection.close()

    def _pop(self, site: Site) -> Connection | None:
        verdict = self._connector.verdict(site)
        if verdict is None:
            return None
        with self._lock:
            idle = self._idle[(site, verdict.origin)]
            if not idle:
                return None
            since, connection = idle.pop()
        if time.monotonic() - since > _OLDEST:
            connection.close()
            return self._pop(site)
        return connection
