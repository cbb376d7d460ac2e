"""Removing manifests, with all their names, and names alone."""

from __future__ import annotations

__all__ = ["Named", "delete", "names_alike", "untag"]

from boxship.connect.crew import Crew
from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidReference, NotFound
from boxship.reference import DEFAULT_TAG, Reference
from boxship.registry.manifests import Document, read_manifest, resolve
from boxship.registry.operations import Operations
from boxship.registry.publish import put_manifest
from boxship.registry.remote import Remote
from boxship.registry.removal import delete_manifest, delete_tag
from boxship.registry.tags import tags
from boxship.registry.uploads import push_blob
from boxship.value import dataclass, replace
from boxship.verbs.stand_in import stand_in

_AT_ONCE = 8  # tags that are looked up


@dataclass(frozen=True, slots=True)
class Named:
    """A manifest, and every tag of its repository that stands for it."""

    digest: Digest
    tags: tuple[str, ...]


def names_alike(operations: Operations, reference: Reference) -> Named:
    """What the reference stands for, and what else stands for it: each tag of the repository is asked for."""
    crew = Crew(_AT_ONCE, "boxship-names")
    try:
        with operations.work(), operations.at(reference.registry) as remote:
            digest = resolve(remote, reference)
            every = (tag for page in tags(remote, reference.repository, None, None) for tag in page)
            found = crew.map(lambda tag: (tag, _resolved(remote, reference, tag)), every)
            return Named(digest, tuple(sorted(tag for tag, other in found if other == digest)))
    finally:
        crew.close()


def _resolved(remote: Remote, reference: Reference, tag: str) -> Digest | None:
    try:
        return resolve(remote, replace(reference, tag=tag, digest=None))
    except NotFound:  # it went in this moment, or stands for nothing
        return None


def delete(operations: Operations, reference: Reference) -> Digest:
    """Delete what the reference stands for, with every tag that does; its digest."""
    with operations.work(), operations.at(reference.registry) as remote:
        digest = resolve(remote, reference)
        delete_manifest(remote, reference.repository, digest)
    return digest


def untag(operations: Operations, reference: Reference) -> Digest:
    """Take the tag away and leave what it stands for, whose digest is returned.

    Where the registry does not delete tags, another manifest is given the tag, and goes with it.
    """
    if reference.digest:
        text = str(reference)
        raise InvalidReference(text, (text.index("@"), len(text)), why="a tag is taken away, not a digest")
    with operations.work(), operations.at(reference.registry) as remote:
        document = read_manifest(remote, reference)
        tag = reference.tag or DEFAULT_TAG
        if not delete_tag(remote, reference.repository, tag):
            _replace_and_delete(remote, reference.repository, tag, document)
    return document.digest


def _replace_and_delete(remote: Remote, repository: str, tag: str, document: Document) -> None:
    image = stand_in(tag, document.media_type)
    for blob in image.blobs:
        push_blob(remote, repository, blob, image.store)
    digest = put_manifest(remote, repository, image.manifest.raw, image.manifest.media_type, tag)
    try:
        delete_manifest(remote, repository, digest)
    except BoxshipError:
        put_manifest(remote, repository, document.raw, document.media_type, tag)  # as it was before
        raise
