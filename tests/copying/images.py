"""Images with what goes with them, pushed to a registry; and copies of them between stores."""

from __future__ import annotations

__all__ = ["artifact", "copied", "cosign_tag", "put_index", "repository"]

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from boxship import Client
from boxship import media_type as types
from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.copy import PLAIN, Copied, Options, copy
from boxship.digest import Digest
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.repository import Repository
from boxship.store import Source, Target
from boxship.testing import put_blob, put_image, put_manifest
from boxship.testing.image import Image

KIND = "application/vnd.example.note"


@contextmanager
def repository(client: Client, text: str) -> Iterator[Repository]:
    reference = Reference.parse(text)
    with client._operations.at(reference.registry) as remote:
        yield Repository(remote, reference)


def copied(
    source: Source,
    name: str,
    target: Target,
    *names: str,
    options: Options = PLAIN,
    platforms: Iterable[Platform] = (),
    work: Work | None = None,
) -> Copied:
    crew = Crew(4, "test-copy")
    try:
        return copy(source, name, target, names, platforms=platforms, options=options, crew=crew, work=work or Work())
    finally:
        crew.close()


def artifact(
    address: str, name: str, content: bytes, *, subject: tuple[Digest, int] | None = None
) -> tuple[Digest, int]:
    """Push a small artifact to `app`, by its digest where `name` is empty; its digest and size."""
    layer = put_blob(address, "app", content)
    empty = put_blob(address, "app", b"{}")
    fields: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "artifactType": KIND,
        "config": {"mediaType": types.OCI_EMPTY, "digest": str(empty), "size": 2},
        "layers": [{"mediaType": KIND, "digest": str(layer), "size": len(content)}],
        "annotations": {"note": content.decode()},
    }
    if subject:
        digest, size = subject
        fields["subject"] = {"mediaType": types.OCI_MANIFEST, "digest": str(digest), "size": size}
    raw = json.dumps(fields).encode()
    return put_manifest(address, "app", name or str(Digest.of(raw)), raw), len(raw)


def cosign_tag(digest: Digest, kind: str) -> str:
    return f"{digest.algorithm}-{digest.hex}.{kind}"


def put_index(address: str, name: str, *images: Image, attest: bool = False) -> Digest:
    """Push an index to `app`; with `attest`, each image has an attestation beside it, as buildkit makes them."""
    entries = []
    for image in images:
        put_image(address, "app", str(image.digest), image)
        settings = json.loads(image.config)
        entries.append(_entry(image, {"os": settings["os"], "architecture": settings["architecture"]}, {}))
        if attest:
            about = Image.of([f"about {image.digest}".encode()], platform="unknown/unknown")
            put_image(address, "app", str(about.digest), about)
            said = {"vnd.docker.reference.digest": str(image.digest)}
            entries.append(_entry(about, {"os": "unknown", "architecture": "unknown"}, said))
    raw = json.dumps({"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": entries}).encode()
    return put_manifest(address, "app", name, raw, media_type=types.OCI_INDEX)


def _entry(image: Image, platform: dict[str, str], annotations: dict[str, str]) -> dict[str, object]:
    return {
        "mediaType": image.media_type,
        "digest": str(image.digest),
        "size": len(image.manifest),
        "platform": platform,
        "annotations": annotations,
    }
