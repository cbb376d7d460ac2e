"""A registry made of all that another one has, wherever each of them keeps its names and its content.

Content first, every byte hashed; then all names in one transaction, in which they are read again and compared. Until
that ends nothing is there that anybody could take for a registry, and all of it can be begun anew: what has come is
looked at and not sent again.
"""

from __future__ import annotations

__all__ = ["Filled", "Origin", "Target", "fill", "new_registry"]

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import BoxshipError, ContentMismatch, InvalidSettings
from boxship.server.database import Database, Row, Transaction
from boxship.server.database.transfer import Differs, are_any, copy_names, differences
from boxship.server.storage import Content, Storage, Stored
from boxship.server.storage.file_storage import FileStorage
from boxship.server.storage.layout import Layout
from boxship.server.upkeep.arrived import Arrived
from boxship.server.upkeep.carrying import Blob, Bring, Linking, Origin, Sending, blobs_of, carry
from boxship.server.upkeep.copying import growing_folder, tidy
from boxship.server.upkeep.place import Place, database_of, storage_of
from boxship.value import dataclass

_LARGEST = "SELECT coalesce(max(size), 0) FROM blob"
_COUNTS = "SELECT (SELECT count(*) FROM blob WHERE state < 2), (SELECT count(*) FROM manifest)"
_MOST_NAMED = 5  # of what is damaged


@dataclass(frozen=True, slots=True)
class Filled:
    """How much a registry has got."""

    blobs: int
    manifests: int


@dataclass(frozen=True, slots=True)
class Target:
    """A registry that is being made.

    Attributes:
        begun: whether somebody has begun with it before.
    """

    database: Database
    storage: Storage
    layout: Layout
    begun: bool


@contextmanager
def new_registry(place: Place, names: Transaction) -> Iterator[Target]:
    """A place to fill with what these names are of; its folder is there when the block has ended well.

    `InvalidSettings` where something is there already.
    """
    with ExitStack() as opened:
        # A bucket is that registry's from now on whose names this folder has: it stays for who does it again.
        growing = _scratch() if place.is_elsewhere else growing_folder(place.folder, kept=bool(place.storage))
        work = opened.enter_context(growing)
        begun = place.is_elsewhere or (work / "VERSION").exists()
        layout = opened.enter_context(closing(Layout(work, alone=True, names_elsewhere=bool(place.database))))
        database = opened.enter_context(database_of(layout, place))
        largest = names.execute(_LARGEST).fetchone()[0]
        yield Target(database, storage_of(layout, database, place, largest=largest), layout, begun)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for whom nothing has to be kept in one."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def fill(names: Transaction, origin: Origin, target: Target, what: str, remedy: str, *, linked: bool) -> Filled:
    """Let the target have all of `names` and their content in `origin`; `what` and `remedy` are the words of an error.

    Files are `linked` where both have files. `ContentMismatch` where content is damaged, or not there; `BoxshipError`
    where names changed meanwhile; nothing is a registry then.
    """
    if _is_done(names, target):
        _check_content(target.storage, what, names=target.database)
    else:
        with closing(Arrived()) as arrived:
            names.execute("BEGIN")  # one moment, whoever is at work meanwhile
            try:
                _bring(names, origin, target, (what, remedy), arrived, linked=linked)
                target.database.write_now(lambda written: _copy(names, written, arrived))
            except Differs as error:
                raise _differs(what, error) from error
            finally:
                names.execute("COMMIT")
    with target.database.apart() as written:
        if isinstance(target.storage, FileStorage):
            tidy(target.layout, written)
        return Filled(*written.execute(_COUNTS).fetchone())


def _is_done(names: Transaction, target: Target) -> bool:
    """Whether somebody who was cut off had done all but the last step; `InvalidSettings` for names of others."""
    with target.database.apart() as written:
        if not are_any(written):
            return False
        if target.begun and next(differences(names, written, lambda row: _as_in(written, row)), None) is None:
            return True
    why = "there are names in it already"
    raise InvalidSettings("--to-database", why=why, remedy="give a database with nothing in it")


def _bring(
    names: Transaction, origin: Origin, target: Target, words: tuple[str, str], arrived: Arrived, *, linked: bool
) -> None:
    what, remedy = words
    bring: Bring = Sending(origin, target.storage)
    if linked and isinstance(origin, FileStorage) and isinstance(target.storage, FileStorage):
        bring = Linking(origin, target.storage, hashed=True)
    _refuse(asyncio.run(carry(blobs_of(names), bring, arrived)), what, remedy)
    # A sweep of whoever serves the target would have taken what no names were of for a day.
    _check_content(target.storage, what, names=names, arrived=arrived)


def _check_content(
    storage: Storage, what: str, *, names: Transaction | Database, arrived: Arrived | None = None
) -> None:
    """Hold what is in the storage against what has arrived, or against names that are there, by every byte."""

    async def look(blob: Blob) -> Stored | None:
        digest = blob.content.digest
        if not arrived:
            right = await storage.digest(blob.content) == digest
            return Stored(blob.size, 0) if right else None
        there = arrived.find(str(digest))
        found = await storage.identify(Content(digest, there.location)) if there else None
        return there if found and there and (found.size, found.modified) == (there.size, there.modified) else None

    with ExitStack() as opened:
        seen = opened.enter_context(closing(Arrived()))
        read = names if not hasattr(names, "apart") else opened.enter_context(names.apart())
        wrong = asyncio.run(carry(blobs_of(read), look, seen))
    if wrong:
        why = f"what had arrived is not there any more of {_named(wrong)}"
        raise ContentMismatch(
            f"{what}: not all is there", why=why, remedy="stop who serves the target, and do it again"
        )


def _copy(names: Transaction, written: Transaction, arrived: Arrived) -> None:
    """Write all names, where nobody else has written any, and look whether they are still those of the source."""
    if are_any(written):
        raise Differs("somebody else has written to it")

    def as_there(row: Row) -> Row:
        stored = arrived.find(row[0])
        return (*row[:2], stored.modified if stored else row[2], *row[3:-1], stored.location if stored else "")

    copy_names(names, written, as_there)
    names.execute("COMMIT")
    names.execute("BEGIN")
    first = next(differences(names, written, as_there), None)
    if first:
        raise Differs(f"{first} was changed meanwhile: nobody may serve it")


def _as_in(written: Transaction, row: Row) -> Row:
    """A blob's row, but for where its bytes are."""
    there = written.execute("SELECT modified, location FROM blob WHERE digest = ?", (row[0],)).fetchone()
    return (*row[:2], there[0], *row[3:-1], there[1]) if there else row


def _refuse(wrong: Sequence[Digest], what: str, remedy: str) -> None:
    if wrong:
        why = f"{len(wrong)} wrong: {_named(wrong)}"
        raise ContentMismatch(what, why=why, remedy=remedy)


def _named(digests: Sequence[Digest]) -> str:
    more = f" and {len(digests) - _MOST_NAMED} more" if len(digests) > _MOST_NAMED else ""
    return ", ".join(map(str, digests[:_MOST_NAMED])) + more


def _differs(what: str, error: Differs) -> BoxshipError:
    return BoxshipError(what, why=f"what was written is not what was read: {error}", remedy="do it again")
