"""Names in a file of SQLite: one connection that reads and one that writes. Its tables are `schema`'s.

Reading happens where it is asked for, so an indexed look-up costs no change of thread; writing is `writer`'s, in a
thread of its own. What is read and written is `names`'s business.
"""

from __future__ import annotations

__all__ = ["SqliteDatabase", "telling"]

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from boxship.errors import BoxshipError, ContentMismatch, InvalidSettings
from boxship.server.database import Transaction
from boxship.server.database.schema import prepare
from boxship.server.database.writer import Writer

Result = TypeVar("Result")

# After a failed fsync the kernel may drop what it could not write and say that all is well the next time (fsync(2),
# "EIO"). What later commits build on is then not known.
_FSYNC_FAILED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})
_BUSY = 5.0  # seconds to wait for another process, which only holds the database for an instant


class SqliteDatabase:
    """An open database: `read` on the spot, `write` from a running event loop."""

    def __init__(self, path: Path) -> None:
        """Open the file, which is made if need be; `InvalidSettings` where it is no database, or a newer registry's."""
        _make(path)
        try:
            connection = _connect(path)
            prepare(connection, str(path))
            self._writer = Writer(_Writing(connection))
            self._reader = _connect(path)
            self._path = path
        except sqlite3.OperationalError:
            raise  # of this moment: it is busy, or its disk is full
        except sqlite3.DatabaseError as error:
            raise InvalidSettings(str(path), why=str(error), remedy="restore a backup of the registry") from error
        self._versions = self._reader.cursor()  # asked with every request: a new one each time costs more

    @property
    def failure(self) -> Exception | None:
        """Why nothing can be written any more; None while all is well."""
        return self._writer.failure

    async def version(self) -> int:
        """A number that is another one after whatever anybody has committed, here or in another process."""
        return int(self._versions.execute("PRAGMA data_version").fetchone()[0])

    async def read(self, query: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """The rows that `query` finds in what is committed; the connection keeps it prepared."""
        return self._reader.execute(query, parameters)

    def read_now(self, query: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """The same, blocking: before there is an event loop."""
        return self._reader.execute(query, parameters)

    async def look(self, work: Callable[[Transaction], Result]) -> Result:
        """What `work` finds by several queries; it writes nothing."""
        return work(self._reader)

    async def write(self, work: Callable[[Transaction], Result], *, durable: bool = True) -> Result:
        """Do `work` in a transaction, with what others want written just then; what it raises undoes it alone.

        Durable means that it outlives a loss of power; without, only that it outlives the process.
        """
        return await self._writer.write(work, durable=durable)

    def write_now(self, work: Callable[[Transaction], object]) -> None:
        """Do `work` in a durable transaction, blocking: before there is an event loop."""
        self._writer.write_now(work)

    @contextmanager
    def apart(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own, whose temporary tables are nobody else's."""
        with closing(_connect(self._path)) as connection:
            yield connection

    def close(self) -> None:
        """Finish what is being written, and close."""
        # The last to close moves the log into the database: the one that may write to it.
        self._reader.close()
        self._writer.close()


class _Writing:
    """The connection that writes, as `writer` wants it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.transaction = connection

    @property
    def in_transaction(self) -> bool:
        return self.transaction.in_transaction

    def begin(self, *, durable: bool) -> None:
        # With a write-ahead log, NORMAL leaves out the fsync of a commit (SQLite's manual, "PRAGMA synchronous").
        self.transaction.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self.transaction.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.transaction.execute("COMMIT")

    def rollback(self) -> None:
        self.transaction.execute("ROLLBACK")

    def is_final(self, error: BaseException) -> bool:
        return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) in _FSYNC_FAILED

    def close(self) -> None:
        self.transaction.close()


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Let what SQLite raises of the registry in `folder` be an error for people."""
    try:
        yield
    except sqlite3.Error as error:
        raise _told(error, folder / "registry.db") from error


def _told(error: sqlite3.Error, path: Path) -> BoxshipError:
    why, what = str(error), f"the database {path}"
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return BoxshipError(f"{what} is busy", why="another program is writing to it", remedy="try again in a moment")
    if name.startswith("SQLITE_FULL"):
        return BoxshipError(f"{what} cannot grow", why=why, remedy="make room on its disk")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return ContentMismatch(f"{what} is damaged", why=why, remedy="restore a backup of the registry")
    return BoxshipError(f"{what} cannot be used", why=why, remedy="see who owns its folder, and its disk")


def _make(path: Path) -> None:
    """Make the file where there is none. SQLite gives its -wal and -shm files the permissions of the database."""
    # Not even opened where it is there: closing it would take away the locks that this process's other connections
    # have on it (fcntl(2), "Advisory record locking"), and then the next process to leave deletes the log under them.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
