"""Which content has come to another storage, and what it looks like there: in a file without a name, not in memory."""

from __future__ import annotations

__all__ = ["Arrived"]

import sqlite3

from boxship.digest import Digest
from boxship.server.storage import Stored

_UNNAMED = ""  # SQLite's word for a file that goes when it is closed
_SCHEMA = "CREATE TABLE arrived (digest TEXT PRIMARY KEY, size INTEGER, modified INTEGER, location TEXT) WITHOUT ROWID"


class Arrived:
    """Content by its digest; a hundred million blobs are some gigabytes of a disk."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect(_UNNAMED, isolation_level=None, check_same_thread=False)
        self._rows.execute(_SCHEMA)

    def note(self, digest: Digest, stored: Stored) -> None:
        """Remember that content."""
        values = (str(digest), stored.size, stored.modified, stored.location)
        self._rows.execute("INSERT OR REPLACE INTO arrived VALUES (?, ?, ?, ?)", values)

    def find(self, digest: str) -> Stored | None:
        """What the content looks like there; None where it has not come."""
        query = "SELECT size, modified, location FROM arrived WHERE digest = ?"
        row = self._rows.execute(query, (digest,)).fetchone()
        return Stored(*row) if row else None

    def close(self) -> None:
        """Forget everything."""
        self._rows.close()
