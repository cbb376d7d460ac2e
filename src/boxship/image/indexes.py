"""Indexes made anew: of manifests from anywhere, or with fewer of their own."""

from __future__ import annotations

__all__ = ["empty_index", "entries_of", "entry_for", "only", "with_entries"]

from collections.abc import Callable, Mapping, Sequence

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.image import ABOUT, is_config, read_image
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.draft import Draft, Json, written
from boxship.spec.fields import Fields
from boxship.spec.index import Index
from boxship.store import Source

Entry = Mapping[str, Json]


def empty_index(*, docker: bool = False) -> Document:
    """An index of nothing."""
    kind = media_type.DOCKER_LIST if docker else media_type.OCI_INDEX
    raw = written({"schemaVersion": 2, "mediaType": kind, "manifests": []})
    return Document(raw, kind, Digest.of(raw))


def entries_of(document: Document) -> list[Entry]:
    """What stands in an index; `UnexpectedAnswer` for what is none."""
    if not isinstance(parse_document(document), Index):
        raise UnexpectedAnswer(f"{document.digest} is no index", why=f"it is {document.media_type}")
    return [entry.copy() for entry in Draft(document.raw).sections("manifests")]


def entry_for(source: Source, document: Document) -> Entry:
    """What points at a manifest or index from an index, with the platform that its configuration says."""
    pointer: dict[str, Json] = {
        "mediaType": document.media_type,
        "size": len(document.raw),
        "digest": str(document.digest),
    }
    parsed = parse_document(document)
    if isinstance(parsed, Index):
        return pointer
    if parsed.artifact_type:
        pointer["artifactType"] = parsed.artifact_type
    if is_config(parsed.config.media_type):
        platform = read_image(source, document).described.platform
        if platform.os or platform.architecture:
            pointer["platform"] = _written(platform)
    return pointer


def with_entries(index: Document, entries: Sequence[Entry], annotations: Mapping[str, str | None]) -> Document:
    """The index with these entries for its own."""
    draft = Draft(index.raw)
    draft.set("manifests", entries)
    if annotations:
        draft.update("annotations", annotations)
    return Document(draft.raw, index.media_type, Digest.of(draft.raw, index.digest.algorithm))


def only(index: Document, wanted: Callable[[Platform], bool]) -> Document:
    """The index with those of its entries whose platform is wanted, and what is attested of them."""
    every = [(entry, Descriptor.read(Fields(dict(entry)))) for entry in entries_of(index)]
    kept = {str(found.digest) for _, found in every if found.platform and wanted(found.platform)}
    entries = [entry for entry, found in every if str(found.digest) in kept or found.annotations.get(ABOUT) in kept]
    return with_entries(index, entries, {})


def _written(platform: Platform) -> Entry:
    said = {
        "architecture": platform.architecture,
        "os": platform.os,
        "variant": platform.variant,
        "os.version": platform.os_version,
    }
    return {name: value for name, value in said.items() if value or name in ("architecture", "os")}
