"""What refers to an image is a tree, whoever keeps the list; and a list that does not end does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from boxship import Client
from boxship.artifact.referrers import Referrers, read_referrers
from boxship.companions import cosign_tag
from boxship.copy import Copied
from boxship.digest import Digest
from boxship.errors import NotFound, UnexpectedAnswer
from boxship.media_type import OCI_MANIFEST
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor
from boxship.testing import put_image, registry
from tests.cli.running import boxship
from tests.peers.programs import docker_registry, skopeo_copy

SBOM, SIGNATURE, NOTE = "application/spdx+json", "application/x-signature", "application/x-note"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"

Told = tuple[str, list["Told"]]


def shape_of(found: Referrers) -> list[Told]:
    """The types, and those of what refers to each."""
    return sorted((one.artifact_type, shape_of(one)) for one in found.referrers)


def put_tree(client: Client, home: str, tag: str) -> tuple[Digest, Digest]:
    """A signature of an SBOM of the image, and a note; the digests of the signature and the SBOM."""
    said = {"a": "b"}
    sbom = client.attach(f"{home}{tag}", artifact_type=SBOM, annotations=said, created="2026-01-02T03:04:05Z").digest
    joint = "@" if not home.startswith("oci:") else ":"
    signature = client.attach(f"{home}{joint}{sbom}", artifact_type=SIGNATURE, annotations=said).digest
    client.attach(f"{home}{tag}", artifact_type=NOTE, annotations=said)
    return signature, sbom


TREE: list[Told] = [(SBOM, [(SIGNATURE, [])]), (NOTE, [])]


def test_a_registry_and_a_layout_tell_the_same_tree(tmp_path: Path) -> None:
    layout = f"oci:{tmp_path / 'layout'}"
    with registry() as running, Client() as client:
        put_image(running.address, "app", "1")
        client.copy(f"{running.address}/app:1", f"{layout}:1")
        for home in (f"{running.address}/app", layout):
            put_tree(client, home, ":1")
            found = client.referrers(f"{home}:1")
            assert shape_of(found) == TREE
            assert shape_of(client.referrers(f"{home}:1", depth=1)) == [(SBOM, []), (NOTE, [])]
            assert shape_of(client.referrers(f"{home}:1", artifact_types=[NOTE])) == [(NOTE, [])]
            leads = client.referrers(f"{home}:1", artifact_types=SIGNATURE)
            assert shape_of(leads) == [(SBOM, [(SIGNATURE, [])])]
        archive = f"oci-archive:{tmp_path / 'app.tar'}"
        client.copy(f"{running.address}/app:1", archive, referrers=True)
        assert shape_of(client.referrers(archive)) == TREE
        plain = f"docker-archive:{tmp_path / 'plain.tar'}:app:1"
        client.copy(f"{running.address}/app:1", plain)
        assert client.referrers(plain).referrers == ()


@pytest.mark.peer("docker-registry", "skopeo")
def test_where_the_registry_lists_nothing_the_list_is_kept_and_read(tmp_path: Path) -> None:
    with registry() as running, docker_registry(tmp_path) as theirs, Client() as client:
        image = put_image(running.address, "app", "1")
        skopeo_copy(f"docker://{running.address}/app:1", f"docker://{theirs}/app:1")
        put_tree(client, f"{theirs}/app", ":1")
        assert shape_of(client.referrers(f"{theirs}/app:1")) == TREE
        listed = json.loads(client.raw(f"{theirs}/app:sha256-{image.hex}"))["manifests"]
        assert [one["artifactType"] for one in listed] == [SBOM, NOTE]
        assert listed[0]["annotations"]["a"] == "b"


def test_what_cosign_keeps_under_tags_refers_to_the_image_too() -> None:
    with registry() as running, Client() as client:
        image = put_image(running.address, "app", "1")
        signature = put_image(running.address, "app", cosign_tag(image, "sig"))
        client.attach(f"{running.address}/app:1", artifact_type=NOTE, annotations={"a": "b"})
        found = client.referrers(f"{running.address}/app:1").referrers
        assert [(one.digest == signature, one.name) for one in found] == [(False, ""), (True, cosign_tag(image, "sig"))]


def test_of_an_index_a_platform_has_what_refers_to_its_manifest() -> None:
    with registry() as running, Client() as client:
        at = f"{running.address}/app"
        put_image(running.address, "app", "amd64")
        client.make_index([f"{at}:amd64"], f"{at}:1")
        client.attach(f"{at}:1", artifact_type=NOTE, annotations={"a": "index"})
        client.attach(f"{at}:1", artifact_type=SBOM, annotations={"a": "manifest"}, platform="linux/amd64")
        assert shape_of(client.referrers(f"{at}:1")) == [(NOTE, [])]
        assert shape_of(client.referrers(f"{at}:1", platform="linux/amd64")) == [(SBOM, [])]


class Lying:
    """A store that lists whatever it is told to."""

    def __init__(self, listed: Iterator[int], width: int = 1) -> None:
        self._listed, self._width = listed, width

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        del subject
        return tuple(pointer(number) for number in itertools.islice(self._listed, self._width))

    def resolve(self, name: str) -> Descriptor:
        raise NotFound(name)

    def read(self, descriptor: Descriptor) -> Document:
        raise NotFound(str(descriptor.digest))

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        raise NotFound(f"{blob.digest} {at}")


def pointer(number: int) -> Descriptor:
    return Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(b"%d" % number), size=1)


def test_a_circle_and_a_list_without_end_do_end() -> None:
    circle = read_referrers(Lying(itertools.cycle([1, 0])), pointer(0), depth=0, apply=map)
    assert [one.digest for one in circle.each()] == [pointer(1).digest]
    deep = read_referrers(Lying(itertools.count(1)), pointer(0), depth=0, apply=map)
    assert len([*deep.each()]) == 16
    with pytest.raises(UnexpectedAnswer, match="more than 10000"):
        read_referrers(Lying(itertools.count(1), 100), pointer(0), depth=0, apply=map)


def test_what_issue_8_shows_of_referrers(tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_text("{}")
    with registry() as running, Client() as client:
        at = f"{running.address}/reg/app"
        image = put_image(running.address, "reg/app", "2")
        words = ("--artifact-type", SBOM, "--created", "2026-01-02T03:04:05Z")
        sbom = boxship("artifact", "attach", f"{at}:2", str(tmp_path / "sbom.json"), *words).output.strip()
        note: Copied = client.attach(sbom, artifact_type=NOTE, annotations={"a": "b"})
        root, first, second = boxship("referrers", f"{at}:2").output.splitlines()
        assert root == f"{at}@{image}"
        assert first.startswith(f"└── {SBOM}  {sbom.partition('@')[2]}  (")
        assert first.endswith(", 2026-01-02T03:04:05Z)")
        assert second.startswith(f"    └── {NOTE}  {note.digest}  (")
        assert boxship("referrers", f"{at}:2", "-o", "name").output == f"{sbom}\n{at}@{note.digest}\n"
        named = boxship("referrers", f"{at}:2", "-o", "name", "--artifact-type", NOTE)
        assert named.output == f"{at}@{note.digest}\n"
        told = json.loads(boxship("referrers", f"{at}:2", "-o", "json", "--depth", "1").raw)
        assert told["schema"] == "boxship.referrers/1"
        assert [one["artifactType"] for one in told["referrers"]] == [SBOM]
        assert told["referrers"][0]["referrers"] == []
        assert boxship("referrers", sbom, "--artifact-type", SIGNATURE, "-o", "name").raw == b""
        assert boxship("referrers", f"{at}:2", "--depth", "0").status == 2
        assert boxship("referrers", f"{at}:none").status == 3
