"""Writing to the database: one thread, and one commit for all who wait for it.

A commit costs an fsync, whatever is in it. Writes that arrive while one is under way share the next, each in a
savepoint of its own: one's failure undoes nobody else's work.
"""

from __future__ import annotations

__all__ = ["Work", "Writer"]

import asyncio
import errno
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

Work = Callable[[sqlite3.Connection], None]

_MOST = 256  # works in one transaction: a bound on what one failure of the disk undoes
# After a failed fsync the kernel may drop what it could not write and say that all is well the next time (fsync(2),
# "EIO"). What later commits build on is then not known.
_FSYNC_FAILED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


@dataclass(slots=True, eq=False)
class _Write:
    """Somebody's work, and who waits for it."""

    work: Work
    durable: bool
    done: Future[None] = field(default_factory=Future)
    failure: BaseException | None = None

    def end(self, failure: BaseException | None = None) -> None:
        """Tell who waits; what undid the whole transaction undid this, too."""
        failure = failure or self.failure
        if failure:
            self.done.set_exception(failure)
        else:
            self.done.set_result(None)


class Writer:
    """The connection that writes, which nobody else may use.

    Attributes:
        failure: why nothing is written any more until the database is opened anew; None while all is well.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="names")
        self._waiting: deque[_Write] = deque()
        self.failure: sqlite3.Error | None = None

    async def write(self, work: Work, *, durable: bool) -> None:
        """Do `work` in a transaction, with whatever else waits; what it raises undoes it, and it alone."""
        await asyncio.wrap_future(self._submit(work, durable=durable))

    def write_now(self, work: Work) -> None:
        """The same, blocking: before there is an event loop."""
        self._submit(work, durable=True).result()

    def _submit(self, work: Work, *, durable: bool) -> Future[None]:
        write = _Write(work, durable)
        self._waiting.append(write)
        self._thread.submit(self._commit_waiting)
        return write.done

    def close(self) -> None:
        """Finish what is being written, and close the connection."""
        self._thread.shutdown()
        self._connection.close()

    def _commit_waiting(self) -> None:
        group = self._take()
        if not group:
            return  # an earlier commit took them along
        try:
            self._transact(group)
        except BaseException as error:  # noqa: BLE001 - it is handed to everybody whose work it undid
            self._note(error)
            for write in group:
                write.end(error)
        else:
            for write in group:
                write.end()

    def _take(self) -> list[_Write]:
        """Whoever waits now and has not given up."""
        group: list[_Write] = []
        while self._waiting and len(group) < _MOST:
            write = self._waiting.popleft()
            if write.done.set_running_or_notify_cancel():
                group.append(write)
        return group

    def _transact(self, group: Sequence[_Write]) -> None:
        if self.failure:
            raise OSError(errno.EIO, "nothing is written after a failed fsync, until a restart") from self.failure
        durable = any(write.durable for write in group)
        # With a write-ahead log, NORMAL leaves out the fsync of a commit (SQLite's manual, "PRAGMA synchronous").
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for write in group:
                self._attempt(write)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _attempt(self, write: _Write) -> None:
        self._connection.execute("SAVEPOINT attempt")
        try:
            write.work(self._connection)
        except BaseException as error:
            if not self._connection.in_transaction:
                raise  # SQLite gave up the transaction, and everybody's work with it (lang_transaction.html, 3)
            self._connection.execute("ROLLBACK TO attempt")
            write.failure = error
        self._connection.execute("RELEASE attempt")

    def _note(self, error: BaseException) -> None:
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) in _FSYNC_FAILED:
            self.failure = error
