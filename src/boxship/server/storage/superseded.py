"""Objects whose blob has another one by now, and which somebody may be reading yet: they are leased to whoever does.

A blob that is pushed anew has a new object, since nobody knows whether the old one is right. That may be older than any
orphan has to be, and downloads that began with it, here or by a URL of the store's, go on for a while.
"""

from __future__ import annotations

__all__ = ["IS_READ", "forget", "supersede"]

from boxship.server.database import Transaction

_READING = 24 * 3600.0  # seconds that no download takes


def supersede(transaction: Transaction, digest: str, location: str, *, now: float) -> None:
    """Keep the object that the blob has had, now that its row will name the one at `location`."""
    transaction.execute(_SUPERSEDE, (digest, location, now + _READING))


def forget(transaction: Transaction, *, now: float) -> None:
    """Forget those that nobody reads any more."""
    transaction.execute("DELETE FROM lease WHERE name LIKE 'blobs/%' AND until <= ?", (now,))


_SUPERSEDE = """
INSERT INTO lease (name, holder, until)
SELECT location, '', ?3 FROM blob WHERE digest = ?1 AND location <> '' AND location <> ?2
ON CONFLICT (name) DO UPDATE SET until = excluded.until
"""
# Of an object ?2, at a moment ?3.
IS_READ = "EXISTS (SELECT 1 FROM lease WHERE name = ?2 AND until > ?3)"
