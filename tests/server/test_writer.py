"""Writes that wait together share a commit; each stands or falls by itself."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from boxship.server.database import Transaction
from boxship.server.database.sqlite import SqliteDatabase

INSERT = "INSERT INTO lease (name, holder, until) VALUES (?, '', 0)"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    with closing(SqliteDatabase(tmp_path / "registry.db")) as opened:
        yield opened


def lease(name: str) -> Callable[[Transaction], str]:
    def work(connection: Transaction) -> str:
        connection.execute(INSERT, (name,))
        return name

    return work


def leases(database: SqliteDatabase) -> list[str]:
    return [name for (name,) in database.read_now("SELECT name FROM lease ORDER BY name")]


@asynccontextmanager
async def held_up(database: SqliteDatabase) -> AsyncIterator[None]:
    """An earlier write is under way while the block runs."""
    begun, gate = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        begun.set()
        gate.wait(60)

    holding = asyncio.create_task(database.write(hold))
    assert await asyncio.to_thread(begun.wait, 60)
    yield
    gate.set()
    await holding


async def together(database: SqliteDatabase, *works: Callable[[Transaction], object]) -> list[object]:
    """What becomes of works that all wait at the same time; those whose name says so need not be durable."""
    async with held_up(database):
        waiting = [
            asyncio.create_task(database.write(work, durable=not work.__name__.startswith("not_durable")))
            for work in works
        ]
        await asyncio.sleep(0)
    return list(await asyncio.gather(*waiting, return_exceptions=True))


def commits(database: SqliteDatabase, work: Callable[[], object]) -> int:
    """How many transactions are committed by `work`."""
    statements: list[str] = []
    connection = database._writer._writing.transaction
    assert isinstance(connection, sqlite3.Connection)
    connection.set_trace_callback(statements.append)
    work()
    connection.set_trace_callback(None)
    return statements.count("COMMIT")


def test_writes_that_wait_together_share_a_commit_and_get_their_own_results(database: SqliteDatabase) -> None:
    names = [f"lease-{number:02}" for number in range(20)]
    results: list[object] = []
    made = commits(database, lambda: results.extend(asyncio.run(together(database, *map(lease, names)))))
    assert made == 2  # the one that held them up, and theirs
    assert results == names == leases(database)


def test_one_that_fails_undoes_itself_and_nobody_else(database: SqliteDatabase) -> None:
    def fail(connection: Transaction) -> None:
        connection.execute(INSERT, ("half",))
        connection.execute(INSERT, ("first",))

    results = asyncio.run(together(database, lease("first"), fail, lease("last")))
    assert [type(result) for result in results] == [str, sqlite3.IntegrityError, str]
    assert leases(database) == ["first", "last"]


def test_what_makes_sqlite_give_up_the_transaction_fails_for_all_in_it(database: SqliteDatabase) -> None:
    def give_up(connection: Transaction) -> None:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    results = asyncio.run(together(database, lease("first"), give_up, lease("last")))
    assert [type(result) for result in results] == [sqlite3.OperationalError] * 3
    assert leases(database) == []
    assert asyncio.run(database.write(lease("next"))) == "next"


def test_one_that_was_given_up_is_not_done(database: SqliteDatabase) -> None:
    async def cancelled() -> None:
        async with held_up(database):
            waiting = asyncio.create_task(database.write(lease("unwanted")))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.sleep(0)
        await database.write(lease("next"))

    asyncio.run(cancelled())
    assert leases(database) == ["next"]


def test_a_commit_is_as_durable_as_the_most_demanding_in_it(database: SqliteDatabase) -> None:
    def durable(connection: Transaction) -> int:
        return int(connection.execute("PRAGMA synchronous").fetchone()[0])

    def not_durable(connection: Transaction) -> int:
        return durable(connection)

    full, normal = 2, 1
    assert asyncio.run(together(database, not_durable, not_durable)) == [normal, normal]
    assert asyncio.run(together(database, not_durable, durable)) == [full, full]


def test_after_a_failed_fsync_nothing_is_written_but_what_is_there_is_read(database: SqliteDatabase) -> None:
    asyncio.run(database.write(lease("before")))
    # As COMMIT raises it: outside of any one's work. `tests/crash` makes the disk fail in earnest.
    database._writer._note(_io_error(sqlite3.SQLITE_IOERR_FSYNC))
    assert database.failure
    with pytest.raises(OSError, match="until a restart"):
        asyncio.run(database.write(lease("after")))
    assert leases(database) == ["before"]


def test_other_failures_of_the_disk_stop_nothing(database: SqliteDatabase) -> None:
    database._writer._note(_io_error(sqlite3.SQLITE_IOERR_WRITE))
    assert not database.failure
    assert asyncio.run(database.write(lease("after"))) == "after"


def _io_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error
