"""What nobody needs any more, found at one moment. How it goes is `removal`'s, in which order and when, `sweep`'s.

Finding reads and decides nothing for good: each find is looked at again in the transaction that takes it away, since
others push, mount, tag and delete meanwhile. It has a connection of its own, whose temporary tables hold what is found.
"""

from __future__ import annotations

__all__ = ["BATCH", "Blob", "Found", "Link", "Manifest", "Policy", "Repository", "find_garbage"]

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from boxship.server.database import Database, Transaction
from boxship.server.upkeep.retention import Retention, Tag
from boxship.value import dataclass, field

BATCH = 500  # rows of a transaction: others wait for their turn for some milliseconds at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is garbage, in seconds.

    Attributes:
        grace: how long content is kept that no manifest refers to, from its push or from when somebody was last told
            of it; an hour of that is the registry's own, for it does not note each telling.
        wait: how long a blob that nobody has is kept from when that was found, and then its file: requests that began
            before are over.
        orphan: how old a file must be that the database knows nothing of: somebody may be about to tell it.
        retention: which tags go, and with them what they named.
        untagged: whether manifests go, too, that have no tag, are in no index and are about no other manifest.
        verify: whether files are hashed before they go; what is damaged is kept in quarantine.
    """

    grace: float = 24 * 3600
    wait: float = 15 * 60
    orphan: float = 24 * 3600
    retention: Retention = field(default_factory=Retention)
    untagged: bool = False
    verify: bool = False


class Manifest(NamedTuple):
    """A manifest that may go."""

    repo: int
    repository: str
    digest: str
    size: int


class Link(NamedTuple):
    """A blob that its repository may lose."""

    repo: int
    repository: str
    digest: str
    size: int


class Repository(NamedTuple):
    """A repository that may go."""

    repo: int
    name: str


class Blob(NamedTuple):
    """A blob that may go as long as its version is this."""

    digest: str
    size: int
    version: int


class Found:
    """What a policy calls garbage; read in batches of `BATCH`, in an order in which it can go."""

    def __init__(self, connection: Transaction, policy: Policy, *, now: float) -> None:
        self._connection = connection
        self._due = now - policy.wait
        cutoff = {"cutoff": now - policy.grace}
        connection.execute("BEGIN")  # one moment for all that follows; writers do not wait for who only reads
        for statement in _TABLES:
            connection.execute(statement)
        self._find_tags(policy, now)
        if policy.untagged:
            connection.execute("INSERT INTO swept_repo SELECT id FROM repo")
        # What only manifests that go kept goes in the next round; indexes are at most some levels deep.
        while connection.execute(_FIND_MANIFESTS, cutoff).rowcount:
            pass
        connection.execute(_FIND_LINKS, cutoff)
        connection.execute(_FIND_REPOSITORIES)
        connection.execute(_FIND_BLOBS, cutoff)
        connection.execute("COMMIT")

    def _find_tags(self, policy: Policy, now: float) -> None:
        retention = policy.retention
        for repo, name in self._connection.execute("SELECT id, name FROM repo").fetchall() if retention.rules else ():
            rule = retention.rule(name)
            if rule:
                rows = self._connection.execute(_TAGS_OF, (repo,))
                gone = retention.gone(rule, (Tag(repo, name, *row) for row in rows), now)
                self._connection.executemany(_FIND_TAG, [(tag.repo, tag.name, tag.digest, tag.updated) for tag in gone])
            if rule and rule.untagged and not policy.untagged:
                self._connection.execute("INSERT INTO swept_repo VALUES (?)", (repo,))

    def tags(self) -> Iterator[Sequence[Tag]]:
        """Tags that the policy does not keep."""
        return (tuple(map(Tag._make, rows)) for rows in self._batches(_TAGS))

    def manifests(self) -> Iterator[Sequence[Manifest]]:
        """Manifests without a tag, a parent or a subject; parents and subjects first."""
        return (tuple(map(Manifest._make, rows)) for rows in self._batches(_MANIFESTS))

    def links(self) -> Iterator[Sequence[Link]]:
        """Blobs that no manifest of their repository refers to."""
        return (tuple(map(Link._make, rows)) for rows in self._batches(_LINKS))

    def repositories(self) -> Iterator[Sequence[Repository]]:
        """Repositories that have nothing, or will have nothing left."""
        return (tuple(map(Repository._make, rows)) for rows in self._batches(_REPOSITORIES))

    def blobs(self) -> Iterator[Sequence[Blob]]:
        """Blobs that no repository has, or none will have."""
        return (tuple(map(Blob._make, rows)) for rows in self._batches(_BLOBS))

    def due(self) -> Iterator[Sequence[Blob]]:
        """Blobs that were doomed long enough ago, as of now."""
        return self._by_digest(_DUE, (self._due,))

    def claimed(self) -> Iterator[Sequence[Blob]]:
        """Blobs that are being deleted, as of now: by this sweep or by one that was cut short."""
        return self._by_digest(_CLAIMED, ())

    def known(self, start: str, stop: str) -> frozenset[str]:
        """The digests from `start` to before `stop` that have a row."""
        query = "SELECT digest FROM blob WHERE digest >= ? AND digest < ?"
        return frozenset(digest for (digest,) in self._connection.execute(query, (start, stop)))

    def _batches(self, query: str) -> Iterator[Sequence[tuple[object, ...]]]:
        after = 0
        while rows := self._connection.execute(query, (after, BATCH)).fetchall():
            after = rows[-1][-1]
            yield [row[:-1] for row in rows]

    def _by_digest(self, query: str, values: tuple[object, ...]) -> Iterator[Sequence[Blob]]:
        after = ""
        while rows := self._connection.execute(query, (*values, after, BATCH)).fetchall():
            after = rows[-1][0]
            yield tuple(map(Blob._make, rows))


@contextmanager
def find_garbage(database: Database, policy: Policy, *, now: float) -> Iterator[Found]:
    """What is garbage now. Reads through all that there is: not for an event loop."""
    with database.apart() as connection:
        yield Found(connection, policy, now=now)


_ROWS = "(place INTEGER PRIMARY KEY, repo_id INTEGER, digest TEXT, UNIQUE (repo_id, digest))"
_TABLES = (
    "CREATE TEMP TABLE swept_repo (repo_id INTEGER PRIMARY KEY)",
    """CREATE TEMP TABLE gone_tag (
        place INTEGER PRIMARY KEY, repo_id INTEGER, name TEXT, digest TEXT, updated DOUBLE PRECISION,
        UNIQUE (repo_id, name)
    )""",
    f"CREATE TEMP TABLE gone_manifest {_ROWS}",
    f"CREATE TEMP TABLE gone_link {_ROWS}",
    "CREATE TEMP TABLE gone_repo (place INTEGER PRIMARY KEY, repo_id INTEGER)",
    "CREATE TEMP TABLE gone_blob (place INTEGER PRIMARY KEY, digest TEXT, size INTEGER, version INTEGER)",
)
_KEPT = "NOT EXISTS (SELECT 1 FROM gone_manifest AS gone WHERE gone.repo_id = {0}.repo_id AND gone.digest = {0}.{1})"
_TAGS_OF = "SELECT name, digest, updated FROM tag WHERE repo_id = ?"
_FIND_TAG = "INSERT INTO gone_tag (repo_id, name, digest, updated) VALUES (?, ?, ?, ?)"
_TAGS = """
SELECT gone.repo_id, repo.name, gone.name, gone.digest, gone.updated, place FROM gone_tag AS gone
JOIN repo ON id = gone.repo_id WHERE place > ? ORDER BY place LIMIT ?
"""
_FIND_MANIFESTS = f"""
INSERT INTO gone_manifest (repo_id, digest)
SELECT repo_id, digest FROM manifest AS found WHERE pushed < :cutoff AND repo_id IN (SELECT repo_id FROM swept_repo)
AND {_KEPT.format("found", "digest")}
AND NOT EXISTS (
    SELECT 1 FROM tag WHERE tag.repo_id = found.repo_id AND tag.digest = found.digest
    AND NOT EXISTS (SELECT 1 FROM gone_tag AS gone WHERE gone.repo_id = tag.repo_id AND gone.name = tag.name)
)
AND NOT EXISTS (
    SELECT 1 FROM manifest_ref AS parents WHERE parents.repo_id = found.repo_id AND child = found.digest
    AND {_KEPT.format("parents", "parent")}
)
AND NOT EXISTS (
    SELECT 1 FROM manifest AS about WHERE about.repo_id = found.repo_id AND about.digest = found.subject
    AND {_KEPT.format("about", "digest")}
)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - both are constants
_FIND_LINKS = f"""
INSERT INTO gone_link (repo_id, digest)
SELECT found.repo_id, found.digest FROM repo_blob AS found CROSS JOIN blob ON blob.digest = found.digest
WHERE linked < :cutoff AND touched < :cutoff AND NOT EXISTS (
    SELECT 1 FROM manifest_ref AS parents WHERE parents.repo_id = found.repo_id AND child = found.digest
    AND {_KEPT.format("parents", "parent")}
)
"""  # noqa: S608
_FIND_REPOSITORIES = """
INSERT INTO gone_repo (repo_id)
SELECT id FROM repo WHERE NOT EXISTS (
    SELECT 1 FROM manifest AS kept WHERE kept.repo_id = repo.id AND NOT EXISTS (
        SELECT 1 FROM gone_manifest AS gone WHERE gone.repo_id = kept.repo_id AND gone.digest = kept.digest
    )
) AND NOT EXISTS (
    SELECT 1 FROM repo_blob AS kept WHERE kept.repo_id = repo.id AND NOT EXISTS (
        SELECT 1 FROM gone_link AS gone WHERE gone.repo_id = kept.repo_id AND gone.digest = kept.digest
    )
)
"""
_FIND_BLOBS = """
INSERT INTO gone_blob (digest, size, version)
SELECT digest, size, version FROM blob WHERE state IN (0, 3) AND touched < :cutoff AND NOT EXISTS (
    SELECT 1 FROM repo_blob AS kept WHERE kept.digest = blob.digest AND NOT EXISTS (
        SELECT 1 FROM gone_link AS gone WHERE gone.repo_id = kept.repo_id AND gone.digest = kept.digest
    )
)
"""
_MANIFESTS = """
SELECT gone.repo_id, name, gone.digest, length(body), place FROM gone_manifest AS gone
JOIN repo ON id = gone.repo_id JOIN manifest ON manifest.repo_id = gone.repo_id AND manifest.digest = gone.digest
WHERE place > ? ORDER BY place LIMIT ?
"""
_LINKS = """
SELECT gone.repo_id, name, gone.digest, size, place FROM gone_link AS gone
JOIN repo ON id = gone.repo_id JOIN blob ON blob.digest = gone.digest
WHERE place > ? ORDER BY place LIMIT ?
"""
_REPOSITORIES = """
SELECT repo_id, name, place FROM gone_repo JOIN repo ON id = repo_id WHERE place > ? ORDER BY place LIMIT ?
"""
_BLOBS = "SELECT digest, size, version, place FROM gone_blob WHERE place > ? ORDER BY place LIMIT ?"
_DUE = """
SELECT digest, size, version FROM blob
WHERE state <> 0 AND state = 1 AND touched <= ? AND digest > ? ORDER BY digest LIMIT ?
"""
_CLAIMED = """
SELECT digest, size, version FROM blob
WHERE state <> 0 AND state = 2 AND digest > ? ORDER BY digest LIMIT ?
"""
