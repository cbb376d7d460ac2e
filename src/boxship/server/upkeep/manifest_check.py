"""Whether manifests are what their digests say, and their repositories have what they need: names alone are asked."""

from __future__ import annotations

__all__ = ["check_manifests"]

from collections.abc import Iterator
from typing import NamedTuple

from boxship.digest import Digest
from boxship.server.database import Transaction
from boxship.server.document import Rejected, judge
from boxship.server.upkeep.finding import Fault, Finding

_BATCH = 100  # manifests read at once: no transaction stays open while they are looked at


class _Manifest(NamedTuple):
    repo: int
    digest: str
    repository: str
    media_type: str
    body: bytes

    @property
    def name(self) -> str:
        return f"{self.repository}@{self.digest}"


def check_manifests(names: Transaction) -> Iterator[Finding]:
    """What is wrong with each manifest."""
    for manifest in _manifests(names):
        yield from _look(names, manifest)


def _manifests(names: Transaction) -> Iterator[_Manifest]:
    last: tuple[int, str] = (0, "")
    while rows := names.execute(_MANIFESTS, (*last, _BATCH)).fetchall():
        yield from map(_Manifest._make, rows)
        last = rows[-1][:2]


def _look(names: Transaction, manifest: _Manifest) -> Iterator[Finding]:
    digest = Digest.parse(manifest.digest)
    if Digest.of(manifest.body, digest.algorithm) != digest:
        yield Finding(Fault.FALSIFIED, manifest.name)
        return
    try:
        document = judge(manifest.body, manifest.media_type)
    except Rejected as error:
        yield Finding(Fault.REJECTED, manifest.name, str(error))
        return
    needed = ((_HAS_BLOB, Fault.INCOMPLETE, document.blobs), (_HAS_CHILD, Fault.PARTIAL, document.children))
    missing = [
        Finding(fault, manifest.name, str(descriptor.digest))
        for query, fault, descriptors in needed
        for descriptor in descriptors
        if not names.execute(query, (manifest.repo, str(descriptor.digest))).fetchone()
    ]
    if missing and _is_there(names, manifest):
        yield from missing


def _is_there(names: Transaction, manifest: _Manifest) -> bool:
    """Whether the manifest has not been deleted meanwhile, and its content with it."""
    query = "SELECT 1 FROM manifest WHERE repo_id = ? AND digest = ?"
    return names.execute(query, (manifest.repo, manifest.digest)).fetchone() is not None


_HAS_BLOB = "SELECT 1 FROM repo_blob JOIN blob USING (digest) WHERE repo_id = ?1 AND digest = ?2 AND state < 2"
# As `push` has it: an index may list blobs, too.
_HAS_CHILD = f"SELECT 1 FROM manifest WHERE repo_id = ?1 AND digest = ?2 UNION ALL {_HAS_BLOB}"  # noqa: S608
_MANIFESTS = """
SELECT repo_id, digest, name, media_type, body FROM manifest JOIN repo ON id = repo_id
WHERE (repo_id, digest) > (?, ?) ORDER BY repo_id, digest LIMIT ?
"""
