"""The database file: its schema, one connection that reads and one that writes.

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

Result = TypeVar("Result")

_BUSY = 5.0  # seconds to wait for another process, which only holds the database for an instant

_SCHEMA = """
CREATE TABLE repo (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- `modified` is the file's time in nanoseconds: with the size, how a file that was altered is noticed.
CREATE TABLE blob (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The right to read a blob through a repository.
CREATE TABLE repo_blob (
    repo_id INTEGER NOT NULL REFERENCES repo,
    digest TEXT NOT NULL REFERENCES blob,
    PRIMARY KEY (repo_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX repo_blob_digest ON repo_blob (digest);

CREATE TABLE manifest (
    repo_id INTEGER NOT NULL REFERENCES repo,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (repo_id, digest)
) STRICT;

CREATE TABLE manifest_ref (
    repo_id INTEGER NOT NULL,
    parent TEXT NOT NULL,
    child TEXT NOT NULL,
    PRIMARY KEY (repo_id, parent, child),
    FOREIGN KEY (repo_id, parent) REFERENCES manifest (repo_id, digest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_ref_child ON manifest_ref (repo_id, child);

CREATE TABLE tag (
    repo_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (repo_id, name),
    FOREIGN KEY (repo_id, digest) REFERENCES manifest (repo_id, digest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_digest ON tag (repo_id, digest);

-- A session names its repository by text: a push that never ends leaves no repository behind.
CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    size INTEGER NOT NULL,
    started REAL NOT NULL,
    expires REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_repository ON upload (repository);
CREATE INDEX upload_expires ON upload (expires);
"""


class Database:
    """An open database: `read` on the spot, `write` from a running event loop."""

    def __init__(self, path: Path) -> None:
        # SQLite gives its -wal and -shm files the permissions of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._writer = _connect(path)
        if not self._writer.execute("SELECT 1 FROM sqlite_schema").fetchone():
            self._writer.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
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
