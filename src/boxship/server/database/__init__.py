"""What a database of names is to all who read and write it; `sqlite` and `postgres` are two.

Queries are written once, in what both dialects have in common, with SQLite's placeholders. Every transaction that
writes is alone: nobody else, in this process or another, writes from its beginning to its end.
"""

from __future__ import annotations

__all__ = ["Database", "Elsewhere", "Row", "Rows", "Transaction", "Unavailable"]

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar, runtime_checkable

Result = TypeVar("Result")
Row = Any  # a tuple of what its query asks for, which only the query says
Parameters = Sequence[object] | Mapping[str, object]


class Unavailable(OSError):
    """The database cannot be asked now; what was to be written is not, or nobody knows. It may work in a moment."""


class Rows(Protocol):
    """What a query found, or how many rows it changed."""

    @property
    def rowcount(self) -> int:
        """How many rows a change changed."""

    def fetchone(self) -> Row:
        """The next row; None after the last."""

    def fetchall(self) -> Sequence[Row]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Row]:
        """The rows that are left, one after the other."""


class Transaction(Protocol):
    """A connection within its transaction."""

    def execute(self, query: str, parameters: Parameters = (), /) -> Rows:
        """What the query finds or changes."""

    def executemany(self, query: str, rows: Iterable[Sequence[object]], /) -> object:
        """Do the same for each row of parameters."""


class Database(Protocol):
    """An open database."""

    @property
    def failure(self) -> Exception | None:
        """Why nothing can be written any more; None while all is well."""

    async def version(self) -> object:
        """What is the same only as long as nobody, in whichever process, has committed anything."""

    async def read(self, query: str, parameters: Sequence[object] = ()) -> Rows:
        """The rows that `query` finds in what is committed."""

    def read_now(self, query: str, parameters: Sequence[object] = ()) -> Rows:
        """The same, blocking: before there is an event loop, or in a thread beside it."""

    async def look(self, work: Callable[[Transaction], Result]) -> Result:
        """What `work` finds by several queries; it writes nothing, and may be done twice."""

    async def write(self, work: Callable[[Transaction], Result], *, durable: bool = True) -> Result:
        """Do `work` in a transaction, with what others want written just then; what it raises undoes it alone.

        Durable means that it outlives a loss of power; without, only that it outlives the process.
        """

    def write_now(self, work: Callable[[Transaction], object]) -> None:
        """Do `work` in a durable transaction, blocking: before there is an event loop."""

    def apart(self) -> AbstractContextManager[Transaction]:
        """A connection of one's own, for temporary tables: each statement is a transaction but between BEGIN and END.

        What is read between these is of one moment. Blocks.
        """

    def close(self) -> None:
        """Finish what is being written, and close."""


@runtime_checkable
class Elsewhere(Protocol):
    """A database that is not in the registry's folder."""

    id: str
