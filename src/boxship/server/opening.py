"""Where names are: in a file of the registry's folder, or in a database that several registries have in common."""

from __future__ import annotations

__all__ = ["open_database"]

from pathlib import Path

from boxship.server.database import Database
from boxship.server.sqlite import SqliteDatabase


def open_database(path: Path, url: str = "") -> Database:
    """The database at `url`, or SQLite's file `path` where that is ''; made if need be. Blocks.

    Raises `InvalidSettings` for what is no database of names, or a newer registry's.
    """
    if not url:
        return SqliteDatabase(path)
    from boxship.server.postgres import PostgresDatabase  # noqa: PLC0415 - an extra

    return PostgresDatabase(url)
