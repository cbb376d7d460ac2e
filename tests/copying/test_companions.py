"""What goes with an image is copied with it on request: referrers of any depth, wherever listed, and cosign's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from boxship import Client
from boxship.copy import Options
from boxship.digest import Digest
from boxship.formats.oci_layout import OCILayout
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Kind, Place
from boxship.spec.index import Index
from boxship.testing import put_image, random_image, registry
from tests.copying.images import KIND, artifact, copied, cosign_tag, put_index, repository
from tests.peers.programs import docker_registry, skopeo_copy

WITH_REFERRERS = Options(referrers=True)
WITH_COSIGN = Options(cosign=True)


def put_signed(address: str) -> tuple[Digest, Digest, Digest]:
    """An image, what refers to it, and what refers to that."""
    image = put_image(address, "app", "1", layers=[b"one"])
    with Client() as client:
        size = len(client.document(f"{address}/app:1").raw)
    note, size = artifact(address, "", b"about the image", subject=(image, size))
    about, _ = artifact(address, "", b"about the note", subject=(note, size))
    return image, note, about


def test_what_refers_to_an_image_is_copied_with_it_and_what_refers_to_that() -> None:
    with registry() as running, Client() as client:
        image, note, about = put_signed(running.address)
        with (
            repository(client, f"{running.address}/app") as source,
            repository(client, f"{running.address}/other") as target,
        ):
            result = copied(source, "1", target, "1", options=WITH_REFERRERS)
            assert [one.digest for one in target.referrers(image)] == [note]
            assert [one.digest for one in target.referrers(note)] == [about]
        assert (result.digest, result.companions, result.manifests) == (image, 2, 3)
        assert client.read_blob(f"{running.address}/other@{Digest.of(b'about the note')}") == b"about the note"


def test_nothing_goes_with_an_image_unless_it_is_asked_for() -> None:
    with registry() as running, Client() as client:
        image, _, _ = put_signed(running.address)
        with (
            repository(client, f"{running.address}/app") as source,
            repository(client, f"{running.address}/other") as target,
        ):
            assert copied(source, "1", target, "1").companions == 0
            assert target.referrers(image) == ()


@pytest.mark.peer("docker-registry")
def test_a_registry_that_lists_no_referrers_has_them_under_the_subjects_tag(tmp_path: Path) -> None:
    with registry() as running, docker_registry(tmp_path) as theirs, Client() as client:
        image, note, about = put_signed(running.address)
        other, _ = artifact(running.address, "", b"another", subject=(image, 1))
        with (
            repository(client, f"{running.address}/app") as source,
            repository(client, f"{theirs}/app") as target,
            repository(client, f"{running.address}/back") as back,
        ):
            for _ in range(2):  # what is listed is not listed again
                copied(source, "1", target, "1", options=WITH_REFERRERS)
            there = {one.digest: one for one in target.referrers(image)}
            assert set(there) == {note, other}
            assert there[note].artifact_type == KIND
            assert there[note].annotations == {"note": "about the image"}
            assert copied(target, "1", back, "1", options=WITH_REFERRERS).companions == 3
            assert [one.digest for one in back.referrers(note)] == [about]
        tag = f"sha256-{image.hex}"
        listed = client.manifest(f"{theirs}/app:{tag}")
        assert isinstance(listed, Index)
        assert len(listed.manifests) == 2
        assert set(client.tags(f"{theirs}/app")) == {"1", tag, f"sha256-{note.hex}"}


@pytest.mark.parametrize("kind", [Kind.OCI, Kind.OCI_ARCHIVE])
def test_referrers_come_back_from_a_file(tmp_path: Path, kind: Kind) -> None:
    place = Place(kind, tmp_path / "image")
    with registry() as running, Client() as client:
        image, note, about = put_signed(running.address)
        with repository(client, f"{running.address}/app") as source, target_at(place) as there:
            copied(source, "1", there, "app", options=WITH_REFERRERS)
        with source_at(place) as kept, repository(client, f"{running.address}/back") as back:
            assert kept.resolve("").digest == image
            assert copied(kept, "", back, "1", options=WITH_REFERRERS).companions == 2
            assert [one.digest for one in back.referrers(note)] == [about]


def test_a_layout_that_lists_referrers_under_a_tag_is_read(tmp_path: Path) -> None:
    with registry() as running, Client() as client:
        image, note, _ = put_signed(running.address)
        layout = OCILayout(tmp_path)
        with repository(client, f"{running.address}/app") as source:
            copied(source, "1", layout, "app")
            copied(source, str(note), layout)
        index = json.loads((tmp_path / "index.json").read_text())
        entry = index["manifests"].pop()
        listed = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
        (tmp_path / "blobs" / "sha256" / Digest.of(listed).hex).write_bytes(listed)
        name = {"org.opencontainers.image.ref.name": f"sha256-{image.hex}"}
        described = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": str(Digest.of(listed))}
        index["manifests"].append({**described, "size": len(listed), "annotations": name})
        (tmp_path / "index.json").write_text(json.dumps(index))
        again = OCILayout(tmp_path)
        assert [one.digest for one in again.referrers(image)] == [note]
        assert again.resolve("").digest == image


def test_cosigns_tags_are_copied_with_every_manifest_of_an_index(tmp_path: Path) -> None:

    first, second = (random_image(seed=seed) for seed in (1, 2))
    with registry() as running, Client() as client:
        at = running.address
        root = put_index(at, "all", first, second)
        signed = [cosign_tag(root, "sig"), cosign_tag(first.digest, "att"), cosign_tag(second.digest, "sbom")]
        digests = [artifact(at, tag, tag.encode())[0] for tag in signed]
        of_signature = cosign_tag(digests[0], "sig")
        artifact(at, of_signature, b"signed twice")
        artifact(at, "unrelated", b"unrelated")
        with repository(client, f"{at}/app") as source, repository(client, f"{at}/other") as target:
            assert copied(source, "all", target, "all", options=WITH_COSIGN).companions == 4
        assert set(client.tags(f"{at}/other")) == {"all", of_signature, *signed}
        layout = OCILayout(tmp_path / "layout")
        with repository(client, f"{at}/app") as source:
            copied(source, "all", layout, "all", options=WITH_COSIGN)
        assert [layout.resolve(tag).digest for tag in signed] == digests
        assert layout.resolve("").digest == root


@pytest.mark.peer("docker-registry", "skopeo")
def test_a_docker_archive_has_images_alone(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "image.tar")
    with registry() as running, Client() as client:
        put_signed(running.address)
        with repository(client, f"{running.address}/app") as source, target_at(place) as there:
            copied(source, "1", there, "app:1", options=WITH_REFERRERS)
    skopeo_copy(f"docker-archive:{place.path}", f"dir:{tmp_path}/read")
