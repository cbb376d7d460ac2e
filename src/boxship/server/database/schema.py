"""The database's tables, and how an older registry's become today's.

`sqlite` opens the file; what is read and written is `names`'s, `sessions`'s, `sweep`'s and `users`' business.
"""

from __future__ import annotations

__all__ = ["VERSION", "prepare", "read_version"]

import sqlite3
from collections.abc import Callable, Iterator, Mapping

from boxship.errors import InvalidSettings
from boxship.server.database.backfill import describe_manifests

VERSION = 4

_COUNTING = """
CREATE TRIGGER blob_linked AFTER INSERT ON repo_blob BEGIN
    UPDATE repo SET bytes = bytes + (SELECT size FROM blob WHERE digest = new.digest) WHERE id = new.repo_id;
END;
CREATE TRIGGER blob_unlinked AFTER DELETE ON repo_blob BEGIN
    UPDATE repo SET bytes = bytes - (SELECT size FROM blob WHERE digest = old.digest) WHERE id = old.repo_id;
END;
CREATE TRIGGER manifest_put AFTER INSERT ON manifest BEGIN
    UPDATE repo SET bytes = bytes + length(new.body) WHERE id = new.repo_id;
END;
CREATE TRIGGER manifest_deleted AFTER DELETE ON manifest BEGIN
    UPDATE repo SET bytes = bytes - length(old.body) WHERE id = old.repo_id;
END;
CREATE TRIGGER tag_put AFTER INSERT ON tag BEGIN
    UPDATE repo SET tags = tags + 1 WHERE id = new.repo_id;
END;
CREATE TRIGGER tag_deleted AFTER DELETE ON tag BEGIN
    UPDATE repo SET tags = tags - 1 WHERE id = old.repo_id;
END;
"""

_PARTS = """
-- Where the bytes of an upload are whose storage does not add to what is there: from `start` on, `size` of them.
CREATE TABLE upload_part (
    upload TEXT NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    size INTEGER NOT NULL,
    location TEXT NOT NULL,
    PRIMARY KEY (upload, start)
) STRICT, WITHOUT ROWID;
"""

_SCHEMA = f"""
CREATE TABLE repo (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created REAL NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0, -- of its blobs and manifests; this and the next are kept by triggers, for quotas
    tags INTEGER NOT NULL DEFAULT 0
) STRICT;

-- `modified` is the file's time in nanoseconds: with the size, how a file that was altered is noticed.
-- `state`: 0 live, 1 doomed (nobody has it; a sweep may take it), 2 being deleted, 3 found to be damaged.
-- `version` grows with every change of `state`, and decides between a sweep and whoever needs the blob after all.
-- `touched`: when somebody was last told that the blob is there; `verified`: when its bytes were last hashed.
-- `location`: where its bytes are, in words of the storage; '' where its digest says that.
CREATE TABLE blob (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    touched REAL NOT NULL DEFAULT 0,
    verified REAL NOT NULL DEFAULT 0,
    location TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_state ON blob (state) WHERE state <> 0;
CREATE INDEX blob_verified ON blob (verified);
CREATE INDEX blob_location ON blob (location) WHERE location <> '';

-- The right to read a blob through a repository, and since when.
CREATE TABLE repo_blob (
    repo_id INTEGER NOT NULL REFERENCES repo,
    digest TEXT NOT NULL REFERENCES blob,
    linked REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (repo_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX repo_blob_digest ON repo_blob (digest);

-- `subject` and `artifact_type` are what the referrers of a manifest are found and told by; `annotations` is JSON.
CREATE TABLE manifest (
    repo_id INTEGER NOT NULL REFERENCES repo,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    subject TEXT,
    artifact_type TEXT NOT NULL DEFAULT '',
    pushed REAL NOT NULL DEFAULT 0,
    annotations TEXT NOT NULL DEFAULT '',
    body BLOB NOT NULL, -- last, for what stands behind megabytes is read through all of them
    UNIQUE (repo_id, digest)
) STRICT;
CREATE INDEX manifest_subject ON manifest (repo_id, subject, digest, artifact_type) WHERE subject IS NOT NULL;

-- `kind`: what the parent has the child for: `blob` or `manifest`.
CREATE TABLE manifest_ref (
    repo_id INTEGER NOT NULL,
    parent TEXT NOT NULL,
    child TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'blob',
    PRIMARY KEY (repo_id, parent, child),
    FOREIGN KEY (repo_id, parent) REFERENCES manifest (repo_id, digest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_ref_child ON manifest_ref (repo_id, child);

CREATE TABLE tag (
    repo_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    updated REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (repo_id, name),
    FOREIGN KEY (repo_id, digest) REFERENCES manifest (repo_id, digest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_digest ON tag (repo_id, digest);

-- A session names its repository by text: a push that never ends leaves no repository behind.
-- `version` grows with every change, and decides between two writers. `digests` is JSON, by algorithm, of exactly
-- `size` bytes, with the start of the machine that they are of. `owner` is the user who began it, `holder` whom it
-- counts for: that user or an address; or ''.
CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    size INTEGER NOT NULL,
    started REAL NOT NULL,
    expires REAL NOT NULL,
    version INTEGER NOT NULL DEFAULT 0,
    digests TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '',
    holder TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_repository ON upload (repository);
CREATE INDEX upload_expires ON upload (expires);
CREATE INDEX upload_holder ON upload (holder) WHERE holder <> '';
{_PARTS}
-- What one process does for all, such as a sweep: who, and until when.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- `password` is a bcrypt hash. One without a name is nobody's, and says that there once were users.
CREATE TABLE user (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a user may do in the repositories that a pattern matches: words of token scopes, parted by commas.
CREATE TABLE user_grant (
    user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    pattern TEXT NOT NULL,
    actions TEXT NOT NULL,
    PRIMARY KEY (user, pattern)
) STRICT, WITHOUT ROWID;
{_COUNTING}
"""

