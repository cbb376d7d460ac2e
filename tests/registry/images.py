"""Images, an index of them, and answers with their bytes, for the tests of what reads manifests."""

from __future__ import annotations

__all__ = ["AMD", "ARM", "GOOD", "RAW", "answer_of", "index"]

import json

from boxship import media_type
from boxship.testing import Answer, Image, ScriptedRegistry

GOOD = ScriptedRegistry()
RAW = GOOD.image.manifest
ARM = Image.of([b"arm"], platform="linux/arm64")
AMD = Image.of([b"amd"], platform="linux/amd64")


def answer_of(raw: bytes, kind: str = media_type.OCI_MANIFEST, digest: str = "") -> Answer:
    said = {"Docker-Content-Digest": digest} if digest else {}
    return Answer(200, raw, headers={"Content-Type": kind, **said})


def index(*images: Image, **fields: object) -> bytes:
    manifests = [
        {
            "mediaType": image.media_type,
            "digest": str(image.digest),
            "size": len(image.manifest),
            "platform": {"os": "linux", "architecture": json.loads(image.config)["architecture"]},
        }
        for image in images
    ]
    return json.dumps({"schemaVersion": 2, "manifests": manifests, **fields}).encode()
