"""A registry made of a backup, wherever it is to be: every byte copied, and verified before anything is a registry."""

from __future__ import annotations

__all__ = ["restore"]

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import ContentMismatch
from boxship.server.belonging import check_files
from boxship.server.finishing import in_thread
from boxship.server.storage import Content
from boxship.server.storage.file_source import FileSource
from boxship.server.storage.layout import blob_in
from boxship.server.storage.soundness import FileIdentity, identify
from boxship.server.upkeep.filling import Filled, fill, new_registry
from boxship.server.upkeep.place import Place
from boxship.server.upkeep.reading import reading

_MOST_NAMED = 5  # of what is damaged


class _Files:
    """The content of a backup, which may lie on a disk for reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def identify(self, content: Content) -> FileIdentity | None:
        return await in_thread(identify, blob_in(self._folder, content.digest))

    def source(self, content: Content, size: int) -> FileSource:
        del size
        return FileSource(blob_in(self._folder, content.digest))


def restore(source: Path, place: Place) -> Filled:
    """Make the registry that the backup `source` holds, in a place with nothing in it.

    `ContentMismatch`, and nothing is a registry, where any of it is damaged; `InvalidSettings` for what is no backup,
    or a place that cannot be had.
    """
    with reading(source) as names:
        check_files(names, source)
        damaged = list(_damaged_names(names))
        if damaged:
            raise _refused(source, damaged)
        with new_registry(place, names) as made:
            return fill(names, _Files(source), made, f"the backup {source} is damaged", _remedy(source), linked=False)


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
    why = f"{len(damaged)} wrong: {named}"
    return ContentMismatch(f"the backup {source} is damaged", why=why, remedy=_remedy(source))


def _remedy(source: Path) -> str:
    return f"another backup; or see what can be had of it: boxship registry check --disk {source}"