# How each older version becomes the next one. What has no time yet counts as of now: no sweep takes it at once.
_MIGRATIONS: Mapping[int, str] = {
    1: """
ALTER TABLE repo ADD COLUMN created REAL NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN touched REAL NOT NULL DEFAULT 0;
UPDATE blob SET touched = CAST(strftime('%s', 'now') AS REAL);
ALTER TABLE blob ADD COLUMN verified REAL NOT NULL DEFAULT 0;
CREATE INDEX blob_state ON blob (state) WHERE state <> 0;
CREATE INDEX blob_verified ON blob (verified);
ALTER TABLE repo_blob ADD COLUMN linked REAL NOT NULL DEFAULT 0;
UPDATE repo_blob SET linked = CAST(strftime('%s', 'now') AS REAL);
ALTER TABLE manifest ADD COLUMN subject TEXT;
ALTER TABLE manifest ADD COLUMN artifact_type TEXT NOT NULL DEFAULT '';
ALTER TABLE manifest ADD COLUMN annotations TEXT NOT NULL DEFAULT '';
ALTER TABLE manifest ADD COLUMN pushed REAL NOT NULL DEFAULT 0;
UPDATE manifest SET pushed = CAST(strftime('%s', 'now') AS REAL);
CREATE INDEX manifest_subject ON manifest (repo_id, subject, digest, artifact_type) WHERE subject IS NOT NULL;
ALTER TABLE manifest_ref ADD COLUMN kind TEXT NOT NULL DEFAULT 'blob';
ALTER TABLE tag ADD COLUMN updated REAL NOT NULL DEFAULT 0;
ALTER TABLE upload ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE upload ADD COLUMN digests TEXT NOT NULL DEFAULT '';
ALTER TABLE upload ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX upload_owner ON upload (owner) WHERE owner <> '';
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE user (name TEXT PRIMARY KEY, password TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE user_grant (
    user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    pattern TEXT NOT NULL,
    actions TEXT NOT NULL,
    PRIMARY KEY (user, pattern)
) STRICT, WITHOUT ROWID;
""",
    2: f"""
ALTER TABLE repo ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repo ADD COLUMN tags INTEGER NOT NULL DEFAULT 0;
UPDATE repo SET
    bytes = (SELECT coalesce(sum(length(body)), 0) FROM manifest WHERE repo_id = id)
        + (SELECT coalesce(sum(size), 0) FROM repo_blob JOIN blob USING (digest) WHERE repo_id = id),
    tags = (SELECT count(*) FROM tag WHERE repo_id = id);
ALTER TABLE upload ADD COLUMN holder TEXT NOT NULL DEFAULT '';
UPDATE upload SET holder = '@' || owner WHERE owner <> '';
DROP INDEX upload_owner;
CREATE INDEX upload_holder ON upload (holder) WHERE holder <> '';
{_COUNTING}
""",  # noqa: S608 - of constants
    3: f"""
ALTER TABLE blob ADD COLUMN location TEXT NOT NULL DEFAULT '';
CREATE INDEX blob_location ON blob (location) WHERE location <> '';
{_PARTS}
""",
}

# And what is then read from what is there, which SQL cannot read.
_FILLINGS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: describe_manifests}


def prepare(connection: sqlite3.Connection, where: str) -> None:
    """Make the tables, or bring an older registry's up to date; `InvalidSettings` for a newer one's.

    Safe where several processes do it at once: one does, the others wait.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = read_version(connection, where)
        if found == 0:
            _run(connection, _SCHEMA)
        for version in range(found or VERSION, VERSION):
            _run(connection, _MIGRATIONS[version])
            if version in _FILLINGS:
                _FILLINGS[version](connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def read_version(connection: sqlite3.Connection, where: str) -> int:
    """The version of the tables that are there, 0 where there are none; `InvalidSettings` for a newer registry's."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        why = f"it is of version {version}, this boxship knows {VERSION}"
        raise InvalidSettings(where, why=why, remedy="use the boxship that wrote it, or a newer one")
    if version:
        return int(version)
    # The first version did not write its number.
    return 1 if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() else 0


def _run(connection: sqlite3.Connection, script: str) -> None:
    # Not `executescript`: it would commit what is in progress.
    for statement in _statements(script):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
