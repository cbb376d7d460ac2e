"""What can be done about what `check` finds, while nobody else has the folder.

Nothing that somebody might still want is destroyed: files are set aside in quarantine/, and a blob whose bytes are
wrong stays linked, so that the next push of it mends every repository that had it.
"""

from __future__ import annotations

__all__ = ["repair"]

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from boxship.digest import Digest
from boxship.server.storage.layout import Layout, fsync_folder
from boxship.server.storage.soundness import Suspect, condemn, identify, set_aside
from boxship.server.upkeep.check import Fault, Finding, Report, check
from boxship.server.upkeep.reading import reading


def repair(folder: Path, *, verify: bool = False) -> Report:
    """Do what can be done about each finding of `check`, and return these; `InvalidSettings` while a server runs.

    What is left, a second `check` says: content that was lost has to be pushed anew.
    """
    with reading(folder):
        pass  # what is no registry of today's is refused before anything is changed
    with closing(Layout(folder, alone=True)) as layout:
        report = check(folder, verify=verify, grace=0)
        with closing(sqlite3.connect(layout.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for finding in report.findings:
                act = _ACTS.get(finding.fault)
                if act:
                    act(connection, layout, finding)
    return report


def _condemn(connection: sqlite3.Connection, layout: Layout, finding: Finding) -> None:
    """Let the blob be absent, and set aside what file it has."""
    digest = Digest.parse(finding.name)
    query = "SELECT version, modified FROM blob WHERE digest = ?"
    version, modified = connection.execute(query, (finding.name,)).fetchone()
    suspect = Suspect(digest, version, modified, identify(layout.blob(digest)))
    with _transaction(connection):
        condemn(connection, suspect)
    with _transaction(connection):
        set_aside(connection, layout, suspect, now=time.time())


def _take_out(connection: sqlite3.Connection, layout: Layout, finding: Finding) -> None:
    """Keep a manifest's body in quarantine/, and forget the manifest: nobody could have used it by its digest."""
    repository, _, digest = finding.name.rpartition("@")
    values = (repository, digest)
    with _transaction(connection):
        (body,) = connection.execute(_BODY, values).fetchone()
        layout.quarantine.mkdir(mode=0o700, exist_ok=True)
        fsync_folder(layout.root)
        _write(layout.quarantine / f"{digest.partition(':')[2]}.{time.time_ns()}", body)
        connection.execute(_FORGET, values)


def _write(path: Path, content: bytes) -> None:
    """Write a file that outlives a loss of power: what it is a copy of is about to go."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(path.parent)


def _delete_upload(connection: sqlite3.Connection, layout: Layout, finding: Finding) -> None:
    """Nobody can go on with it."""
    path = layout.root / finding.name
    with _transaction(connection):
        connection.execute("DELETE FROM upload WHERE id = ?", (path.name,))
    path.unlink(missing_ok=True)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


# Orphans are left: a sweep takes them when they are old, and a push may have been about to need them. So is what cannot
# be read: it may be the way to the disk that fails. Nothing can be done about content that is missing, or about what is
# only no longer taken.
_ACTS: Mapping[Fault, Callable[[sqlite3.Connection, Layout, Finding], None]] = {
    Fault.LOST: _condemn,
    Fault.RESIZED: _condemn,
    Fault.DAMAGED: _condemn,
    Fault.FALSIFIED: _take_out,
    Fault.STRAY: _delete_upload,
    Fault.CUT_SHORT: _delete_upload,
}

_BODY = """
SELECT body FROM manifest WHERE repo_id = (SELECT id FROM repo WHERE name = ?1) AND digest = ?2
"""
_FORGET = """
DELETE FROM manifest WHERE repo_id = (SELECT id FROM repo WHERE name = ?1) AND digest = ?2
"""
