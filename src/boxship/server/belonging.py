"""Which names a folder's content belongs to, where these are not in the folder: told by the database's own id.

With other names than its own, a sweep would take all content for garbage.
"""

from __future__ import annotations

__all__ = ["NAME", "belong", "check_files", "own_id"]

import os
import uuid
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.server.database import Transaction
from boxship.server.storage.layout import Layout, fsync_folder

NAME = "DATABASE"
ID = "ID"


def belong(layout: Layout, database: str) -> None:
    """Let the folder belong to the database with that id, or raise `InvalidSettings` where it is another's.

    To be called before others share the folder.
    """
    file = layout.root / NAME
    if layout.database.exists():
        raise _wrong(layout, "its names are in registry.db", "leave out --database, or give another folder")
    try:
        found = file.read_text("ascii").strip()
    except FileNotFoundError:
        if next(layout.blobs.glob("*/*/*"), None):
            raise _wrong(layout, "it has content that the database does not know", "give another folder") from None
        _write(layout, NAME, database)
    else:
        if found != database:
            raise _wrong(layout, "its names are in another database", "give that one, or another folder")


def own_id(layout: Layout) -> str:
    """The id of a folder whose names are in it, by which an object store knows whose content it has."""
    file = layout.root / ID
    try:
        return file.read_text("ascii").strip()
    except FileNotFoundError:
        _write(layout, ID, str(uuid.uuid4()))
        return file.read_text("ascii").strip()


def check_files(names: Transaction, folder: Path) -> None:
    """`InvalidSettings` where content is not in the folder's files: to whoever looks there, all of it would be lost."""
    if names.execute("SELECT 1 FROM blob WHERE location <> '' LIMIT 1").fetchone():
        remedy = "give its --storage s3://BUCKET/PREFIX, or a folder that has its content"
        raise InvalidSettings(str(folder), why="its content is in an object store", remedy=remedy)


def _write(layout: Layout, name: str, content: str) -> None:
    new = layout.root / f"{name}.new"
    with new.open("w", encoding="ascii") as written:
        written.write(f"{content}\n")
        written.flush()
        os.fsync(written.fileno())
    new.replace(layout.root / name)
    fsync_folder(layout.root)


def _wrong(layout: Layout, why: str, remedy: str) -> InvalidSettings:
    return InvalidSettings(str(layout.root), why=why, remedy=remedy)
