"""The registry behind the routes: its names, bytes and open uploads, and the settings that actions go by."""

from __future__ import annotations

__all__ = ["Registry", "Settings"]

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from boxship.server.database import Database
from boxship.server.layout import Layout
from boxship.server.names import Names
from boxship.server.sessions import Sessions
from boxship.server.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a registry behaves: whether anything may be deleted, and the most entries of a page."""

    allow_delete: bool = False
    page_size: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """An open registry. Actions get it with each request; nothing here knows HTTP."""

    settings: Settings
    names: Names
    sessions: Sessions
    storage: Storage
    close: Callable[[], None]
    clock: Callable[[], float] = time.time

    @classmethod
    def open(cls, folder: Path, settings: Settings) -> Self:
        """The registry in `folder`, which is made if need be; what a crash left of uploads is swept.

        Raises `InvalidSettings` where the folder cannot be had. Blocks: not for an event loop.
        """
        layout = Layout(folder)
        try:
            database = Database(layout.database)
        except BaseException:
            layout.close()
            raise

        def close() -> None:
            database.close()
            layout.close()

        storage = Storage(layout)
        sessions = Sessions(database)
        storage.sweep(sessions.all())
        return cls(settings=settings, names=Names(database), sessions=sessions, storage=storage, close=close)
