"""A registry moved: its names and its content to other places, all of it verified.

The registry that was there stays as it is, to go back to or to be deleted. Nobody may serve it meanwhile: who has its
folder is seen at once, and what others have changed in its database at the end.
"""

from __future__ import annotations

__all__ = ["move"]

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from boxship.server.database.sqlite import telling
from boxship.server.storage.layout import Layout, check_registry
from boxship.server.upkeep.filling import Filled, fill, new_registry
from boxship.server.upkeep.place import Held, Place, database_of, storage_of

_REMEDY = "`boxship registry scrub` sets them aside, and what is pushed again heals them"


def move(place: Place, target: Place) -> Filled:
    """Let the new place `target` have all that the registry in `place` has.

    `InvalidSettings` for what is no registry or is used, or a target where something is already; `ContentMismatch`, and
    nothing is a registry there, where anything is damaged. What was cut off goes on when it is done again.
    """
    with _alone(place) as held, new_registry(target, held.names) as made:
        return fill(
            held.names, held.storage, made, f"{place.storage or place.folder} was not moved", _REMEDY, linked=True
        )


@contextmanager
def _alone(place: Place) -> Iterator[Held]:
    with ExitStack() as opened:
        folder = place.folder
        if place.is_elsewhere:
            folder = Path(opened.enter_context(TemporaryDirectory()))
        else:
            check_registry(folder)
        opened.enter_context(telling(folder))
        layout = opened.enter_context(closing(Layout(folder, alone=True, names_elsewhere=bool(place.database))))
        database = opened.enter_context(database_of(layout, place))
        storage = storage_of(layout, database, place)
        yield Held(opened.enter_context(database.apart()), storage)
