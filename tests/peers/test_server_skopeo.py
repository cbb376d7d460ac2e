"""The registry against skopeo: what it pushes comes back byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import media_type

pytestmark = pytest.mark.peer("skopeo")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "boxship.server", "--address", "127.0.0.1:0", "--disk", str(tmp_path / "registry")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip().removeprefix("serving http://")
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def blob(layout: Path, content: bytes, kind: str) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    folder = layout / "blobs" / "sha256"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / digest).write_bytes(content)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}


def layer(name: str, content: bytes) -> tuple[bytes, str]:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    diff_id = hashlib.sha256(raw.getvalue()).hexdigest()
    return gzip.compress(raw.getvalue(), mtime=0), f"sha256:{diff_id}"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An OCI layout with one image of two layers, tagged `v1`."""
    layout = tmp_path / "image"
    layers = [layer("etc/hello", b"hello\n"), layer("data", bytes(range(256)) * 8192)]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type.OCI_MANIFEST,
        "config": blob(layout, json.dumps(config).encode(), media_type.OCI_CONFIG),
        "layers": [blob(layout, content, media_type.OCI_LAYER_GZIP) for content, _ in layers],
    }
    entry = blob(layout, json.dumps(manifest).encode(), media_type.OCI_MANIFEST)
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return layout


def skopeo(*arguments: str) -> str:
    command = ["skopeo", "--insecure-policy", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def content(layout: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (layout / "blobs" / "sha256").iterdir()}


def test_what_skopeo_pushes_it_pulls_back_unchanged(address: str, image: Path, tmp_path: Path) -> None:
    back = tmp_path / "back"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{image}:v1", f"docker://{address}/team/app:v1")
    skopeo("copy", "--src-tls-verify=false", f"docker://{address}/team/app:v1", f"oci:{back}:v1")
    assert content(back) == content(image)


def test_skopeo_reads_the_digest_and_the_tags(address: str, image: Path) -> None:
    for tag in ("v2", "v1", "v10"):
        skopeo("copy", "--dest-tls-verify=false", f"oci:{image}:v1", f"docker://{address}/app:{tag}")
    found = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{address}/app:v1"))
    pushed = json.loads((image / "index.json").read_text())["manifests"][0]["digest"]
    assert found["Digest"] == pushed
    assert found["RepoTags"] == ["v1", "v10", "v2"]


def test_skopeo_copies_between_repositories_by_mount(address: str, image: Path, tmp_path: Path) -> None:
    skopeo("copy", "--dest-tls-verify=false", f"oci:{image}:v1", f"docker://{address}/one:v1")
    here = ("--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo("copy", *here, f"docker://{address}/one:v1", f"docker://{address}/two:v1")
    skopeo("copy", "--src-tls-verify=false", f"docker://{address}/two:v1", f"oci:{tmp_path / 'back'}:v1")
    assert content(tmp_path / "back") == content(image)
