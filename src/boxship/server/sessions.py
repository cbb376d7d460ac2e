"""Upload sessions: their rows, and what this process knows beyond them: who is writing, and the digests so far.

A row says how many bytes are acknowledged, and survives the process. The running digests do not: where they are
missing, the file is read back.
"""

from __future__ import annotations

__all__ = ["Busy", "Session", "Sessions", "TooMany", "Unknown"]

import hashlib
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from boxship.digest import Digest
from boxship.server.database import Database
from boxship.server.storage import Hash, Hashes

_IDLE = 3600.0  # seconds after the last request
_AGE = 24 * 3600.0  # seconds after the first
_MOST = 1000  # of one repository

_BEGIN = "INSERT INTO upload (id, repository, size, started, expires) VALUES (?, ?, ?, ?, ?)"


class Unknown(Exception):
    """No such session, or not this repository's, or expired."""


class TooMany(Exception):
    """The repository has too many open sessions."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open upload: where it goes, how many bytes are acknowledged, and digests of these as far as they are known."""

    id: str
    repository: str
    size: int
    hashes: Hashes = field(repr=False)

    def digest(self, algorithm: str) -> Digest | None:
        """The digest of the bytes so far, if it was reckoned while they came."""
        known = self.hashes.get(algorithm)
        return Digest(algorithm, known.hexdigest()) if known else None

    def at(self, size: int) -> Session:
        """The session with `size` bytes acknowledged, which its digests have followed."""
        return replace(self, size=size)


class Busy(Exception):
    """Another request is writing to the session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.id)
        self.session = session


class Sessions:
    """The open uploads of a registry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # The digests of a session's bytes, and of how many of them; taken out while somebody writes.
        self._digests: dict[str, tuple[int, dict[str, Hash]]] = {}
        self._busy: set[str] = set()

    def all(self) -> frozenset[str]:
        """Every session that has a row."""
        return frozenset(session for (session,) in self._database.read("SELECT id FROM upload"))

    def find(self, repository: str, session: str, *, now: float) -> Session:
        """The session, or `Unknown`."""
        query = "SELECT size FROM upload WHERE id = ? AND repository = ? AND expires > ?"
        row = self._database.read(query, (session, repository, now)).fetchone()
        if not row:
            raise Unknown(session)
        return Session(session, repository, row[0], {})

    @contextmanager
    def writing(self, repository: str, session: str, *, now: float) -> Iterator[Session]:
        """The session, for one writer at a time: a second one gets `Busy`, for chunks may not mix."""
        found = self.find(repository, session, now=now)
        if session in self._busy:
            raise Busy(found)
        self._busy.add(session)
        try:
            size, hashes = self._digests.pop(session, (0, {"sha256": hashlib.sha256()}))
            # A write that failed, or an earlier process, leaves digests of another number of bytes.
            yield Session(session, repository, found.size, hashes if size == found.size else {})
        finally:
            self._busy.discard(session)

    async def begin(self, repository: str, algorithm: str, *, now: float) -> Session:
        """A new session, whose bytes are expected to be named by a digest of `algorithm`; or `TooMany`."""
        session = Session(str(uuid.uuid4()), repository, 0, {})

        def work(connection: sqlite3.Connection) -> None:
            query = "SELECT count(*) FROM upload WHERE repository = ?"
            if connection.execute(query, (repository,)).fetchone()[0] >= _MOST:
                raise TooMany(repository)
            values = (session.id, repository, 0, now, now + _IDLE)
            connection.execute(_BEGIN, values)

        await self._database.write(work, durable=False)
        self._digests[session.id] = (0, {algorithm: hashlib.new(algorithm)})
        return session

    async def advance(self, session: Session, size: int, *, now: float) -> Session:
        """The session with `size` bytes acknowledged, which its digests have followed."""

        def work(connection: sqlite3.Connection) -> None:
            query = "UPDATE upload SET size = ?, expires = min(?, started + ?) WHERE id = ?"
            connection.execute(query, (size, now + _IDLE, _AGE, session.id))

        await self._database.write(work, durable=False)
        self._digests[session.id] = (size, dict(session.hashes))
        return session.at(size)

    async def end(self, *sessions: str) -> None:
        """Forget the sessions."""

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM upload WHERE id = ?", [(session,) for session in sessions])

        await self._database.write(work, durable=False)
        self.ended(*sessions)

    def ended(self, *sessions: str) -> None:
        """Forget the digests of sessions whose rows are gone."""
        for session in sessions:
            self._digests.pop(session, None)

    def expired(self, *, now: float) -> tuple[str, ...]:
        """The sessions whose time is over, but for those that somebody writes to."""
        rows = self._database.read("SELECT id FROM upload WHERE expires <= ?", (now,))
        return tuple(session for (session,) in rows if session not in self._busy)
