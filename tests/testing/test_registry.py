from __future__ import annotations

import http.client
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.spec.fields import parse_object
from boxship.testing import Image, put_image, put_manifest, put_tags, random_image, registry


def read(address: str, path: str) -> tuple[int, bytes]:
    client = http.client.HTTPConnection(address, timeout=10)
    try:
        client.request("GET", path, headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


def tags(address: str, repository: str) -> tuple[str, ...]:
    return parse_object(read(address, f"/v2/{repository}/tags/list")[1]).texts("tags")


def test_a_registry_takes_images_and_tags_and_ends_with_its_folder() -> None:
    with registry() as running:
        image = Image.of([b"a layer"])
        assert put_image(running.address, "app", "v1", image) == image.digest
        assert put_image(running.address, "app", "v2", layers=[b"a layer"]) == image.digest
        put_image(running.address, "other")
        put_tags(running.address, "many", (f"t{number:03}" for number in range(100)))
        assert read(running.address, "/v2/app/manifests/v1") == (200, image.manifest)
        assert read(running.address, f"/v2/app/blobs/{Digest.of(b'a layer')}") == (200, b"a layer")
        assert tags(running.address, "app") == ("v1", "v2")
        assert len(tags(running.address, "many")) == 100
        assert running.folder.is_dir()
    assert not running.folder.exists()
    assert not running.log.exists()


def test_a_registry_keeps_a_folder_that_was_given(tmp_path: Path) -> None:
    with registry(tmp_path / "kept") as running:
        put_image(running.address, "app", "v1")
    with registry(tmp_path / "kept", allow_delete=True, host_names=["registry.test"]) as running:
        assert tags(running.address, "app") == ("v1",)


def test_a_registry_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((RuntimeError, OSError)), registry(tmp_path / "file"):
        pass


def test_what_a_registry_refuses_fails_the_test() -> None:
    with registry() as running, pytest.raises(AssertionError, match="400 instead of 201"):
        put_manifest(running.address, "app", "v1", b"no manifest")


def test_an_image_is_the_same_for_the_same_seed() -> None:
    assert random_image(seed=1) == random_image(seed=1) != random_image(seed=2)


def test_an_image_has_the_layers_asked_for() -> None:
    image = random_image(layers=3, layer_size=100_000)
    assert len(image.layers) == 3
    assert all(len(layer) > 100_000 for layer in image.layers)
