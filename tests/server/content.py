"""Content to push: blobs, and manifests that refer to them."""

from __future__ import annotations

__all__ = ["Asks", "descriptor", "digest", "image", "index", "push_blob", "push_image", "push_manifest"]

import hashlib
import json
from collections.abc import Mapping
from typing import Protocol

from boxship import media_type
from tests.server.driver import Reply


def digest(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def descriptor(content: bytes, kind: str = media_type.OCI_LAYER, **more: object) -> dict[str, object]:
    return {"mediaType": kind, "digest": digest(content), "size": len(content), **more}


class Asks(Protocol):
    """What a registry is asked through: a driver, or somebody who has a right."""

    def __call__(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply: ...


def image(*layers: bytes, config: bytes = b"{}", **more: object) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": media_type.OCI_MANIFEST,
        "config": descriptor(config, media_type.OCI_CONFIG),
        "layers": [descriptor(layer) for layer in layers],
        **more,
    }
    return json.dumps(document).encode()


def index(*manifests: bytes, **more: object) -> bytes:
    entries = [descriptor(manifest, media_type.OCI_MANIFEST) for manifest in manifests]
    return json.dumps({"schemaVersion": 2, "mediaType": media_type.OCI_INDEX, "manifests": entries, **more}).encode()


def push_blob(registry: Asks, repository: str, content: bytes) -> str:
    name = digest(content)
    assert registry("POST", f"/v2/{repository}/blobs/uploads/?digest={name}", content).status == 201
    return name


def push_manifest(
    registry: Asks, repository: str, name: str, manifest: bytes, kind: str = media_type.OCI_MANIFEST, **headers: str
) -> Reply:
    given = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return registry("PUT", f"/v2/{repository}/manifests/{name}", manifest, given)


def push_image(registry: Asks, repository: str, *tags: str, layer: bytes = b"layer") -> bytes:
    push_blob(registry, repository, b"{}")
    push_blob(registry, repository, layer)
    manifest = image(layer)
    for tag in tags or (digest(manifest),):
        assert push_manifest(registry, repository, tag, manifest).status == 201
    return manifest
