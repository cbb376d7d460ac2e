"""Names: which repositories, tags, manifests and blobs there are. A method is one query or one transaction.

Bytes of blobs are `storage`'s, and names only follow them: a row is written when its bytes are durable. Open uploads
are `sessions`'. All methods are awaited: a database may be a network away.
"""

from __future__ import annotations

__all__ = ["Blob", "Names", "Referrer", "StoredManifest", "Vanished"]

from collections.abc import Collection, Iterator

from boxship.digest import Digest
from boxship.server.database import Database, Rows, Transaction
from boxship.server.document import Document
from boxship.server.push import TagMoved, push_manifest
from boxship.server.quota import Quotas
from boxship.server.storage import Content, Look
from boxship.server.storage.superseded import supersede
from boxship.server.tagging import Terms
from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it was pushed.

    Attributes:
        suspect: whether any blob of the registry was found damaged and has not been pushed anew: perhaps one of its.
    """

    digest: Digest
    media_type: str
    body: bytes = field(repr=False)
    suspect: bool = False


class Vanished(Exception):
    """A blob's bytes are no longer there."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob, what its bytes looked like when it was committed, and when somebody was last told that it is there.

    Attributes:
        location: where they are; '' where its digest says that.
    """

    digest: Digest
    size: int
    modified: int
    location: str = ""
    touched: float = 0

    @property
    def content(self) -> Content:
        """Which bytes are meant."""
        return Content(self.digest, self.location)


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest as its subject's referrers are told of it; `annotations` is JSON, or '' where it has none."""

    digest: str
    media_type: str
    size: int
    artifact_type: str
    annotations: str = field(repr=False)


