"""Some platforms out of many: the index as it is where the registry takes that, or one of those alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship import Client
from boxship.copy import Options
from boxship.errors import UnexpectedAnswer
from boxship.formats.oci_layout import OCILayout
from boxship.platform import Platform
from boxship.spec.index import Index
from boxship.testing import Image, registry
from tests.copying.images import copied, put_index, repository
from tests.peers.programs import docker_registry

IMAGES = [Image.of([name.encode()], platform=f"linux/{name}") for name in ("amd64", "arm64", "s390x")]
TWO = (Platform.parse("linux/amd64"), Platform.parse("linux/arm64"))


def test_several_platforms_leave_the_index_as_it_is_with_their_attestations(tmp_path: Path) -> None:
    with registry() as running, Client() as client:
        root = put_index(running.address, "all", *IMAGES, attest=True)
        layout = OCILayout(tmp_path)
        with repository(client, f"{running.address}/app") as source:
            result = copied(source, "all", layout, "app", platforms=TWO)
    assert (result.digest, result.manifests) == (root, 5)
    assert not (tmp_path / "blobs" / "sha256" / IMAGES[2].digest.hex).exists()


def test_one_platform_is_an_image_of_its_own(tmp_path: Path) -> None:
    with registry() as running, Client() as client:
        put_index(running.address, "all", *IMAGES, attest=True)
        with repository(client, f"{running.address}/app") as source:
            result = copied(source, "all", OCILayout(tmp_path), "app", platforms=TWO[:1])
    assert (result.digest, result.manifests) == (IMAGES[0].digest, 1)


@pytest.mark.peer("docker-registry")
def test_a_registry_that_wants_all_platforms_says_so_with_what_can_be_done(tmp_path: Path) -> None:
    with registry() as running, docker_registry(tmp_path) as theirs, Client() as client:
        put_index(running.address, "all", *IMAGES)
        with repository(client, f"{running.address}/app") as source, repository(client, f"{theirs}/app") as target:
            with pytest.raises(UnexpectedAnswer, match=r"wants them all.*copy all platforms"):
                copied(source, "all", target, "app", platforms=TWO)
            result = copied(source, "all", target, "app", platforms=TWO, options=Options(filtered=True))
        index = client.manifest(f"{theirs}/app:app")
    assert isinstance(index, Index)
    assert index.digest == result.digest
    assert index.platforms == TWO
    assert [one.digest for one in index.manifests] == [image.digest for image in IMAGES[:2]]


def test_an_index_of_all_that_it_lists_is_not_written_anew(tmp_path: Path) -> None:
    with registry() as running, Client() as client:
        root = put_index(running.address, "all", *IMAGES)
        with repository(client, f"{running.address}/app") as source:
            result = copied(source, "all", OCILayout(tmp_path), "app", options=Options(filtered=True))
    assert result.digest == root
