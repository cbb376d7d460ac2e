"""Upload sessions: their rows, which all processes share, and the one request at a time that may write to each.

A row says how many bytes are acknowledged, and their digests: whoever goes on, in whichever process, need not read them
again to finish. To hash on from there takes the running digests, which this process keeps as far as it reckoned them;
where they are missing, the file is read back in the end. What was reckoned before the machine was started again is not
believed: bytes that nobody made durable may be others after a loss of power. The file is `claim`'s.
"""

from __future__ import annotations

__all__ = ["Busy", "Session", "Sessions", "TooMany", "Unknown"]

import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from boxship.digest import Digest
from boxship.server.database import Database, Transaction
from boxship.server.finishing import finished
from boxship.server.storage import Claim, Hashes, Storage
from boxship.server.storage.claim import Incomplete, Taken
from boxship.value import dataclass, field, replace

_IDLE = 3600.0  # seconds after the last request
_AGE = 24 * 3600.0  # seconds after the first
_MOST = 1000  # of one repository
_MOST_OF_HOLDER = 100  # of one user or one address, wherever
_MOST_DIGESTS = 4096  # sessions whose running digests are kept
_MOST_EXPIRED = 100  # sessions that one visit ends, so that it stays short
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4): another one after each start of the machine
_BOOT = "boot"  # which that was, beside the digests that were reckoned then


class Unknown(Exception):
    """No such session, or not this repository's or user's, or expired."""


class TooMany(Exception):
    """The repository has too many open sessions, or the client has."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open upload.

    Attributes:
        size: how many bytes are acknowledged.
        version: how often the row was changed.
        digests: digests of exactly these bytes, by algorithm, as far as they are known.
        hashes: the same while they can be reckoned on.
    """

    id: str
    repository: str
    owner: str = ""
    size: int = 0
    version: int = 0
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    hashes: Hashes = field(default_factory=dict, repr=False)

    def digest(self, algorithm: str) -> Digest | None:
        """The digest of the bytes so far, if it was reckoned while they came."""
        running = self.hashes.get(algorithm)
        known = running.hexdigest() if running else self.digests.get(algorithm)
        return Digest(algorithm, known) if known else None

    def at(self, size: int) -> Session:
        """The session with `size` bytes, which its hashes have followed."""
        digests = {algorithm: value.hexdigest() for algorithm, value in self.hashes.items()}
        known = self.digests if size == self.size else {}
        return replace(self, size=size, digests={**known, **digests})


