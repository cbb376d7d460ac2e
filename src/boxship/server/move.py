"""A registry moved: its content to another folder, its names to another database, all of it verified.

The registry that was there stays as it is, to go back to or to be deleted. Nobody may serve it meanwhile: what was
pushed after a part was moved would be missing.
"""

from __future__ import annotations

__all__ = ["Moved", "move"]

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import BoxshipError, ContentMismatch, InvalidSettings
from boxship.server.belonging import belong, check_files
from boxship.server.copying import link_or_copy, new_folder
from boxship.server.database import Database, Elsewhere, Transaction
from boxship.server.layout import Layout, check_registry, fsync_folder
from boxship.server.opening import open_database
from boxship.server.soundness import digest_file
from boxship.server.sqlite import telling
from boxship.server.transfer import Differs, are_any, copy_names

_DIGESTS = "SELECT digest FROM blob WHERE state < 2"
_COUNTS = "SELECT (SELECT count(*) FROM blob WHERE state < 2), (SELECT count(*) FROM manifest)"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """How much was moved."""

    blobs: int
    manifests: int


def move(folder: Path, target: Path, *, database: str = "", to_database: str = "") -> Moved:
    """Let the new folder `target` have the content of `folder`, and `to_database` the names of `database`.

    Both are URLs of PostgreSQL, or '' for a database in the folder itself. `InvalidSettings` for what is no registry or
    is used, or a target where something is already; `ContentMismatch`, and nothing is left, where anything is damaged.
    """
    check_registry(folder)
    with ExitStack() as opened:
        opened.enter_context(telling(folder))
        layout = opened.enter_context(closing(Layout(folder, alone=True, names_elsewhere=bool(database))))
        names = opened.enter_context(_open(layout, database))
        work = opened.enter_context(new_folder(target))
        there = opened.enter_context(closing(Layout(work, names_elsewhere=bool(to_database))))
        new = opened.enter_context(_open(there, to_database))
        reading = opened.enter_context(names.apart())
        check_files(reading, layout.root)
        _check_empty(new)
        _move_content(reading, layout, there)
        _move_names(reading, new)
        return Moved(*reading.execute(_COUNTS).fetchone())


@contextmanager
def _open(layout: Layout, url: str) -> Iterator[Database]:
    with closing(open_database(layout.database, url)) as database:
        if isinstance(database, Elsewhere):
            belong(layout, database.id)
        yield database


def _check_empty(new: Database) -> None:
    with new.apart() as names:
        if are_any(names):
            why = "there are names in it already"
            raise InvalidSettings("--to-database", why=why, remedy="give a database with nothing in it")


def _move_content(names: Transaction, layout: Layout, there: Layout) -> None:
    """Link or copy every blob, and hash it there."""
    folders, damaged = set(), []
    for (name,) in names.execute(_DIGESTS).fetchall():
        digest = Digest.parse(name)
        source, target = layout.blob(digest), there.blob(digest)
        folders.add(target.parent)
        if not _has(source, target, digest):
            damaged.append(name)
    if damaged:
        more = f" and {len(damaged) - _MOST_NAMED} more" if len(damaged) > _MOST_NAMED else ""
        why = f"the files are not what they should be of {', '.join(damaged[:_MOST_NAMED])}{more}"
        remedy = "`boxship registry scrub` sets them aside, and what is pushed again heals them"
        raise ContentMismatch(f"{layout.root} was not moved", why=why, remedy=remedy)
    for folder in folders:
        fsync_folder(folder)


def _has(source: Path, target: Path, digest: Digest) -> bool:
    """Whether `target` has the content now."""
    try:
        link_or_copy(source, target)
    except FileNotFoundError:
        return False
    return digest_file(target, digest.algorithm) == digest


def _move_names(names: Transaction, new: Database) -> None:
    names.execute("BEGIN")  # nobody serves it; but `registry user` may be at work
    try:
        new.write_now(lambda written: copy_names(names, written))
    except Differs as error:
        why = f"what was written is not what was read: {error}"
        raise BoxshipError("the names were not moved", why=why) from error
    finally:
        names.execute("COMMIT")
