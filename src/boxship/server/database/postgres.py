"""Names in PostgreSQL: for several registries, on several machines, that have them in common.

Whoever writes takes a lock first, which all of them share, so that transactions come one after the other as SQLite's
do; those that wait in one process share a commit (`writer`). How it is read is `postgres_reading`'s.
"""

from __future__ import annotations

__all__ = ["PostgresDatabase"]

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from boxship.errors import BoxshipError
from boxship.server.database import Rows, Transaction, Unavailable
from boxship.server.database.postgres_connection import Connection, Where
from boxship.server.database.postgres_reading import Readers
from boxship.server.database.postgres_schema import LOCK, prepare
from boxship.server.database.snapshots import Snapshots
from boxship.server.database.writer import Writer

Result = TypeVar("Result")

_WRITING = 30  # seconds of a statement
_LOOKING = 5  # the same of one that asks for the snapshot
_APART = 3600  # the same of a sweep, which reads through everything
# Each statement sees what was committed before it, so all after the lock see what its holders before wrote.
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({LOCK})"
_NOT_DURABLE = "; SET LOCAL synchronous_commit = off"


class PostgresDatabase:
    """An open database, as `database.Database` promises.

    Attributes:
        id: the registry's own, by which its folder is told from another's.
    """

    failure: Exception | None = None  # what was lost with a connection is the server's to know: the next one is sound

    def __init__(self, url: str, *, new: bool = True) -> None:
        """Open the database, whose tables are made if need be; `BoxshipError` where that cannot be done. Blocks.

        Unless it may be `new`, `InvalidSettings` where it has none.
        """
        self._where = Where(url)
        self._writer = Writer(_Writing(Connection(self._where, seconds=_WRITING)))
        self._readers = Readers(self._where)
        self._snapshot = Connection(self._where, seconds=_LOOKING)
        self._snapshots = Snapshots(self._ask_snapshot)
        self.id = ""
        try:
            self.write_now(lambda transaction: self._prepare(transaction, new=new))
        except OSError as error:
            self.close()
            remedy = "see whether it runs, who may connect to it, and whether it can be written to"
            raise BoxshipError("--database", why=error.strerror or str(error), remedy=remedy) from error
        except BaseException:
            self.close()
            raise

    async def version(self) -> object:
        """What is the same only as long as nobody, in whichever process, has committed anything."""
        return await self._snapshots.now()

    async def read(self, query: str, parameters: Sequence[object] = ()) -> Rows:
        """The rows that `query` finds in what is committed; asked once more where the connection was lost."""
        return await self._readers.read((query, tuple(parameters)))

    def read_now(self, query: str, parameters: Sequence[object] = ()) -> Rows:
        """The same, blocking."""
        return self._readers.look_now(lambda connection: connection.execute(query, parameters))

    async def look(self, work: Callable[[Transaction], Result]) -> Result:
        """What `work` finds, in a thread; it is done once more where the connection was lost."""
        return await self._readers.look(work)

    async def write(self, work: Callable[[Transaction], Result], *, durable: bool = True) -> Result:
        """Do `work` in a transaction, with what others want written just then; what it raises undoes it alone."""
        return await self._writer.write(work, durable=durable)

    def write_now(self, work: Callable[[Transaction], object]) -> None:
        """Do `work` in a durable transaction, blocking."""
        self._writer.write_now(work)

    @contextmanager
    def apart(self) -> Iterator[Transaction]:
        """A connection of one's own, whose temporary tables are nobody else's."""
        connection = Connection(self._where, seconds=_APART)
        try:
            connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection
        finally:
            connection.close()

    def close(self) -> None:
        """Finish what is being written, and close."""
        self._readers.close()
        self._snapshot.close()
        self._writer.close()

    def _prepare(self, transaction: Transaction, *, new: bool) -> None:
        self.id = prepare(transaction, str(self._where), new=new)

    async def _ask_snapshot(self) -> object:
        return await self._readers.look(lambda _: self._snapshot.retried(_read_snapshot))


def _read_snapshot(connection: Connection) -> object:
    (snapshot,) = connection.execute("SELECT CAST(pg_current_snapshot() AS text)").fetchone()
    # Numbers of transactions that a crash has lost come again, but over another connection.
    return connection.opened, snapshot


class _Writing:
    """The connection that writes, as `writer` wants it."""

    def __init__(self, connection: Connection) -> None:
        self.transaction = connection

    @property
    def in_transaction(self) -> bool:
        return self.transaction.in_transaction

    def begin(self, *, durable: bool) -> None:
        begin = _BEGIN if durable else _BEGIN + _NOT_DURABLE
        try:
            self.transaction.execute(begin)
        except Unavailable:
            if self.transaction.usable:
                self.rollback()  # the lock was not to be had
                raise
            self.transaction.execute(begin)  # the server was started anew since: nothing was written yet

    def commit(self) -> None:
        self.transaction.commit()

    def rollback(self) -> None:
        self.transaction.execute("ROLLBACK")

    def is_final(self, error: BaseException) -> bool:
        del error
        return False

    def close(self) -> None:
        self.transaction.close()
