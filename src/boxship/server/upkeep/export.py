"""Images of a registry as an OCI image layout (image-spec, image-layout.md), for tools that know no registry.

Every byte is verified on its way. What has a tag gets its name; what has none and belongs to nothing, such as a
signature, is listed without one.
"""

from __future__ import annotations

__all__ = ["Exported", "export"]

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import ContentMismatch, InvalidSettings
from boxship.server.database import Transaction
from boxship.server.finishing import in_thread
from boxship.server.storage import Content, Storage, Stored
from boxship.server.storage.file_storage import FileStorage
from boxship.server.upkeep.arrived import Arrived
from boxship.server.upkeep.carrying import Blob, carry
from boxship.server.upkeep.copying import copy_verified, new_folder
from boxship.server.upkeep.place import Held, Place, read_place
from boxship.value import dataclass

_REF_NAME = "org.opencontainers.image.ref.name"  # annotations.md, "Pre-Defined Annotation Keys"

_TAGGED = """
SELECT tag.name, digest, media_type, length(body) FROM repo
JOIN tag ON tag.repo_id = repo.id JOIN manifest USING (repo_id, digest)
WHERE repo.name = ?1 ORDER BY tag.name
"""
_UNTAGGED = """
SELECT '', digest, media_type, length(body) FROM repo JOIN manifest ON repo_id = repo.id
WHERE repo.name = ?1
AND NOT EXISTS (SELECT 1 FROM tag WHERE tag.repo_id = repo.id AND tag.digest = manifest.digest)
AND NOT EXISTS (SELECT 1 FROM manifest_ref WHERE manifest_ref.repo_id = repo.id AND child = manifest.digest)
ORDER BY digest
"""
_BODIES = "SELECT digest, body FROM repo JOIN manifest ON repo_id = repo.id WHERE repo.name = ?1"
# What a manifest may name without its being here (layers that are nobody's to distribute) is in no repository.
_BLOBS = """
SELECT DISTINCT child, blob.size, blob.location FROM repo JOIN manifest_ref ON manifest_ref.repo_id = repo.id
JOIN repo_blob ON repo_blob.repo_id = repo.id AND repo_blob.digest = child
JOIN blob ON blob.digest = child WHERE repo.name = ?1
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many manifests the layout lists, and how many blobs it has besides."""

    listed: int
    blobs: int


def export(place: Place, target: Path, repositories: Iterable[str] = ()) -> Exported:
    """Write repositories of the registry in `place`, or all of them, to the new folder `target`.

    A tag of one repository that was asked for is the name of its image, and else `repository:tag`.
    `InvalidSettings` for what is no registry, a repository that is not there, or a target that cannot be
    had; `ContentMismatch` for a blob that is damaged.
    """
    asked = tuple(dict.fromkeys(repositories))
    with read_place(place) as held, new_folder(target) as work:
        connection = held.names
        connection.execute("BEGIN")  # one state of the registry, whatever is pushed meanwhile
        names = asked or tuple(name for (name,) in connection.execute("SELECT name FROM repo ORDER BY name").fetchall())
        _check(connection, names)
        listed = [entry for name in names for entry in _entries(connection, name, alone=len(asked) == 1)]
        blobs = sum(_write_content(held, work, name) for name in names)
        index = {"schemaVersion": 2, "mediaType": media_type.OCI_INDEX, "manifests": listed}
        (work / "index.json").write_text(json.dumps(index), "utf-8")
        (work / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', "ascii")
        return Exported(len(listed), blobs)


def _check(connection: Transaction, names: Iterable[str]) -> None:
    for name in names:
        if not connection.execute("SELECT 1 FROM repo WHERE name = ?", (name,)).fetchone():
            raise InvalidSettings(name, why="the registry has no such repository", remedy="boxship catalog lists them")


def _entries(connection: Transaction, repository: str, *, alone: bool) -> Iterator[dict[str, object]]:
    """The descriptors that the layout lists for a repository."""
    for query in (_TAGGED, _UNTAGGED):
        for tag, digest, kind, size in connection.execute(query, (repository,)):
            entry = {"mediaType": kind, "digest": digest, "size": size}
            if tag:
                entry["annotations"] = {_REF_NAME: tag if alone else f"{repository}:{tag}"}
            yield entry


def _write_content(held: Held, work: Path, repository: str) -> int:
    """Write manifests and blobs of a repository; how many blobs were not there yet."""
    for name, body in held.names.execute(_BODIES, (repository,)):
        place = _place(work, Digest.parse(name))
        if not place.exists():
            place.write_bytes(body)
    rows = held.names.execute(_BLOBS, (repository,)).fetchall()
    blobs = [Blob(Content(Digest.parse(name), location), size) for name, size, location in rows]
    new = [blob for blob in blobs if not _place(work, blob.content.digest).exists()]
    with closing(Arrived()) as arrived:
        wrong = asyncio.run(carry(new, lambda blob: _write_blob(held.storage, work, blob), arrived))
    if wrong:
        raise ContentMismatch(f"the blob {wrong[0]} is damaged or lost", remedy="push it anew: that heals it")
    return len(new)


async def _write_blob(storage: Storage, work: Path, blob: Blob) -> Stored | None:
    """Write a blob to its place; None where it is not to be had."""
    digest = blob.content.digest
    place = _place(work, digest)
    if isinstance(storage, FileStorage):
        original = storage.path(digest)
        right = original.is_file() and await in_thread(copy_verified, original, place, digest)
        return Stored(blob.size, 0) if right else None
    found = await storage.identify(blob.content)
    if not found or found.size != blob.size:
        return None
    value = hashlib.new(digest.algorithm)
    opened = await storage.source(blob.content, blob.size).open(0, blob.size)
    try:
        with place.open("xb") as file:
            while batch := await opened.take(blob.size, value):
                await in_thread(file.writelines, batch)
    finally:
        await opened.close()
    return Stored(blob.size, 0) if value.hexdigest() == digest.hex else None


def _place(work: Path, digest: Digest) -> Path:
    place = work / "blobs" / digest.algorithm / digest.hex
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
