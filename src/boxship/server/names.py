"""Names: which repositories, tags, manifests and blobs there are. A method is one query or one transaction.

Bytes of blobs are `storage`'s, and names only follow them: a row is written when its bytes are durable. Open uploads
are `sessions`'. Methods that read are plain, for they are quick; methods that write are awaited.
"""

from __future__ import annotations

__all__ = ["Blob", "ContentMissing", "Expected", "Names", "SizeDiffers", "StoredManifest", "TagMoved"]

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from boxship.digest import Digest
from boxship.server.database import Database
from boxship.server.document import Document
from boxship.spec.descriptor import Descriptor

# What a request expects of a tag: told the digest that it names now (None: there is no such tag), true if that will do.
Expected = Callable[[str | None], bool]


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it was pushed."""

    digest: Digest
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob, and what its file looked like when it was committed."""

    digest: Digest
    size: int
    modified: int


class ContentMissing(Exception):
    """A manifest refers to content that its repository does not have."""

    def __init__(self, digests: Iterable[Digest]) -> None:
        self.digests = tuple(dict.fromkeys(digests))
        super().__init__(", ".join(map(str, self.digests)))


class SizeDiffers(Exception):
    """A manifest says another size of its content than it has."""

    def __init__(self, descriptor: Descriptor, size: int) -> None:
        super().__init__(f"{descriptor.digest} has {size} bytes, not {descriptor.size}")


class TagMoved(Exception):
    """A tag does not name what the request expects."""


