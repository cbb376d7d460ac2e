"""Images of known ages, indexes of them, and what refers to them."""

from __future__ import annotations

__all__ = ["DAY", "NOW", "aged", "put_aged", "put_index", "put_referrer"]

import json
from datetime import UTC, datetime

from boxship import Client
from boxship.digest import Digest
from boxship.media_type import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST
from boxship.testing import put_blob, put_manifest

DAY = 86_400.0
NOW = datetime.now(UTC).timestamp()


def aged(days: float | None, note: str = "") -> bytes:
    """A configuration of an image that was made so many days ago, or does not say when."""
    made = {} if days is None else {"created": datetime.fromtimestamp(NOW - days * DAY, UTC).isoformat()}
    rootfs = {"type": "layers", "diff_ids": []}
    return _json({"os": "linux", "architecture": "amd64", "author": note, "rootfs": rootfs, **made})


def put_aged(at: str, repository: str, name: str, days: float | None, note: str = "") -> Digest:
    """Push an image under a tag; under its digest, where the name is ''."""
    config = aged(days, note or name)
    return _put_manifest(at, repository, name, (OCI_CONFIG, config))


def put_referrer(at: str, repository: str, subject: Digest, name: str = "") -> Digest:
    """Push what refers to a manifest of some length."""
    about = {"mediaType": OCI_MANIFEST, "digest": str(subject), "size": 1}
    empty = ("application/vnd.oci.empty.v1+json", b"{}")
    return _put_manifest(at, repository, name, empty, subject=about, artifactType="text/sbom")


def put_index(at: str, repository: str, name: str, children: list[Digest], **fields: object) -> Digest:
    """Push an index of manifests that are there."""
    entries = [
        {"mediaType": OCI_MANIFEST, "digest": str(child), "size": _size(at, repository, child)} for child in children
    ]
    raw = _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, **fields})
    return put_manifest(at, repository, name or str(Digest.of(raw)), raw, media_type=OCI_INDEX)


def _put_manifest(at: str, repository: str, name: str, described: tuple[str, bytes], **fields: object) -> Digest:
    kind, config = described
    layer = put_blob(at, repository, b"layer")
    put_blob(at, repository, config)
    pointing = {"mediaType": kind, "digest": str(Digest.of(config)), "size": len(config)}
    layers = [{"mediaType": OCI_LAYER, "digest": str(layer), "size": 5}]
    raw = _json({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": pointing, "layers": layers} | fields)
    return put_manifest(at, repository, name or str(Digest.of(raw)), raw)


def _size(at: str, repository: str, digest: Digest) -> int:

    with Client() as client:
        return len(client.document(f"{at}/{repository}@{digest}").raw)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
