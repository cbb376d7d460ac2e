"""Where a registry is: in a folder, but for names and content elsewhere; and opening one beside who serves it."""

from __future__ import annotations

__all__ = ["Held", "Place", "database_of", "read_place", "storage_of"]

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from boxship.server.belonging import belong, check_files
from boxship.server.database import Database, Elsewhere, Transaction
from boxship.server.opening import open_database, open_storage
from boxship.server.storage import Storage
from boxship.server.storage.layout import Layout, check_registry
from boxship.server.upkeep.reading import reading
from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A registry's folder, and where its names and its content are, if not in there.

    Attributes:
        database: the URL of a PostgreSQL database with its names, or ''.
        storage: the URL of a bucket with its content, `s3://BUCKET/PREFIX`, or ''.
        s3_endpoint, s3_region: where that bucket is; '' is what the environment says, and else AWS.
    """

    folder: Path
    database: str = field(default="", repr=False)
    storage: str = ""
    s3_endpoint: str = ""
    s3_region: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether nothing is in the folder that anybody would miss."""
        return bool(self.database and self.storage)


@dataclass(frozen=True, slots=True)
class Held:
    """A registry that is looked at: a connection to its names, of one's own, and its content."""

    names: Transaction
    storage: Storage


@contextmanager
def read_place(place: Place) -> Iterator[Held]:
    """The registry there, which may be served meanwhile; `InvalidSettings` where there is none."""
    with ExitStack() as opened:
        if place.database:
            if not place.is_elsewhere:
                check_registry(place.folder)
        else:
            names: Transaction = opened.enter_context(reading(place.folder))
        layout = opened.enter_context(closing(Layout(place.folder, names_elsewhere=bool(place.database))))
        database = opened.enter_context(database_of(layout, place, new=False))
        layout.share()
        if place.database:
            names = opened.enter_context(database.apart())
        storage = storage_of(layout, database, place, new=False)
        yield Held(names, storage)


@contextmanager
def database_of(layout: Layout, place: Place, *, new: bool = True) -> Iterator[Database]:
    """The names of the place, to whom the folder belongs; unless it may be `new`, a registry's."""
    with closing(open_database(layout.database, place.database, new=new)) as database:
        if isinstance(database, Elsewhere):
            belong(layout, database.id)
        yield database


def storage_of(layout: Layout, database: Database, place: Place, *, largest: int = 0, new: bool = True) -> Storage:
    """The content of the place; `InvalidSettings` where its names say that it is elsewhere.

    Unless it may be `new`, also where nothing of a registry's is there.
    """
    if not place.storage:
        with database.apart() as names:
            check_files(names, layout.root)
    opening = partial(open_storage, endpoint=place.s3_endpoint, region=place.s3_region)
    return opening(layout, database, place.storage, largest=largest, new=new)