class Names:
    """What a registry knows by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def manifest_by_tag(self, repository: str, tag: str) -> StoredManifest | None:
        """The manifest that a tag names."""
        return _manifest(self._database.read(_MANIFEST_BY_TAG, (repository, tag)))

    def manifest_by_digest(self, repository: str, digest: Digest) -> StoredManifest | None:
        """The manifest with that digest, as far as the repository has it."""
        return _manifest(self._database.read(_MANIFEST_BY_DIGEST, (repository, str(digest))))

    def blob(self, repository: str, digest: Digest) -> Blob | None:
        """The blob, as far as the repository has it."""
        return _blob(digest, self._database.read(_BLOB, (repository, str(digest))))

    def blob_anywhere(self, digest: Digest) -> Blob | None:
        """The blob, as far as any repository has it."""
        return _blob(digest, self._database.read(_BLOB_ANYWHERE, (str(digest),)))

    def has_repository(self, repository: str) -> bool:
        """Whether anything was ever pushed there."""
        return self._database.read("SELECT 1 FROM repo WHERE name = ?", (repository,)).fetchone() is not None

    def tags(self, repository: str, after: str, limit: int) -> tuple[str, ...]:
        """At most `limit` tags that come after `after`, in the order of their bytes."""
        rows = self._database.read(_TAGS, (repository, after, limit))
        return tuple(name for (name,) in rows)

    def repositories(self, after: str, limit: int) -> tuple[str, ...]:
        """At most `limit` repositories that come after `after`, in the order of their bytes."""
        rows = self._database.read("SELECT name FROM repo WHERE name > ? ORDER BY name LIMIT ?", (after, limit))
        return tuple(name for (name,) in rows)

    async def put_blob(self, repository: str, blob: Blob, session: str | None = None) -> None:
        """Let the repository have a blob whose bytes are durable; the upload it came by is over."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT_BLOB, (str(blob.digest), blob.size, blob.modified))
            _link(connection, repository, blob.digest)
            connection.execute("DELETE FROM upload WHERE id = ?", (session,))

        await self._database.write(work)

    async def refresh_blob(self, blob: Blob) -> None:
        """Note what the file of a blob looks like now."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT_BLOB, (str(blob.digest), blob.size, blob.modified))

        await self._database.write(work, durable=False)

    async def link_blob(self, repository: str, digest: Digest) -> None:
        """Let the repository have a blob that another one has."""
        await self._database.write(lambda connection: _link(connection, repository, digest))

    async def unlink_blob(self, repository: str, digest: Digest) -> tuple[str, ...] | None:
        """Take a blob from the repository, unless manifests need it: then say which. None where it has no such blob."""

        def work(connection: sqlite3.Connection) -> tuple[str, ...] | None:
            parents = connection.execute(_PARENTS, (repository, str(digest))).fetchall()
            if parents:
                return tuple(parent for (parent,) in parents)
            deleted = connection.execute(_UNLINK_BLOB, (repository, str(digest))).rowcount
            return () if deleted else None

        return await self._database.write(work)

    async def put_manifest(
        self, repository: str, digest: Digest, document: Document, tags: Iterable[str], expected: Expected
    ) -> None:
        """Store a manifest and let tags name it, if the repository has all that the manifest needs.

        Raises `ContentMissing`, `SizeDiffers`, or `TagMoved` where `expected` denies what a tag names now.
        """

        def work(connection: sqlite3.Connection) -> None:
            repo = _repository(connection, repository)
            _check_content(connection, repo, document)
            values = (repo, str(digest), document.media_type, document.raw)
            # The first type that a digest was pushed with stays: served types never change (CVE-2021-41190).
            connection.execute(_PUT_MANIFEST, values)
            references = [(repo, str(digest), str(child.digest)) for child in document.references]
            connection.executemany(_PUT_REFERENCE, references)
            for tag in tags:
                _check_tag(connection, repo, tag, expected)
                connection.execute(_PUT_TAG, (repo, tag, str(digest)))

        await self._database.write(work)

    async def delete_manifest(self, repository: str, digest: Digest) -> bool:
        """Delete a manifest and its tags; whether there was one."""
        return await self._delete(_DELETE_MANIFEST, repository, str(digest))

    async def delete_tag(self, repository: str, tag: str) -> bool:
        """Delete a tag and nothing else; whether there was one."""
        return await self._delete(_DELETE_TAG, repository, tag)

    async def _delete(self, query: str, repository: str, name: str) -> bool:
        return await self._database.write(lambda connection: connection.execute(query, (repository, name)).rowcount > 0)


def _manifest(rows: sqlite3.Cursor) -> StoredManifest | None:
    row = rows.fetchone()
    return StoredManifest(Digest.parse(row[0]), row[1], row[2]) if row else None


def _blob(digest: Digest, rows: sqlite3.Cursor) -> Blob | None:
    row = rows.fetchone()
    return Blob(digest, *row) if row else None


def _repository(connection: sqlite3.Connection, name: str) -> int:
    connection.execute("INSERT INTO repo (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    (found,) = connection.execute("SELECT id FROM repo WHERE name = ?", (name,)).fetchone()
    return int(found)


def _link(connection: sqlite3.Connection, repository: str, digest: Digest) -> None:
    values = (_repository(connection, repository), str(digest))
    connection.execute("INSERT INTO repo_blob (repo_id, digest) VALUES (?, ?) ON CONFLICT DO NOTHING", values)


def _check_content(connection: sqlite3.Connection, repo: int, document: Document) -> None:
    """Every descriptor points at content of this repository, and says its right size."""
    missing = []
    for query, descriptors in ((_SIZE_OF_BLOB, document.blobs), (_SIZE_OF_CHILD, document.children)):
        for descriptor in descriptors:
            found = connection.execute(query, (repo, str(descriptor.digest))).fetchone()
            if not found:
                missing.append(descriptor.digest)
            elif found[0] != descriptor.size:
                raise SizeDiffers(descriptor, found[0])
    if missing:
        raise ContentMissing(missing)


def _check_tag(connection: sqlite3.Connection, repo: int, tag: str, expected: Expected) -> None:
    row = connection.execute("SELECT digest FROM tag WHERE repo_id = ? AND name = ?", (repo, tag)).fetchone()
    if not expected(row[0] if row else None):
        raise TagMoved(tag)


_MANIFEST_BY_TAG = """
SELECT manifest.digest, media_type, body FROM repo
JOIN tag ON tag.repo_id = repo.id AND tag.name = ?2
JOIN manifest ON manifest.repo_id = repo.id AND manifest.digest = tag.digest
WHERE repo.name = ?1
"""
_MANIFEST_BY_DIGEST = """
SELECT digest, media_type, body FROM repo
JOIN manifest ON manifest.repo_id = repo.id AND digest = ?2
WHERE name = ?1
"""
_BLOB = """
SELECT size, modified FROM repo
JOIN repo_blob ON repo_blob.repo_id = repo.id AND repo_blob.digest = ?2
JOIN blob ON blob.digest = ?2
WHERE name = ?1
"""
_BLOB_ANYWHERE = """
SELECT size, modified FROM blob WHERE digest = ?1 AND EXISTS (SELECT 1 FROM repo_blob WHERE digest = ?1)
"""
_TAGS = """
SELECT tag.name FROM repo
JOIN tag ON tag.repo_id = repo.id AND tag.name > ?2
WHERE repo.name = ?1
ORDER BY tag.name LIMIT ?3
"""
_PUT_BLOB = """
INSERT INTO blob (digest, size, modified) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET size = excluded.size, modified = excluded.modified
"""
_PARENTS = """
SELECT parent FROM repo JOIN manifest_ref ON manifest_ref.repo_id = repo.id AND child = ?2 WHERE name = ?1
"""
_UNLINK_BLOB = "DELETE FROM repo_blob WHERE digest = ?2 AND repo_id = (SELECT id FROM repo WHERE name = ?1)"
_SIZE_OF_BLOB = "SELECT size FROM repo_blob JOIN blob USING (digest) WHERE repo_id = ?1 AND digest = ?2"
# An index may list any content (image-index.md, "manifests"), and build caches list layers.
_SIZE_OF_CHILD = """
SELECT length(body) FROM manifest WHERE repo_id = ?1 AND digest = ?2
UNION ALL SELECT size FROM repo_blob JOIN blob USING (digest) WHERE repo_id = ?1 AND digest = ?2
"""
_PUT_MANIFEST = """
INSERT INTO manifest (repo_id, digest, media_type, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_PUT_REFERENCE = "INSERT INTO manifest_ref (repo_id, parent, child) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PUT_TAG = "INSERT INTO tag (repo_id, name, digest) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET digest = excluded.digest"
_DELETE_MANIFEST = "DELETE FROM manifest WHERE digest = ?2 AND repo_id = (SELECT id FROM repo WHERE name = ?1)"
_DELETE_TAG = "DELETE FROM tag WHERE name = ?2 AND repo_id = (SELECT id FROM repo WHERE name = ?1)"
