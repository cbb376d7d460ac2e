"""The manifest of an artifact, field by field in the order in which oras writes them: the same input, the same digest.

image-spec manifest.md, "Guidelines for Artifact Usage"; what stands there without content is `{}`.
"""

from __future__ import annotations

__all__ = ["EMPTY", "artifact_manifest", "empty", "entry_for"]

from collections.abc import Mapping, Sequence

from boxship import media_type as types
from boxship.artifact.given import checked_type
from boxship.digest import Digest
from boxship.errors import InvalidInput
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor
from boxship.spec.draft import Json, written

EMPTY = b"{}"
"""What the configuration of an artifact is that has none, and the layer of one without files."""

_UNKNOWN = "application/vnd.unknown.artifact.v1"

Entry = Mapping[str, Json]


def entry_for(descriptor: Descriptor, annotations: Mapping[str, str]) -> Entry:
    """What a manifest says of its configuration or a file."""
    entry: dict[str, Json] = {
        "mediaType": descriptor.media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
    }
    return {**entry, "annotations": dict(sorted(annotations.items()))} if annotations else entry


def empty(annotations: Mapping[str, str]) -> Entry:
    """What a manifest says where there is no configuration or no file."""
    pointer = Descriptor(media_type=types.OCI_EMPTY, digest=Digest.of(EMPTY), size=len(EMPTY))
    return {**entry_for(pointer, annotations), "data": "e30="}


def artifact_manifest(
    files: Sequence[Entry],
    config: Entry | None,
    *,
    artifact_type: str,
    subject: Descriptor | None,
    annotations: Mapping[str, str],
    config_annotations: Mapping[str, str],
) -> Document:
    """The manifest. Without a type of its own it has that of its configuration, or says that it is not known."""
    if artifact_type:
        checked_type(artifact_type, "the artifact type")
    elif config is None or config["mediaType"] == types.OCI_EMPTY:
        if subject:
            raise InvalidInput("what is attached has no artifact type", why="it is what it is found by")
        artifact_type = _UNKNOWN
    fields: dict[str, Json] = {"schemaVersion": 2, "mediaType": types.OCI_MANIFEST}
    if artifact_type:
        fields["artifactType"] = artifact_type
    fields["config"] = config or empty(config_annotations)
    fields["layers"] = files or [empty({})]
    if subject:
        fields["subject"] = entry_for(subject, {})
    if annotations:
        fields["annotations"] = dict(sorted(annotations.items()))
    raw = written(fields)
    return Document(raw, types.OCI_MANIFEST, Digest.of(raw))
