"""Layers with `urls`: one that may be distributed is an image's like any other, and others are where those say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.formats.memory import Memory
from boxship.formats.oci_layout import OCILayout
from boxship.media_type import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST
from boxship.registry.manifests import Document
from boxship.testing import registry

FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar"
LAYER = Digest.of(b"layer")


@pytest.fixture
def client() -> Iterator[Client]:
    with Client() as client:
        yield client


def layout_with(folder: Path, layer_type: str) -> str:
    """A layout with an image, whose layer of that type has urls, and is there."""
    store, layout = Memory(), OCILayout(folder)
    blobs = store.add_blob(b"{}", OCI_CONFIG), store.add_blob(b"layer", layer_type)
    for blob in blobs:
        layout.take_blob(blob, store)
    config, layer = ({"mediaType": one.media_type, "digest": str(one.digest), "size": one.size} for one in blobs)
    layers = [{**layer, "urls": ["https://far.test/layer"]}]
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}).encode()
    layout.name(Document(raw, OCI_MANIFEST, Digest.of(raw)), ("a",))
    return f"oci:{folder}:a"


def lose_layer(folder: Path) -> None:
    for path in folder.rglob(LAYER.hex):
        path.unlink()


def layer_findings(client: Client, place: str) -> list[str]:
    """What is wrong with the image's layers; its configuration is none."""
    return [finding.what for finding in client.validate(place, fast=True).findings if "layer" in finding.where]


def test_a_layer_that_may_be_distributed_is_missed_where_it_is_not(client: Client, tmp_path: Path) -> None:
    source = layout_with(tmp_path / "source", OCI_LAYER)
    for target in (f"oci:{tmp_path}/oci:a", f"dir:{tmp_path}/dir"):
        assert client.copy(source, target).pushed == 2
        assert not layer_findings(client, target)
        folder = tmp_path / target.split(":")[0]
        lose_layer(folder)
        assert layer_findings(client, target)
        assert client.copy(source, target).pushed == 1
        assert list(folder.rglob(LAYER.hex))


@pytest.mark.parametrize("kind", ["oci", "dir", "registry"])
def test_one_that_may_not_be_comes_where_it_is_asked_for_though_the_manifest_is_there(
    client: Client, tmp_path: Path, kind: str
) -> None:
    source = layout_with(tmp_path / "source", FOREIGN)
    with registry() as running:
        targets = {"oci": f"oci:{tmp_path}/oci:a", "dir": f"dir:{tmp_path}/dir", "registry": f"{running.address}/app:a"}
        assert client.copy(source, targets[kind]).pushed == 1
        assert client.copy(source, targets[kind], nondistributable=True).pushed == 1
        client.copy(targets[kind], f"oci:{tmp_path}/back:a", nondistributable=True)
    assert list((tmp_path / "back").rglob(LAYER.hex))


def test_a_folder_keeps_what_it_has_of_its_image(client: Client, tmp_path: Path) -> None:
    source, target = layout_with(tmp_path / "source", FOREIGN), f"dir:{tmp_path}/dir"
    for nondistributable in (True, False):
        client.copy(source, target, nondistributable=nondistributable)
        assert (tmp_path / "dir" / LAYER.hex).is_file()


def test_memory_knows_what_is_missing() -> None:
    store = Memory()
    config = {"mediaType": OCI_CONFIG, "digest": str(store.add_blob(b"{}", OCI_CONFIG).digest), "size": 2}
    for layer_type, has in ((FOREIGN, True), (OCI_LAYER, False)):
        layer = {"mediaType": layer_type, "digest": str(LAYER), "size": 5, "urls": ["https://far.test/layer"]}
        raw = json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}).encode()
        document = Document(raw, OCI_MANIFEST, Digest.of(raw))
        store.put(document)
        assert store.has(document.descriptor) is has
