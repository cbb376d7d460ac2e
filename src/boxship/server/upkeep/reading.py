"""A registry's names where they are in its folder, read beside whoever serves it, and changed by nobody."""

from __future__ import annotations

__all__ = ["reading"]

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from boxship.errors import InvalidSettings
from boxship.server.database.schema import VERSION, read_version
from boxship.server.database.sqlite import telling
from boxship.server.storage.layout import check_database


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing in a registry's database, but to undo what a crash left half done.

    `InvalidSettings` for what is no registry's folder, or one of another version; `ContentMismatch` where the database
    turns out to be damaged.
    """
    path = folder / "registry.db"
    if not path.is_file():
        check_database(folder)
        remedy = "give the folder of a registry, or of a backup of one"
        raise InvalidSettings(str(folder), why="it is no registry's folder", remedy=remedy)
    address = f"file:{quote(str(path))}?mode=rw"
    with telling(folder), closing(_connect(address)) as connection:
        connection.execute("PRAGMA query_only = ON")
        _check_version(connection, path)
        yield connection


def _connect(address: str) -> sqlite3.Connection:
    # What reads may be the thread that writes somewhere else.
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse the tables of an older registry; there may be none, where a crash came while they were made."""
    found = read_version(connection, str(path))
    if 0 < found < VERSION:
        why = f"it is of version {found}, this boxship knows {VERSION}"
        raise InvalidSettings(str(path), why=why, remedy="`boxship registry serve` brings it up to date")