class Busy(Exception):
    """Another request is writing to the session, or has just written."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.id)
        self.session = session


class Sessions:
    """The open uploads of a registry."""

    def __init__(self, database: Database, storage: Storage, boot: str | None = None) -> None:
        """`boot` tells this start of the machine from others; None is what the system says. Blocks."""
        self._database = database
        self._storage = storage
        self._boot = _read_boot() if boot is None else boot
        # By session; taken out while somebody writes.
        self._running: dict[str, Hashes] = {}

    def distrust(self) -> None:
        """Let what is known of uploads' bytes be read from these again: after a loss of power they may be others.

        Blocks. To be called while nobody else has the folder: where the system has no name for its start, that is how
        one is noticed.
        """
        self._database.write_now(lambda connection: connection.execute(_DISTRUST))

    def has(self, session: str) -> bool:
        """Whether the session has a row. Blocks: before there is an event loop."""
        return self._database.read_now(_HAS, (session,)).fetchone() is not None

    async def find(self, repository: str, session: str, *, owner: str = "", now: float) -> Session:
        """The session, or `Unknown`."""
        row = (await self._database.read(_FIND, (session, repository, owner, now))).fetchone()
        if not row:
            raise Unknown(session)
        size, version, digests = row
        return Session(session, repository, owner, size, version, self._read_digests(digests, size))

    @asynccontextmanager
    async def writing(
        self, repository: str, session: str, *, owner: str = "", now: float
    ) -> AsyncIterator[tuple[Session, Claim]]:
        """The session and its file, for one writer at a time: a second one gets `Busy`, for chunks may not mix."""
        found = await self.find(repository, session, owner=owner, now=now)
        try:
            claim = await self._storage.claim(session, new=found.size == 0)
        except Taken as error:
            raise Busy(found) from error
        except Incomplete as error:
            await self.end(session)
            raise Unknown(session) from error
        with claim:
            try:
                # Again: somebody else may have gone on or ended it until a moment ago.
                found = await self.find(repository, session, owner=owner, now=now)
            except Unknown:
                await claim.discard()
                raise
            yield replace(found, hashes=self._hashes(found)), claim

    async def begin(self, repository: str, algorithm: str, *, owner: str = "", holder: str = "", now: float) -> Session:
        """A new session, whose bytes are expected to be named by a digest of `algorithm`; or `TooMany`.

        It is its owner's, and counts for its holder; '' is nobody who is counted.
        """
        session = Session(str(uuid.uuid4()), repository, owner, hashes={algorithm: hashlib.new(algorithm)}).at(0)

        def work(connection: Transaction) -> None:
            for query, whose, most in ((_OF_REPOSITORY, repository, _MOST), (_OF_HOLDER, holder, _MOST_OF_HOLDER)):
                if connection.execute(query, (whose,)).fetchone()[0] >= most:
                    raise TooMany(whose)
            digests = self._write_digests(session)
            connection.execute(_BEGIN, (session.id, repository, owner, holder, now, now + _IDLE, digests))

        await self._database.write(work, durable=False)
        self._keep(session)
        return session

    @asynccontextmanager
    async def unnamed(self, repository: str, algorithm: str, *, now: float) -> AsyncIterator[tuple[Session, Claim]]:
        """An upload that nobody can go on with: a session of no user, which has a row where the storage needs one."""
        if not self._storage.keeps_rows:
            with await self._storage.claim_any() as claim:
                yield Session(claim.session, repository, hashes={algorithm: hashlib.new(algorithm)}), claim
            return
        session = await self.begin(repository, algorithm, now=now)
        with await self._storage.claim(session.id, new=True) as claim:
            yield session, claim

    async def advance(self, session: Session, size: int, claim: Claim, *, now: float) -> Session:
        """The session with `size` bytes acknowledged, which its hashes have followed and its claim has.

        Raises `Busy` or `Unknown` where its row is another than it was.
        """
        further = replace(session.at(size), version=session.version + 1)

        def work(connection: Transaction) -> bool:
            values = (size, self._write_digests(further), now + _IDLE, _AGE, session.id, session.version)
            advanced = connection.execute(_ADVANCE, values).rowcount > 0
            if advanced:
                claim.acknowledge(connection)
            return advanced

        # Not to be left half way: acknowledged afterwards, when somebody else writes, would be other bytes.
        if not await finished(self._database.write(work, durable=False)):
            raise Busy(await self.find(session.repository, session.id, owner=session.owner, now=now))
        self._keep(further)
        return further

    async def end(self, session: str) -> None:
        """Forget the session."""

        def work(connection: Transaction) -> None:
            connection.execute("DELETE FROM upload WHERE id = ?", (session,))

        await finished(self._database.write(work, durable=False))
        self.ended(session)

    def ended(self, session: str) -> None:
        """Forget the running digests of a session whose row is gone."""
        self._running.pop(session, None)

    async def expire(self, *, now: float) -> int:
        """End sessions whose time is over, but for those that somebody writes to; how many."""
        rows = (await self._database.read(_EXPIRED, (now, _MOST_EXPIRED))).fetchall()
        return sum([await self._expire(session, now=now) for (session,) in rows])

    async def _expire(self, session: str, *, now: float) -> bool:
        try:
            claim = await self._storage.claim(session, new=True)
        except Taken:
            return False
        with claim:
            expired = (await self._database.read(_IS_EXPIRED, (session, now))).fetchone() is not None
            if expired:
                # The row first: a file without a row is swept, a row without its file would be believed.
                await self.end(session)
            if expired or not (await self._database.read(_HAS, (session,))).fetchone():
                await claim.discard()
        return expired

    def _hashes(self, session: Session) -> Hashes:
        hashes = self._running.pop(session.id, {})
        # Not by the version: a database may forget the last seconds, and the same one comes again with other bytes.
        if hashes and all(session.digests.get(name) == value.hexdigest() for name, value in hashes.items()):
            return hashes
        # Of no bytes there is nothing to read back. Of others, an earlier process or a write that failed knew.
        return {} if session.size else {algorithm: hashlib.new(algorithm) for algorithm in session.digests}

    def _read_digests(self, written: str, size: int) -> Mapping[str, str]:
        """What is known of an upload of `size` bytes; of none, that says which algorithm the client announced."""
        digests: dict[str, str] = json.loads(written or "{}")
        boot = digests.pop(_BOOT, None)
        return digests if boot == self._boot or not size else {}

    def _write_digests(self, session: Session) -> str:
        return json.dumps({**session.digests, _BOOT: self._boot})

    def _keep(self, session: Session) -> None:
        self._running[session.id] = session.hashes
        if len(self._running) > _MOST_DIGESTS:
            del self._running[next(iter(self._running))]


def _read_boot() -> str:
    """The name of this start of the machine; '' where the system has none."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


_HAS = "SELECT 1 FROM upload WHERE id = ?"
_OF_REPOSITORY = "SELECT count(*) FROM upload WHERE repository = ?"
_OF_HOLDER = "SELECT count(*) FROM upload WHERE holder = ? AND holder <> ''"
_BEGIN = """
INSERT INTO upload (id, repository, owner, holder, size, started, expires, digests)
VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7)
"""
# Of no bytes, they tell which algorithm the client announced.
_DISTRUST = "UPDATE upload SET digests = '' WHERE size > 0"
_FIND = """
SELECT size, version, digests FROM upload WHERE id = ? AND repository = ? AND owner = ? AND expires > ?
"""
_ADVANCE = """
UPDATE upload SET size = ?1, digests = ?2, expires = CASE WHEN ?3 < started + ?4 THEN ?3 ELSE started + ?4 END,
    version = version + 1
WHERE id = ?5 AND version = ?6
"""
_EXPIRED = "SELECT id FROM upload WHERE expires <= ? LIMIT ?"
_IS_EXPIRED = "SELECT 1 FROM upload WHERE id = ? AND expires <= ?"
