"""All names of one database written to another, of whichever kind, and held against them row by row.

Uploads and leases stay behind: they are of the processes that run. Identities of repositories are the other database's
own, and what triggers sum up is summed up there anew.
"""

from __future__ import annotations

__all__ = ["Differs", "are_any", "copy_moment", "copy_names", "differences"]

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from boxship.server.database import Row, Transaction

_PAGE = 500  # rows


class _Table(NamedTuple):
    """A table: what its rows are told apart by, within their repository if they have one, and the rest of them."""

    name: str
    key: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.key + self.rest


_REPOSITORIES = _Table("repo", ("name",), ("id", "created", "bytes", "tags"))
_BLOB = _Table("blob", ("digest",), ("size", "modified", "state", "version", "touched", "verified", "location"))
_OF_ALL = (
    _BLOB,
    _Table('"user"', ("name",), ("password",)),
    _Table("user_grant", ('"user"', "pattern"), ("actions",)),
)
# In an order in which each refers to those before it.
_OF_REPOSITORY = (
    _Table("repo_blob", ("digest",), ("linked",)),
    _Table("manifest", ("digest",), ("media_type", "subject", "artifact_type", "pushed", "annotations", "body")),
    _Table("manifest_ref", ("parent", "child"), ("kind",)),
    _Table("tag", ("name",), ("digest", "updated")),
)


class Differs(Exception):
    """What was written is not what was read; the text says where first."""


def are_any(names: Transaction) -> bool:
    """Whether anything was pushed there, or anybody may."""
    tables = (_REPOSITORIES, *_OF_ALL)
    return any(names.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() for table in tables)  # noqa: S608


AsThere = Callable[[Row], Row]


def _same(row: Row) -> Row:
    return row


def copy_moment(source: Transaction, target: Transaction) -> None:
    """Write all that `source` has at one moment to `target`, which has nothing, in a transaction of each."""
    for each in (source, target):
        each.execute("BEGIN")
    copy_names(source, target)
    for each in (source, target):
        each.execute("COMMIT")


def copy_names(source: Transaction, target: Transaction, as_there: AsThere = _same) -> None:
    """Write all that `source` has to `target`, which has nothing; `Differs` where it does not have it then.

    `as_there` is what a blob's row is in the target, whose content may be in another place.

    Both are within a transaction, the one of a single moment, the other undone by what is raised here.
    """
    for table in _OF_ALL:
        for page in _pages(source, table):
            _insert(target, table, [as_there(row) for row in page] if table is _BLOB else page)
    for page in _pages(source, _REPOSITORIES):
        for name, there, created, *_ in page:
            target.execute("INSERT INTO repo (name, created) VALUES (?, ?)", (name, created))
            (here,) = target.execute("SELECT id FROM repo WHERE name = ?", (name,)).fetchone()
            for table in _OF_REPOSITORY:
                for rows in _pages(source, table, there):
                    _insert(target, table, rows, here)
    first = next(differences(source, target, as_there), None)
    if first:
        raise Differs(first)


def differences(source: Transaction, target: Transaction, as_there: AsThere = _same) -> Iterator[str]:
    """Where the names of two databases differ, in words."""
    for table in _OF_ALL:
        here = _rows(source, table)
        yield from _compared(table.name, map(as_there, here) if table is _BLOB else here, _rows(target, table))
    for one, other in zip_longest(_rows(source, _REPOSITORIES), _rows(target, _REPOSITORIES)):
        if not one or not other or one[:1] + one[2:] != other[:1] + other[2:]:
            yield f"the repository {(one or other)[0]}"
            return  # from here on, others stand beside each other
        for table in _OF_REPOSITORY:
            rows = _rows(source, table, one[1]), _rows(target, table, other[1])
            yield from _compared(f"{table.name} of {one[0]}", *rows)


def _compared(what: str, ones: Iterator[Row], others: Iterator[Row]) -> Iterator[str]:
    for one, other in zip_longest(ones, others):
        if one != other:
            yield f"{what}: {(one or other)[0]}"
            return


def _rows(names: Transaction, table: _Table, repo: int | None = None) -> Iterator[Row]:
    for page in _pages(names, table, repo):
        yield from page


def _pages(names: Transaction, table: _Table, repo: int | None = None) -> Iterator[Sequence[Row]]:
    """The rows of a table, or those of one repository, in the order of their keys."""
    within: tuple[object, ...] = () if repo is None else (repo,)
    key, after = ", ".join(table.key), ", ".join("?" for _ in table.key)
    select = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {'repo_id = ?' if within else '0 = 0'}"  # noqa: S608
    order = f"ORDER BY {key} LIMIT {_PAGE}"
    page = names.execute(f"{select} {order}", within).fetchall()
    while page:
        yield page
        last = tuple(page[-1][: len(table.key)])
        page = names.execute(f"{select} AND ({key}) > ({after}) {order}", (*within, *last)).fetchall()


def _insert(names: Transaction, table: _Table, rows: Sequence[Row], repo: int | None = None) -> None:
    within = () if repo is None else (repo,)
    columns = (("repo_id",) if within else ()) + table.columns
    values = ", ".join("?" for _ in columns)
    query = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608
    names.executemany(query, [(*within, *row) for row in rows])
