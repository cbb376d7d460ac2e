"""Reading from PostgreSQL, in threads with a connection each: an event loop does not wait for a network.

Questions that come while others are under way share the next round trip, and those who ask the same, the answer: that
is of a moment after each of them asked.
"""

from __future__ import annotations

__all__ = ["Found", "Readers"]

import asyncio
import errno
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from boxship.server.database import Row, Transaction, Unavailable
from boxship.server.database.postgres_connection import Connection, Question, Where

Result = TypeVar("Result")
_Waiting = Mapping[Question, "asyncio.Future[Sequence[Row]]"]

_THREADS = 8  # and connections of a process; PostgreSQL takes a hundred in all unless it is told otherwise
_AT_ONCE = 2  # round trips of questions; with more, each has fewer to share it
_PATIENCE = 5.0  # seconds for reading, the wait for a connection included


class Found:
    """The rows of an answer, which others may read, too."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._left = deque(rows)
        self.rowcount = len(rows)

    def fetchone(self) -> Row:
        """The next row; None after the last."""
        return self._left.popleft() if self._left else None

    def fetchall(self) -> Sequence[Row]:
        """All rows that are left."""
        return list(self)

    def __iter__(self) -> Iterator[Row]:
        """The rows that are left, one after the other."""
        while self._left:
            yield self._left.popleft()


class Readers:
    """Reads what is committed. What a lost connection has not answered is asked once more over a new one."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names-read")
        self._own = threading.local()
        self._connections: list[Connection] = []
        self._waiting: dict[Question, asyncio.Future[Sequence[Row]]] = {}
        self._under_way = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def read(self, question: Question) -> Found:
        """The rows that the question finds."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what was asked in one that is over is told to nobody
            self._loop, self._waiting, self._under_way = loop, {}, 0
        answer = self._waiting.get(question)
        if not answer:
            if not self._waiting:
                loop.call_soon(self._send, loop)
            answer = self._waiting[question] = loop.create_future()
        # Others wait for it, too.
        return Found(await self._in_time(asyncio.shield(answer)))

    async def look(self, work: Callable[[Transaction], Result]) -> Result:
        """What `work` finds by several questions; it may be done twice."""
        return await self._in_time(asyncio.get_running_loop().run_in_executor(self._threads, self._look, work))

    def look_now(self, work: Callable[[Transaction], Result]) -> Result:
        """The same, blocking."""
        return self._threads.submit(self._look, work).result()

    def close(self) -> None:
        """Give up what nobody has begun with, and close the connections."""
        self._threads.shutdown(cancel_futures=True)
        for connection in self._connections:
            connection.close()

    async def _in_time(self, answer: asyncio.Future[Result]) -> Result:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await answer
        except TimeoutError as error:
            raise Unavailable(errno.EAGAIN, f"the database {self._where} takes too long") from error

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let a thread ask all that waits, unless so many do that this one can wait for more."""
        if self._waiting and self._under_way < _AT_ONCE:
            asked, self._waiting = self._waiting, {}
            self._under_way += 1
            self._threads.submit(self._ask, loop, asked)

    def _ask(self, loop: asyncio.AbstractEventLoop, asked: _Waiting) -> None:
        answers = self._answers(list(asked))
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._tell, loop, asked, answers)

    def _answers(self, questions: Sequence[Question]) -> Sequence[Sequence[Row] | Exception]:
        """The answers; where one question fails, the others are asked each for itself."""
        try:
            return self._connection().retried(lambda connection: connection.ask(questions))
        except Unavailable as error:
            return [error] * len(questions)
        except Exception as error:  # noqa: BLE001 - it is handed to who asked
            return [error] if len(questions) == 1 else [self._answers([each])[0] for each in questions]

    def _tell(
        self, loop: asyncio.AbstractEventLoop, asked: _Waiting, answers: Sequence[Sequence[Row] | Exception]
    ) -> None:
        self._under_way -= 1
        for waiting, answer in zip(asked.values(), answers, strict=True):
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
                waiting.exception()  # whoever waited may have given up
            else:
                waiting.set_result(answer)
        self._send(loop)

    def _look(self, work: Callable[[Transaction], Result]) -> Result:
        return self._connection().retried(work)

    def _connection(self) -> Connection:
        """This thread's connection."""
        connection: Connection | None = getattr(self._own, "connection", None)
        if not connection:
            connection = self._own.connection = Connection(self._where, seconds=int(_PATIENCE))
            self._connections.append(connection)
        return connection
