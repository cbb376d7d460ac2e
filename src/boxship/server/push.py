"""The push of a manifest: what it changes in the database, all in one transaction, or why it may not.

Whether the document is one that is taken at all is `document`'s to say.
"""

from __future__ import annotations

__all__ = ["ContentMissing", "SizeDiffers", "TagMoved", "describe", "push_manifest"]

import json
from collections.abc import Collection, Iterable

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.document import Document
from boxship.server.tagging import Terms
from boxship.spec.descriptor import Descriptor


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
    """A tag or a digest does not name what the request expects."""


def push_manifest(
    connection: Transaction,
    repo: int,
    digest: Digest,
    document: Document,
    *,
    tags: Collection[str],
    terms: Terms,
    now: float,
    sparse: bool,
) -> None:
    """Give the repository a manifest and let tags name it; see `Names.put_manifest`."""
    _check_terms(connection, repo, digest, tags, terms)
    _check_content(connection, repo, document, sparse=sparse)
    values = (repo, str(digest), document.media_type, document.raw, *_described(document), now)
    # The first type that a digest was pushed with stays: served types never change (CVE-2021-41190).
    connection.execute(_PUT_MANIFEST, values)
    _put_references(connection, repo, str(digest), document)
    named = [(repo, tag, str(digest), now) for tag in tags]
    connection.executemany(_LOSE_TAG, named)
    connection.executemany(_PUT_TAG, named)


def describe(connection: Transaction, repo: int, digest: str, document: Document) -> None:
    """Write beside a manifest that is there what today's registry keeps beside it."""
    connection.execute(_DESCRIBE, (*_described(document), repo, digest))
    _put_references(connection, repo, digest, document)


def _described(document: Document) -> tuple[str | None, str, str]:
    """What a manifest is found by, and what its descriptor says, where referrers are listed."""
    subject = str(document.subject.digest) if document.subject else None
    annotations = json.dumps(dict(document.annotations), ensure_ascii=False) if document.annotations else ""
    return subject, document.artifact_type, annotations


def _put_references(connection: Transaction, repo: int, digest: str, document: Document) -> None:
    kinds = (("blob", document.blobs + document.foreign), ("manifest", document.children))
    values = [(repo, digest, str(child.digest), kind) for kind, children in kinds for child in children]
    connection.executemany(_PUT_REFERENCE, values)


def _check_content(connection: Transaction, repo: int, document: Document, *, sparse: bool) -> None:
    """Every descriptor points at content of this repository, and says its right size; a sparse one is ahead of some."""
    missing = []
    for query, descriptors in ((_SIZE_OF_BLOB, document.blobs), (_SIZE_OF_CHILD, document.children)):
        for descriptor in descriptors:
            found = connection.execute(query, (repo, str(descriptor.digest))).fetchone()
            if found and found[0] != descriptor.size:
                raise SizeDiffers(descriptor, found[0])
            if not (found or sparse):
                missing.append(descriptor.digest)
    if missing:
        raise ContentMissing(missing)


def _check_terms(connection: Transaction, repo: int, digest: Digest, tags: Collection[str], terms: Terms) -> None:
    """What is pushed to, tags or else the manifest by its digest, is what the request expects, and may change."""
    query, names = (_TAGGED, tags) if tags else (_PRESENT, (str(digest),))
    for name in names:
        (now,) = connection.execute(query, (repo, name)).fetchone() or (None,)
        if not terms.expected(now):
            raise TagMoved(name)
        if tags:
            terms.check_move(name, now, str(digest))


_TAGGED = "SELECT digest FROM tag WHERE repo_id = ? AND name = ?"
_PRESENT = "SELECT digest FROM manifest WHERE repo_id = ? AND digest = ?"
_PUT_MANIFEST = """
INSERT INTO manifest (repo_id, digest, media_type, body, subject, artifact_type, annotations, pushed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (repo_id, digest) DO UPDATE SET pushed = excluded.pushed
"""
_DESCRIBE = """
UPDATE manifest SET subject = ?, artifact_type = ?, annotations = ? WHERE repo_id = ? AND digest = ?
"""
_PUT_REFERENCE = """
INSERT INTO manifest_ref (repo_id, parent, child, kind) VALUES (?, ?, ?, ?)
ON CONFLICT (repo_id, parent, child) DO UPDATE SET kind = excluded.kind WHERE manifest_ref.kind <> excluded.kind
"""
# What had the tag may go from now on, and who has just asked what it names is not told otherwise for a while.
_LOSE_TAG = """
UPDATE manifest SET pushed = ?4 WHERE repo_id = ?1 AND digest <> ?3
AND digest = (SELECT digest FROM tag WHERE repo_id = ?1 AND name = ?2)
"""
_PUT_TAG = """
INSERT INTO tag (repo_id, name, digest, updated) VALUES (?, ?, ?, ?)
ON CONFLICT (repo_id, name) DO UPDATE SET digest = excluded.digest, updated = excluded.updated
"""
_SIZE_OF_BLOB = "SELECT size FROM repo_blob JOIN blob USING (digest) WHERE repo_id = ?1 AND digest = ?2 AND state = 0"
# An index may list any content (image-index.md, "manifests"), and build caches list layers.
_SIZE_OF_CHILD = """
SELECT length(body) FROM manifest WHERE repo_id = ?1 AND digest = ?2
UNION ALL SELECT size FROM repo_blob JOIN blob USING (digest) WHERE repo_id = ?1 AND digest = ?2 AND state = 0
"""