class Names:
    """What a registry knows by name."""

    def __init__(self, database: Database, quotas: Quotas | None = None) -> None:
        self._database = database
        self._quotas = quotas or Quotas()

    def limit(self, quotas: Quotas) -> None:
        """Keep these quotas from now on."""
        self._quotas = quotas

    async def manifest_by_tag(self, repository: str, tag: str) -> StoredManifest | None:
        """The manifest that a tag names."""
        return _manifest(await self._database.read(_MANIFEST_BY_TAG, (repository, tag)))

    async def manifest_by_digest(self, repository: str, digest: Digest) -> StoredManifest | None:
        """The manifest with that digest, as far as the repository has it."""
        return _manifest(await self._database.read(_MANIFEST_BY_DIGEST, (repository, str(digest))))

    async def blob(self, repository: str, digest: Digest) -> Blob | None:
        """The blob, as far as the repository has it."""
        return _blob(digest, await self._database.read(_BLOB, (repository, str(digest))))

    async def blob_anywhere(self, digest: Digest) -> Blob | None:
        """The blob, as far as any repository has it."""
        return _blob(digest, await self._database.read(_BLOB_ANYWHERE, (str(digest),)))

    async def holders(self, digest: Digest, limit: int) -> Iterator[str]:
        """At most `limit` repositories that have the blob."""
        rows = await self._database.read(_HOLDERS, (str(digest), limit))
        return (name for (name,) in rows)

    async def has_repository(self, repository: str) -> bool:
        """Whether anything was pushed there, and no sweep has found it empty since."""
        rows = await self._database.read("SELECT 1 FROM repo WHERE name = ?", (repository,))
        return rows.fetchone() is not None

    async def check_room(self, repository: str, size: int) -> None:
        """Raise `QuotaExceeded` where the repository can have no blob of `size` bytes, or more."""
        await self._database.look(lambda connection: self._quotas.check_room(connection.execute, repository, size))

    async def room(self, repository: str, most: int) -> int:
        """How many bytes a blob can have that comes to the repository, by its quotas and `most`."""
        return await self._database.look(lambda connection: self._quotas.room(connection.execute, repository, most))

    async def tags(self, repository: str, after: str, limit: int) -> tuple[str, ...]:
        """At most `limit` tags that come after `after`, in the order of their bytes."""
        rows = await self._database.read(_TAGS, (repository, after, limit))
        return tuple(name for (name,) in rows)

    async def untagged(self, repository: str, after: str, limit: int, *, before: float) -> tuple[str, ...]:
        """At most `limit` digests of manifests without a tag, and pushed, before a moment; they come after `after`."""
        rows = await self._database.read(_UNTAGGED, (repository, after, limit, before))
        return tuple(digest for (digest,) in rows)

    async def repositories(self, after: str, limit: int) -> tuple[str, ...]:
        """At most `limit` repositories that come after `after`, in the order of their bytes."""
        rows = await self._database.read("SELECT name FROM repo WHERE name > ? ORDER BY name LIMIT ?", (after, limit))
        return tuple(name for (name,) in rows)

    async def referrers(
        self, repository: str, subject: Digest, *, tag: str, after: str, artifact_type: str
    ) -> Iterator[Referrer]:
        """The manifests whose subject that is, or that the index named `tag` lists, in the order of their digests.

        They come after the digest `after`, and are of `artifact_type` unless that is ''. Each is read when asked for.
        """
        values = (repository, str(subject), tag, after, artifact_type)
        rows = await self._database.read(_REFERRERS, values)
        return (Referrer(*row) for row in rows)

    async def put_blob(
        self, repository: str, digest: Digest, look: Look, session: str | None = None, *, now: float
    ) -> None:
        """Let the repository have a blob whose bytes are durable; the upload it came by is over.

        Raises `QuotaExceeded`, or `Vanished` where `look` finds nothing: somebody who thought the one before it bad has
        just moved it away. Likewise where the upload is over already, and what it has become may be swept.
        """

        def work(connection: Transaction) -> None:
            # Files are moved away in transactions only (`scrub`, `garbage`): what is there now stays.
            state = look()
            if not state:
                raise Vanished(digest)
            ended = connection.execute("DELETE FROM upload WHERE id = ?", (session,)).rowcount
            if state.location and not ended:
                raise Vanished(digest)
            if state.location:
                supersede(connection, str(digest), state.location, now=now)
            connection.execute(_PUT_BLOB, (str(digest), state.size, state.modified, state.location, now))
            with self._quotas.kept(connection, repository):
                _link(connection, repository, digest, now)

        await self._database.write(work)

    async def refresh_blob(self, blob: Blob, *, now: float) -> None:
        """Note what the file of a blob looks like now that it was found to be right."""

        def work(connection: Transaction) -> None:
            connection.execute(_REFRESH_BLOB, (blob.size, blob.modified, now, str(blob.digest)))

        await self._database.write(work, durable=False)

    async def link_blob(self, repository: str, digest: Digest, *, now: float) -> bool:
        """Let the repository have a blob that another one has, or had a moment ago; False where it is gone.

        Raises `QuotaExceeded`.
        """

        def work(connection: Transaction) -> bool:
            revived = connection.execute(_REVIVE, (now, str(digest))).rowcount > 0
            if revived:
                with self._quotas.kept(connection, repository):
                    _link(connection, repository, digest, now)
            return revived

        return await self._database.write(work)

    async def touch_blob(self, repository: str, digest: Digest, *, now: float) -> bool:
        """Note that somebody is told that the repository has the blob; False where that is over.

        No sweep takes it then for a while: who is told so does not push it.
        """

        def work(connection: Transaction) -> bool:
            return connection.execute(_TOUCH, (now, repository, str(digest))).rowcount > 0

        return await self._database.write(work, durable=False)

    async def unlink_blob(self, repository: str, digest: Digest) -> tuple[str, ...] | None:
        """Take a blob from the repository, unless manifests need it: then say which. None where it has no such blob."""

        def work(connection: Transaction) -> tuple[str, ...] | None:
            parents = connection.execute(_PARENTS, (repository, str(digest))).fetchall()
            if parents:
                return tuple(parent for (parent,) in parents)
            deleted = connection.execute(_UNLINK_BLOB, (repository, str(digest))).rowcount
            return () if deleted else None

        return await self._database.write(work)

    async def put_manifest(
        self,
        repository: str,
        digest: Digest,
        document: Document,
        tags: Collection[str],
        terms: Terms,
        *,
        now: float,
        sparse: bool = False,
    ) -> None:
        """Store a manifest and let tags name it, if the repository has all that the manifest needs.

        A `sparse` one needs nothing.
        Raises `ContentMissing`, `SizeDiffers`, `QuotaExceeded`, or `TagMoved` or `TagKept` where the terms deny it.
        """

        def work(connection: Transaction) -> None:
            with self._quotas.kept(connection, repository):
                repo = _repository(connection, repository, now)
                push_manifest(connection, repo, digest, document, tags=tags, terms=terms, now=now, sparse=sparse)

        await self._database.write(work)

    async def refresh_manifest(self, repository: str, digest: Digest, *, now: float) -> None:
        """Note that the repository's manifest is as good as pushed now."""

        def work(connection: Transaction) -> None:
            connection.execute(_REFRESH_MANIFEST, (now, str(digest), repository))

        await self._database.write(work, durable=False)

    async def delete_manifest(self, repository: str, digest: Digest, terms: Terms, *, now: float) -> bool:
        """Delete a manifest and its tags; whether there was one. Raises `TagMoved` or `TagKept` by the terms."""
        return await self._delete(_OF_MANIFEST, repository, str(digest), terms, now)

    async def delete_tag(self, repository: str, tag: str, terms: Terms, *, now: float) -> bool:
        """Delete a tag and nothing else; whether there was one. Raises `TagMoved` or `TagKept` by the terms.

        What it named is as good as pushed now: no sweep takes it for a while.
        """
        return await self._delete(_OF_TAG, repository, tag, terms, now)

    async def _delete(self, queries: tuple[str, str], repository: str, name: str, terms: Terms, now: float) -> bool:
        find, delete = queries

        def work(connection: Transaction) -> bool:
            tags = connection.execute(find, (repository, name)).fetchall()
            deleted = connection.execute(delete, (repository, name)).fetchone()
            # What is raised undoes it.
            if deleted and not terms.expected(deleted[0]):
                raise TagMoved(name)
            for tag, digest in tags:
                terms.check_end(tag, digest)
            if deleted:
                connection.execute(_REFRESH_MANIFEST, (now, deleted[0], repository))  # if it is still there
            return deleted is not None

        return await self._database.write(work)


