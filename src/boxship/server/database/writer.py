"""Writing to the database: one thread, and one commit for all who wait for it.

A commit costs an fsync, whatever is in it. Writes that arrive while one is under way share the next, each in a
savepoint of its own: one's failure undoes nobody else's work.
"""

from __future__ import annotations

__all__ = ["Work", "Writer", "Writing"]

import asyncio
import errno
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from boxship.server.database import Transaction
from boxship.value import dataclass, field

Result = TypeVar("Result")
Work = Callable[[Transaction], object]

_MOST = 256  # works in one transaction: a bound on what one failure of the disk undoes


class Writing(Protocol):
    """A connection that writes: each transaction is alone, whoever else has a connection."""

    @property
    def transaction(self) -> Transaction:
        """What works write with."""

    @property
    def in_transaction(self) -> bool:
        """Whether what works wrote can still be committed."""

    def begin(self, *, durable: bool) -> None:
        """Begin a transaction, when nobody else writes any more."""

    def commit(self) -> None:
        """Let everybody see it."""

    def rollback(self) -> None:
        """Undo it."""

    def is_final(self, error: BaseException) -> bool:
        """Whether nothing may be written after this."""

    def close(self) -> None:
        """Close it."""


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

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="names")
        self._waiting: deque[_Write] = deque()
        self.failure: Exception | None = None

    async def write(self, work: Callable[[Transaction], Result], *, durable: bool) -> Result:
        """Do `work` in a transaction, with whatever else waits; what it raises undoes it, and it alone."""
        results: list[Result] = []
        await asyncio.wrap_future(self._submit(lambda written: results.append(work(written)), durable=durable))
        return results[-1]

    def write_now(self, work: Work) -> None:
        """The same in a durable transaction, blocking: before there is an event loop."""
        self._submit(work, durable=True).result()

    def _submit(self, work: Work, *, durable: bool) -> Future[None]:
        write = _Write(work, durable)
        self._waiting.append(write)
        self._thread.submit(self._commit_waiting)
        return write.done

    def close(self) -> None:
        """Finish what is being written, and close the connection."""
        self._thread.shutdown()
        self._writing.close()

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
        self._writing.begin(durable=durable)
        try:
            for write in group:
                self._attempt(write)
            self._writing.commit()
        except BaseException:
            if self._writing.in_transaction:
                self._writing.rollback()
            raise

    def _attempt(self, write: _Write) -> None:
        transaction = self._writing.transaction
        transaction.execute("SAVEPOINT attempt")
        try:
            write.work(transaction)
        except BaseException as error:
            if not self._writing.in_transaction:
                raise  # SQLite gave up the transaction, and everybody's work with it (lang_transaction.html, 3)
            transaction.execute("ROLLBACK TO attempt")
            write.failure = error
        transaction.execute("RELEASE attempt")

    def _note(self, error: BaseException) -> None:
        if isinstance(error, Exception) and self._writing.is_final(error):
            self.failure = error
