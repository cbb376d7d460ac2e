"""The registry against skopeo: what it pushes comes back byte for byte."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.server.upkeep.export import export
from boxship.server.upkeep.place import Place
from tests.peers.image import LayoutImage, write_layout
from tests.peers.programs import skopeo, skopeo_copy

pytestmark = pytest.mark.peer("skopeo")

FILES = {"etc/hello": b"hello\n", "data": bytes(range(256)) * 8192}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "boxship.server", "--address", "127.0.0.1:0", "--disk", str(tmp_path / "registry")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip().removeprefix("serving http://")
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


@pytest.fixture
def image(tmp_path: Path) -> LayoutImage:
    return write_layout(tmp_path / "image", FILES)


def content(layout: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (layout / "blobs" / "sha256").iterdir()}


def test_what_skopeo_pushes_it_pulls_back_unchanged(address: str, image: LayoutImage, tmp_path: Path) -> None:
    back = tmp_path / "back"
    skopeo_copy(f"oci:{image.folder}", f"docker://{address}/team/app:v1")
    skopeo_copy(f"docker://{address}/team/app:v1", f"oci:{back}:v1")
    assert content(back) == content(image.folder)


def test_skopeo_reads_the_digest_and_the_tags(address: str, image: LayoutImage) -> None:
    for tag in ("v2", "v1", "v10"):
        skopeo_copy(f"oci:{image.folder}", f"docker://{address}/app:{tag}")
    found = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{address}/app:v1"))
    assert found["Digest"] == image.manifest
    assert found["RepoTags"] == ["v1", "v10", "v2"]


def test_skopeo_copies_between_repositories_by_mount(address: str, image: LayoutImage, tmp_path: Path) -> None:
    skopeo_copy(f"oci:{image.folder}", f"docker://{address}/one:v1")
    skopeo_copy(f"docker://{address}/one:v1", f"docker://{address}/two:v1")
    skopeo_copy(f"docker://{address}/two:v1", f"oci:{tmp_path / 'back'}:v1")
    assert content(tmp_path / "back") == content(image.folder)


@pytest.mark.parametrize(
    ("repositories", "name"), [((), "team/app:v1"), (("team/app",), "v1")], ids=["everything", "one repository"]
)
def test_skopeo_copies_from_what_is_exported(
    address: str, image: LayoutImage, tmp_path: Path, repositories: tuple[str, ...], name: str
) -> None:
    skopeo_copy(f"oci:{image.folder}", f"docker://{address}/team/app:v1")
    export(Place(tmp_path / "registry"), tmp_path / "exported", repositories)
    skopeo_copy(f"oci:{tmp_path / 'exported'}:{name}", f"docker://{address}/again:v1")
    skopeo_copy(f"docker://{address}/again:v1", f"oci:{tmp_path / 'back'}:v1")
    assert content(tmp_path / "back") == content(image.folder)