def _manifest(rows: Rows) -> StoredManifest | None:
    row = rows.fetchone()
    return StoredManifest(Digest.parse(row[0]), row[1], row[2], bool(row[3])) if row else None


def _blob(digest: Digest, rows: Rows) -> Blob | None:
    row = rows.fetchone()
    return Blob(digest, *row) if row else None


def _repository(connection: Transaction, name: str, now: float) -> int:
    connection.execute("INSERT INTO repo (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, now))
    (found,) = connection.execute("SELECT id FROM repo WHERE name = ?", (name,)).fetchone()
    return int(found)


def _link(connection: Transaction, repository: str, digest: Digest, now: float) -> None:
    connection.execute(_LINK, (_repository(connection, repository, now), str(digest), now))


# The last column is `suspect`: nearly always, that is all that has to be asked about damage.
_MANIFEST_BY_TAG = """
SELECT manifest.digest, media_type, body, EXISTS (SELECT 1 FROM blob WHERE state <> 0 AND state = 3) FROM repo
JOIN tag ON tag.repo_id = repo.id AND tag.name = ?2
JOIN manifest ON manifest.repo_id = repo.id AND manifest.digest = tag.digest
WHERE repo.name = ?1
"""
_MANIFEST_BY_DIGEST = """
SELECT digest, media_type, body, EXISTS (SELECT 1 FROM blob WHERE state <> 0 AND state = 3) FROM repo
JOIN manifest ON manifest.repo_id = repo.id AND digest = ?2
WHERE name = ?1
"""
_BLOB = """
SELECT size, modified, location, touched FROM repo
JOIN repo_blob ON repo_blob.repo_id = repo.id AND repo_blob.digest = ?2
JOIN blob ON blob.digest = ?2 AND state = 0
WHERE name = ?1
"""
_BLOB_ANYWHERE = """
SELECT size, modified, location FROM blob
WHERE digest = ?1 AND state = 0 AND EXISTS (SELECT 1 FROM repo_blob WHERE digest = ?1)
"""
_HOLDERS = "SELECT name FROM repo_blob JOIN repo ON repo.id = repo_blob.repo_id WHERE digest = ? LIMIT ?"
_TAGS = """
SELECT tag.name FROM repo
JOIN tag ON tag.repo_id = repo.id AND tag.name > ?2
WHERE repo.name = ?1
ORDER BY tag.name LIMIT ?3
"""
_UNTAGGED = """
SELECT manifest.digest FROM repo
JOIN manifest ON manifest.repo_id = repo.id AND manifest.digest > ?2 AND manifest.pushed <= ?4
WHERE repo.name = ?1 AND NOT EXISTS (SELECT 1 FROM tag WHERE tag.repo_id = repo.id AND tag.digest = manifest.digest)
ORDER BY manifest.digest LIMIT ?3
"""
_PUT_BLOB = """
INSERT INTO blob (digest, size, modified, location, touched, verified) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
ON CONFLICT (digest) DO UPDATE SET size = excluded.size, modified = excluded.modified,
    location = excluded.location, state = 0,
    version = blob.version + 1,
    touched = excluded.touched, verified = excluded.verified
"""
_REFRESH_MANIFEST = """
UPDATE manifest SET pushed = ? WHERE digest = ? AND repo_id = (SELECT id FROM repo WHERE name = ?)
"""
_REFRESH_BLOB = "UPDATE blob SET size = ?, modified = ?, verified = ? WHERE digest = ? AND state = 0"
# Doomed (1) is what nobody has any more; from the claim of a sweep (2) on, it is too late.
_REVIVE = "UPDATE blob SET state = 0, version = version + 1, touched = ? WHERE digest = ? AND state < 2"
_TOUCH = """
UPDATE blob SET touched = ?1 WHERE digest = ?3 AND state = 0
AND EXISTS (SELECT 1 FROM repo JOIN repo_blob ON repo_id = id WHERE name = ?2 AND repo_blob.digest = ?3)
"""
_LINK = """
INSERT INTO repo_blob (repo_id, digest, linked) VALUES (?, ?, ?)
ON CONFLICT (repo_id, digest) DO UPDATE SET linked = excluded.linked
"""
_PARENTS = """
SELECT parent FROM repo JOIN manifest_ref ON manifest_ref.repo_id = repo.id AND child = ?2 WHERE name = ?1
"""
_UNLINK_BLOB = "DELETE FROM repo_blob WHERE digest = ?2 AND repo_id = (SELECT id FROM repo WHERE name = ?1)"
# What a client listed under the referrers tag, for lack of this listing, counts too ("Enabling the Referrers API"), but
# not where it says itself that its subject is something else.
_REFERRERS = """
SELECT digest, media_type, length(body), artifact_type, annotations FROM repo
JOIN manifest ON manifest.repo_id = repo.id AND subject = ?2 AND digest > ?4
WHERE name = ?1 AND (?5 = '' OR artifact_type = ?5)
UNION ALL
SELECT child, media_type, length(body), artifact_type, annotations FROM repo
JOIN tag ON tag.repo_id = repo.id AND tag.name = ?3
CROSS JOIN manifest_ref ON manifest_ref.repo_id = repo.id AND parent = tag.digest AND child > ?4
CROSS JOIN manifest ON manifest.repo_id = repo.id AND manifest.digest = child AND subject IS NULL
WHERE repo.name = ?1 AND (?5 = '' OR artifact_type = ?5)
ORDER BY 1
"""
# The tags that would lose what they name, or a part of it: those of a manifest, and of the indexes that it is in.
_TAGS_ABOVE = """
WITH RECURSIVE above (repo_id, digest) AS (
    SELECT id, digest FROM repo JOIN manifest ON repo_id = id AND digest = ?2 WHERE name = ?1
    UNION
    SELECT above.repo_id, parent FROM above
    JOIN manifest_ref ON manifest_ref.repo_id = above.repo_id AND child = above.digest
)
SELECT name, digest FROM above JOIN tag USING (repo_id, digest)
"""
# And how what names them goes.
_OF_MANIFEST = (
    _TAGS_ABOVE,
    "DELETE FROM manifest WHERE digest = ?2 AND repo_id = (SELECT id FROM repo WHERE name = ?1) RETURNING digest",
)
_OF_TAG = (
    "SELECT tag.name, digest FROM repo JOIN tag ON repo_id = id AND tag.name = ?2 WHERE repo.name = ?1",
    "DELETE FROM tag WHERE name = ?2 AND repo_id = (SELECT id FROM repo WHERE name = ?1) RETURNING digest",
)
