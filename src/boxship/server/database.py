"""The database file: one connection that reads and one that writes. Its tables are `schema`'s.

Reading happens where it is asked for, so an indexed look-up costs no change of thread; writing happens in one thread
of its own, a transaction at a time. What is read and written is `names`'s business.
"""

from __future__ import annotations

__all__ = ["Database"]

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from boxship.server.schema import prepare

Result = TypeVar("Result")

_BUSY = 5.0  # seconds to wait for another process, which only holds the database for an instant


class Database:
    """An open database: `read` on the spot, `write` from a running event loop."""

    def __init__(self, path: Path) -> None:
        # SQLite gives its -wal and -shm files the permissions of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._writer = _connect(path)
        prepare(self._writer, str(path))
        self._reader = _connect(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="names")

    def read(self, query: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """The rows that `query` finds in what is committed; the connection keeps it prepared."""
        return self._reader.execute(query, parameters)

    async def write(self, work: Callable[[sqlite3.Connection], Result], *, durable: bool = True) -> Result:
        """Do `work` in one transaction; what it raises undoes it.

        Durable means that it outlives a loss of power; without, only that it outlives the process.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._transact, work, durable)

    def _transact(self, work: Callable[[sqlite3.Connection], Result], durable: bool) -> Result:  # noqa: FBT001
        # With a write-ahead log, NORMAL leaves out the fsync of a commit (SQLite's manual, "PRAGMA synchronous").
        self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._writer)
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise
        return result

    def close(self) -> None:
        """Finish what is being written, and close."""
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
