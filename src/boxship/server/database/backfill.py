"""What an older registry did not keep beside its manifests: read from them once, when its tables become today's.

`schema` says when; what is kept, `push` says.
"""

from __future__ import annotations

__all__ = ["describe_manifests"]

import sqlite3
from collections.abc import Iterator

from boxship.server.document import Document, Rejected, judge
from boxship.server.push import describe

# One after the other, since a body may have megabytes, and none is read while rows change.
_NEXT = "SELECT rowid, repo_id, digest, media_type, body FROM manifest WHERE rowid > ? ORDER BY rowid LIMIT 1"


def describe_manifests(connection: sqlite3.Connection) -> None:
    """Write beside each manifest its subject, its type, its annotations, and what it has its references for."""
    for repo, digest, document in _documents(connection):
        describe(connection, repo, digest, document)


def _documents(connection: sqlite3.Connection) -> Iterator[tuple[int, str, Document]]:
    last = -1
    while row := connection.execute(_NEXT, (last,)).fetchone():
        last, repo, digest, kind, body = row
        try:
            yield repo, digest, judge(body, kind)
        except Rejected:
            # Taken by other rules than today's, and served as it is; it is just nobody's referrer.
            continue
