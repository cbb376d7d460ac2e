"""Where a registry keeps what it has: in its folder, or elsewhere, for several registries in common."""

from __future__ import annotations

__all__ = ["open_database", "open_storage"]

import asyncio
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.server.belonging import own_id
from boxship.server.database import Database, Elsewhere
from boxship.server.database.sqlite import SqliteDatabase
from boxship.server.storage import Storage
from boxship.server.storage.file_storage import FileStorage
from boxship.server.storage.layout import Layout


def open_database(path: Path, url: str = "", *, new: bool = True) -> Database:
    """The database at `url`, or SQLite's file `path` where that is ''; made if need be. Blocks.

    At a URL none is made unless it may be `new`. Raises `InvalidSettings` for what is no database of names, or a newer
    registry's.
    """
    if not url:
        return SqliteDatabase(path)
    from boxship.server.database.postgres import PostgresDatabase  # noqa: PLC0415 - an extra

    return PostgresDatabase(url, new=new)


def open_storage(
    layout: Layout,
    database: Database,
    url: str,
    *,
    endpoint: str = "",
    region: str = "",
    redirect: bool = False,
    largest: int = 0,
    new: bool = True,
) -> Storage:
    """The bucket at `url`, or the folder's files where that is ''. Blocks.

    Raises `InvalidSettings` where the database says that content is elsewhere, or the bucket is another registry's, or,
    unless it may be `new`, nobody's; `BoxshipError` where the store cannot be asked.
    """
    if not url:
        _check(database, _IN_OBJECTS, layout, "its content is in an object store", "give its --storage s3://…")
        return FileStorage(layout)
    from boxship.server.storage.bucket import Bucket, Where  # noqa: PLC0415 - an extra
    from boxship.server.storage.object_storage import ObjectStorage  # noqa: PLC0415

    _check(database, _IN_FILES, layout, "its content is in files", "leave out --storage, or give another folder")
    bucket = Bucket(Where.parse(url, endpoint=endpoint, region=region), largest=largest)
    storage = ObjectStorage(bucket, database, redirect=redirect)
    registry = database.id if isinstance(database, Elsewhere) else own_id(layout)
    known = not new or database.read_now(_IN_OBJECTS).fetchone() is not None
    asyncio.run(storage.belong(registry, known=known))
    return storage


def _check(database: Database, query: str, layout: Layout, why: str, remedy: str) -> None:
    if database.read_now(query).fetchone():
        raise InvalidSettings(str(layout.root), why=why, remedy=remedy)


_IN_OBJECTS = "SELECT 1 FROM blob WHERE location <> '' AND state < 2 LIMIT 1"
_IN_FILES = "SELECT 1 FROM blob WHERE location = '' AND state < 2 LIMIT 1"
