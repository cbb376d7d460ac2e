"""Images leave a registry as an OCI image layout: named by their tags, whole, and verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from boxship import media_type
from boxship.errors import ContentMismatch, InvalidSettings
from boxship.server.upkeep.export import export
from boxship.server.upkeep.place import Place
from tests.server.content import descriptor, digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver
from tests.server.test_backup import blob_file, spoil

LAYER = b"layer" * 1000


def listed(layout: Path) -> list[tuple[str, str]]:
    """The names and digests that a layout lists."""
    document = json.loads((layout / "index.json").read_text())
    assert (document["schemaVersion"], document["mediaType"]) == (2, media_type.OCI_INDEX)
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    return [
        (entry.get("annotations", {}).get("org.opencontainers.image.ref.name", ""), entry["digest"])
        for entry in document["manifests"]
    ]


def files(layout: Path) -> set[str]:
    found = {f"sha256:{path.name}" for path in (layout / "blobs" / "sha256").iterdir()}
    assert all(digest((layout / "blobs" / "sha256" / name.partition(":")[2]).read_bytes()) == name for name in found)
    return found


def test_a_repository_is_exported_under_its_tags(registry: Driver, tmp_path: Path) -> None:
    manifest = push_image(registry, "team/app", "v1", "v2", layer=LAYER)
    push_image(registry, "other", "v1", layer=b"other")
    made = export(Place(registry.folder), tmp_path / "layout", ["team/app"])
    assert (made.listed, made.blobs) == (2, 2)
    assert listed(tmp_path / "layout") == [("v1", digest(manifest)), ("v2", digest(manifest))]
    assert files(tmp_path / "layout") == {digest(manifest), digest(LAYER), digest(b"{}")}


def test_all_repositories_are_exported_under_their_names_and_tags(registry: Driver, tmp_path: Path) -> None:
    one = push_image(registry, "team/app", "v1", layer=LAYER)
    two = push_image(registry, "other", "v1", layer=b"other")
    assert export(Place(registry.folder), tmp_path / "layout").blobs == 3
    assert listed(tmp_path / "layout") == [("other:v1", digest(two)), ("team/app:v1", digest(one))]
    export(Place(registry.folder), tmp_path / "both", ["team/app", "other"])
    assert [name for name, _ in listed(tmp_path / "both")] == ["team/app:v1", "other:v1"]


def test_what_belongs_to_an_index_is_not_listed_and_a_signature_is(registry: Driver, tmp_path: Path) -> None:
    child = push_image(registry, "app", layer=LAYER)
    parent = index(child)
    assert push_manifest(registry, "app", "v1", parent, media_type.OCI_INDEX).status == 201
    signature = image(LAYER, subject=descriptor(parent, media_type.OCI_INDEX))
    assert push_manifest(registry, "app", digest(signature), signature).status == 201
    export(Place(registry.folder), tmp_path / "layout", ["app"])
    assert listed(tmp_path / "layout") == [("v1", digest(parent)), ("", digest(signature))]
    assert {digest(child), digest(parent), digest(signature)} <= files(tmp_path / "layout")


def test_a_sha512_blob_has_its_place(registry: Driver, tmp_path: Path) -> None:
    name = digest(LAYER, "sha512")
    assert registry("POST", f"/v2/app/blobs/uploads/?digest={name}", LAYER).status == 201
    push_blob(registry, "app", b"{}")
    manifest = json.loads(image(LAYER))
    manifest["layers"][0]["digest"] = name
    assert push_manifest(registry, "app", "v1", json.dumps(manifest).encode()).status == 201
    export(Place(registry.folder), tmp_path / "layout", ["app"])
    assert (tmp_path / "layout" / "blobs" / "sha512" / name.partition(":")[2]).read_bytes() == LAYER


@pytest.mark.parametrize("damage", [spoil, Path.unlink])
def test_damaged_content_is_not_exported(registry: Driver, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    push_image(registry, "app", "v1", layer=LAYER)
    damage(blob_file(registry.folder, LAYER))
    with pytest.raises(ContentMismatch, match=digest(LAYER)):
        export(Place(registry.folder), tmp_path / "layout")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["registry"]


def test_a_repository_that_is_not_there_is_named(registry: Driver, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="absent"):
        export(Place(registry.folder), tmp_path / "layout", ["absent"])
    assert not (tmp_path / "layout").exists()
