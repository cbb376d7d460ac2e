"""What becomes of a blob whose bytes are wrong: nobody is told that it is there, and its file is set aside.

In two transactions, for the row goes before the bytes: a crash between them leaves a file that nobody is served. Both
look again at what they change, and the file moves inside the second: a push that heals the blob meanwhile wins.
Who looks at the bytes is `scrub`'s, `repair`'s and `deliver`'s work.
"""

from __future__ import annotations

__all__ = ["FileIdentity", "Suspect", "condemn", "digest_file", "identify", "identify_open", "is_damaged", "set_aside"]

import hashlib
import os
from pathlib import Path

from boxship.digest import Digest
from boxship.server.database import Database, Transaction
from boxship.server.storage.layout import Layout, fsync_folder
from boxship.value import dataclass

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells a file from another one that takes its name."""

    inode: int
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Suspect:
    """A blob, what its row says and the file (None: there is none) that were found wrong together.

    Versions begin anew with a row: a blob that was swept and pushed anew has another file, or another location.
    """

    digest: Digest
    version: int
    modified: int
    file: FileIdentity | None
    location: str = ""


def digest_file(path: Path, algorithm: str) -> Digest:
    """The digest of what a file holds."""
    value = hashlib.new(algorithm)
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            value.update(block)
    return Digest(algorithm, value.hexdigest())


def identify(path: Path) -> FileIdentity | None:
    """Which file has that name; None where none has."""
    try:
        return _identity(path.lstat())
    except FileNotFoundError:
        return None


def identify_open(descriptor: int) -> FileIdentity:
    """Which file is open."""
    return _identity(os.fstat(descriptor))


def _identity(found: os.stat_result) -> FileIdentity:
    return FileIdentity(found.st_ino, found.st_size, found.st_mtime_ns)


async def is_damaged(database: Database, repository: str, manifest: Digest) -> bool:
    """Whether a blob of the manifest, or of those that it lists, was condemned and has not been pushed anew."""
    return (await database.read(_DAMAGED, (repository, str(manifest)))).fetchone() is not None


def condemn(connection: Transaction, suspect: Suspect) -> bool:
    """Let the blob be absent until it is pushed anew; False where its row has changed since."""
    row = (str(suspect.digest), suspect.version, suspect.modified, suspect.location)
    return connection.execute(_CONDEMN, row).rowcount > 0


def set_aside(connection: Transaction, layout: Layout, suspect: Suspect, *, now: float) -> Path | None:
    """Move a condemned blob's file to quarantine/, durably; None where it is no longer that file.

    To be called in a transaction after the one of `condemn`.
    """
    path = layout.blob(suspect.digest)
    condemned = connection.execute(_IS_CONDEMNED, (str(suspect.digest), suspect.version)).fetchone()
    if not condemned or not suspect.file or identify(path) != suspect.file:
        return None
    quarantine = layout.quarantine
    aside = quarantine / f"{suspect.digest.hex}.{int(now * 1e9)}"
    if not quarantine.is_dir():
        quarantine.mkdir(mode=0o700)
        fsync_folder(layout.root)
    path.replace(aside)
    fsync_folder(quarantine)
    fsync_folder(path.parent)
    return aside


_CONDEMN = """
UPDATE blob SET state = 3, version = version + 1
WHERE digest = ?1 AND version = ?2 AND modified = ?3 AND location = ?4 AND state < 2
"""
_IS_CONDEMNED = "SELECT 1 FROM blob WHERE digest = ?1 AND version = ?2 + 1 AND state = 3"
_DAMAGED = """
WITH RECURSIVE below (repo_id, digest) AS (
    SELECT id, digest FROM repo JOIN manifest ON repo_id = id AND digest = ?2 WHERE name = ?1
    UNION
    SELECT below.repo_id, child FROM below
    JOIN manifest_ref ON manifest_ref.repo_id = below.repo_id AND parent = below.digest
)
SELECT 1 FROM below JOIN blob ON blob.digest = below.digest AND state = 3 LIMIT 1
"""
