"""A small image made by hand, without a network: the same bytes, and so the same digests, every time."""

from __future__ import annotations

__all__ = ["LayoutImage", "push_image", "write_layout"]

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.peers.programs import Address, skopeo_copy

OCI = "application/vnd.oci.image"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutImage:
    """An image in an OCI layout: the digests of its parts, as the specification writes them."""

    folder: Path
    manifest: str
    config: str
    layer: str


def write_layout(folder: Path, files: Mapping[str, bytes] | None = None) -> LayoutImage:
    """Write an OCI layout with one linux/amd64 image of one layer that holds `files`."""
    tar = _tar(files or {"greeting": b"hello\n"})
    layer = _put(folder, f"{OCI}.layer.v1.tar+gzip", gzip.compress(tar, mtime=0))
    config = _put(
        folder,
        f"{OCI}.config.v1+json",
        _json(
            architecture="amd64",
            os="linux",
            config={"Cmd": ["/greeting"]},
            rootfs={"type": "layers", "diff_ids": [_digest(tar)]},
        ),
    )
    manifest_type = f"{OCI}.manifest.v1+json"
    document = _json(schemaVersion=2, mediaType=manifest_type, config=config, layers=[layer])
    manifest = _put(folder, manifest_type, document)
    (folder / "oci-layout").write_bytes(_json(imageLayoutVersion="1.0.0"))
    (folder / "index.json").write_bytes(_json(schemaVersion=2, manifests=[manifest]))
    return LayoutImage(
        folder=folder,
        manifest=str(manifest["digest"]),
        config=str(config["digest"]),
        layer=str(layer["digest"]),
    )


def push_image(
    address: Address | str, repository: str, tags: Iterable[str], *options: str, namespace: str | None = None
) -> LayoutImage:
    """Push the image under each of `tags` with skopeo; returns its digests (its folder is gone)."""
    with TemporaryDirectory(prefix="boxship-layout-") as folder:
        image = write_layout(Path(folder))
        for tag in tags:
            target = f"docker://{address}/{repository}:{tag}"
            skopeo_copy(f"oci:{folder}", target, *options, namespace=namespace)
        return image


def _tar(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _json(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _put(folder: Path, media_type: str, content: bytes) -> dict[str, object]:
    digest = _digest(content)
    blob = folder / "blobs" / digest.replace(":", "/")
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    return {"mediaType": media_type, "digest": digest, "size": len(content)}
