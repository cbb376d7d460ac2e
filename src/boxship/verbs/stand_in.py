"""An empty image, like no other: it takes a tag from another one, and goes with it."""

from __future__ import annotations

__all__ = ["StandIn", "stand_in"]

import gzip
import json
import uuid

from boxship import media_type as types
from boxship.digest import Digest
from boxship.formats.memory import Memory
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor
from boxship.value import dataclass

_NOTHING = bytes(1024)  # a tar file without members


@dataclass(frozen=True, slots=True)
class StandIn:
    """The image, and where its blobs are."""

    manifest: Document
    blobs: tuple[Descriptor, ...]
    store: Memory


def stand_in(tag: str, media_type: str) -> StandIn:
    """The image; of the family of `media_type`, as some repositories take one alone."""
    docker = "docker" in media_type
    store = Memory("the stand-in")
    labels = {"boxship.untag": tag, "boxship.once": uuid.uuid4().hex}
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(_NOTHING))]},
    }
    config = store.add_blob(_json(settings), types.DOCKER_CONFIG if docker else types.OCI_CONFIG)
    layer = store.add_blob(
        gzip.compress(_NOTHING, mtime=0), types.DOCKER_LAYER_GZIP if docker else types.OCI_LAYER_GZIP
    )
    kind = types.DOCKER_MANIFEST if docker else types.OCI_MANIFEST
    written = {"schemaVersion": 2, "mediaType": kind, "config": _pointing(config), "layers": [_pointing(layer)]}
    raw = _json(written)
    return StandIn(Document(raw, kind, Digest.of(raw)), (config, layer), store)


def _pointing(blob: Descriptor) -> dict[str, object]:
    return {"mediaType": blob.media_type, "digest": str(blob.digest), "size": blob.size}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
