"""A registry made of a backup: every byte copied, and verified before the registry is there at all."""

from __future__ import annotations

__all__ = ["Restored", "restore"]

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import ContentMismatch
from boxship.server.check import reading
from boxship.server.copying import copy_verified, new_folder
from boxship.server.layout import Layout, fsync_folder

_COUNTS = "SELECT (SELECT count(*) FROM blob WHERE state < 2), (SELECT count(*) FROM manifest)"
_MOST_NAMED = 5  # of what is damaged


@dataclass(frozen=True, slots=True)
class Restored:
    """How much was restored."""

    blobs: int
    manifests: int


def restore(source: Path, folder: Path) -> Restored:
    """Make the new folder `folder` the registry that the backup `source` holds.

    `ContentMismatch`, and nothing is left, where any of it is damaged; `InvalidSettings` for what is no backup, or a
    folder that cannot be had.
    """
    with reading(source) as connection, new_folder(folder) as work, closing(Layout(work)) as made:
        damaged = list(_copy(source, made, connection))
        with closing(sqlite3.connect(made.database)) as copy:
            connection.backup(copy)
            copy.execute("DELETE FROM upload")
            copy.commit()
            damaged += _damaged_names(copy)
            restored = Restored(*copy.execute(_COUNTS).fetchone())
        made.database.chmod(0o600)
        if damaged:
            raise _refused(source, damaged)
        return restored


def _copy(source: Path, made: Layout, connection: sqlite3.Connection) -> Iterator[str]:
    """Copy every blob; those that have not their bytes, or none."""
    folders = set()
    for (name,) in connection.execute("SELECT digest FROM blob WHERE state < 2"):
        digest = Digest.parse(name)
        target = made.blob(digest)
        folders.add(target.parent)
        original = source / target.relative_to(made.root)
        if not (original.is_file() and copy_verified(original, target, digest)):
            yield name
    for folder in folders:
        fsync_folder(folder)


def _damaged_names(database: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the database itself, and with the manifests in it."""
    for (complaint,) in database.execute("PRAGMA integrity_check"):
        if complaint != "ok":
            yield complaint
    for name, body in database.execute("SELECT digest, body FROM manifest"):
        digest = Digest.parse(name)
        if Digest.of(body, digest.algorithm) != digest:
            yield name


def _refused(source: Path, damaged: list[str]) -> ContentMismatch:
    named = ", ".join(damaged[:_MOST_NAMED]) + (", …" if len(damaged) > _MOST_NAMED else "")
    remedy = f"another backup; or see what can be had of it: boxship registry check --disk {source}"
    return ContentMismatch(f"the backup {source} is damaged", why=f"{len(damaged)} wrong: {named}", remedy=remedy)
