"""Images move between a registry and files: the same bytes everywhere, and other programs read them."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship import Client
from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.copy import Copied, copy
from boxship.digest import Digest
from boxship.errors import BoxshipError, DigestMismatch, InvalidSettings, NotFound, UnexpectedAnswer
from boxship.formats.oci_layout import OCILayout
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Kind, Place
from boxship.image import bounds
from boxship.reference import Reference
from boxship.registry.repository import Repository
from boxship.registry.uploads import How
from boxship.spec.descriptor import Descriptor
from boxship.store import Source, Target
from boxship.testing import put_image, random_image, registry
from tests.formats.stores import in_memory
from tests.peers.programs import docker_registry, skopeo_copy

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FILES = [kind for kind in Kind if kind is not Kind.DOCKER_DAEMON]
LAYERS = [os.urandom(3 << 20), b"small", b"", os.urandom(2 << 20)]


@contextmanager
def repository(client: Client, text: str) -> Iterator[Repository]:
    reference = Reference.parse(text)
    with client._operations.at(reference.registry) as remote:
        yield Repository(remote, reference)


def copied(source: Source, name: str, target: Target, *names: str) -> Copied:
    crew = Crew(4, "test-copy")
    try:
        return copy(source, name, target, names, crew=crew, work=Work())
    finally:
        crew.close()


@pytest.mark.parametrize("kind", FILES)
def test_an_image_comes_back_from_a_file_as_it_was(tmp_path: Path, kind: Kind) -> None:
    place = Place(kind, tmp_path / "image")
    with registry() as running, Client() as client:
        digest = put_image(running.address, "app", "1", layers=LAYERS)
        with repository(client, f"{running.address}/app") as source, target_at(place) as target:
            there = copied(source, "1", target, "app:1")
        assert (there.digest, there.pushed, there.present) == (digest, len(LAYERS) + 1, 0)
        with source_at(place) as source, repository(client, f"{running.address}/back") as back:
            again = copied(source, "" if kind is Kind.DIR else "app:1", back, "2", "3")
        assert again.digest == digest
        assert list(client.tags(f"{running.address}/back")) == ["2", "3"]
        assert [path for path in tmp_path.rglob("*") if "partial" in path.name or path.name == ".arriving"] == []


def test_what_the_registry_has_elsewhere_is_mounted_and_what_is_there_is_left(tmp_path: Path) -> None:
    with registry() as running, Client() as client:
        put_image(running.address, "app", "1", layers=LAYERS)
        at = running.address
        with repository(client, f"{at}/app") as source, repository(client, f"{at}/other") as target:
            first, second = copied(source, "1", target, "a"), copied(source, "1", target, "b")
        assert (first.mounted, first.pushed, first.size) == (len(LAYERS) + 1, 0, 0)
        assert (second.mounted, second.pushed, second.present) == (0, 0, 0)
        assert list(client.tags(f"{running.address}/other")) == ["a", "b"]


@pytest.mark.peer("docker-registry", "skopeo")
def test_docker_registry_takes_it_and_skopeo_reads_what_is_written(tmp_path: Path) -> None:
    with registry() as running, docker_registry(tmp_path) as theirs, Client() as client:
        # skopeo would compress others.
        digest = put_image(running.address, "app", "1", layers=[gzip.compress(layer) for layer in LAYERS])
        with repository(client, f"{running.address}/app") as source:
            with repository(client, f"{theirs}/app") as target:
                assert copied(source, "1", target, "1").digest == digest
            layout = OCILayout(tmp_path / "layout")
            copied(source, "1", layout, "1")
            with target_at(Place(Kind.OCI_ARCHIVE, tmp_path / "image.tar")) as archive:
                copied(source, "1", archive, "1")
        skopeo_copy(f"oci:{tmp_path}/layout:1", f"oci:{tmp_path}/read:1")
        skopeo_copy(f"oci-archive:{tmp_path}/image.tar:1", f"oci:{tmp_path}/read-archive:1")
        for read in ("read", "read-archive"):
            assert OCILayout(tmp_path / read).resolve("1").digest == digest


@pytest.mark.parametrize("bad", [False, True])
def test_what_came_of_a_blob_is_kept_and_verified_with_the_rest(tmp_path: Path, *, bad: bool) -> None:
    content = os.urandom(3 << 20)
    blob = Descriptor(media_type="", digest=Digest.of(content), size=len(content))
    held = (b"x" if bad else content[:1]) + content[1 : 1 << 20]
    arriving = tmp_path / ".arriving"
    arriving.mkdir()
    (arriving / f"sha256-{blob.digest.hex}").write_bytes(held)
    asked = []

    class Kept:
        @contextmanager
        def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
            asked.append(at)
            yield iter([memoryview(content)[at:]])

    OCILayout(tmp_path).take_blob(blob, Kept())
    assert (tmp_path / "blobs" / "sha256" / blob.digest.hex).read_bytes() == content
    assert asked == ([1 << 20, 0] if bad else [1 << 20])
    assert not arriving.exists()


@pytest.mark.parametrize("kind", [Kind.OCI, Kind.DIR])
def test_a_file_of_the_right_length_is_no_blob_before_it_is_hashed(tmp_path: Path, kind: Kind) -> None:
    image, place = random_image(), Place(kind, tmp_path / "image")
    blob = Descriptor(media_type="", digest=Digest.of(image.layers[0]), size=len(image.layers[0]))
    with target_at(place) as target:
        assert target.take_blob(blob, in_memory(image)) is How.PUSHED
    (file,) = place.path.rglob(blob.digest.hex)
    file.write_bytes(bytes(blob.size))
    with target_at(place) as target:
        assert target.take_blob(blob, in_memory(image)) is How.PUSHED
        assert file.read_bytes() == image.layers[0]
        file.write_bytes(bytes(blob.size))
        assert target.take_blob(blob, in_memory(image)) is How.PRESENT  # it is hashed once in a run


@pytest.mark.parametrize("kind", [Kind.OCI, Kind.DIR])
def test_a_blob_that_was_cut_short_is_missed(tmp_path: Path, kind: Kind) -> None:
    image, place = random_image(), Place(kind, tmp_path / "image")
    source = in_memory(image, "1")
    for pushed in (len(image.blobs), 1, 0):
        with target_at(place) as target:
            assert copied(source, "1", target, "1").pushed == pushed
        (file,) = place.path.rglob(Digest.of(image.layers[0]).hex)
        if pushed > 1:
            file.write_bytes(image.layers[0][:-1])
    assert file.read_bytes() == image.layers[0]


@pytest.mark.parametrize("kind", FILES)
def test_a_wrong_blob_has_no_final_name_and_an_archive_none_at_all(tmp_path: Path, kind: Kind) -> None:
    place = Place(kind, tmp_path / "image")
    with registry() as running, Client() as client:
        put_image(running.address, "app", "1", layers=LAYERS[:1])
        layout = OCILayout(tmp_path / "source")
        with repository(client, f"{running.address}/app") as source:
            copied(source, "1", layout, "1")
        wrong = tmp_path / "source" / "blobs" / "sha256" / hashlib.sha256(LAYERS[0]).hexdigest()
        wrong.write_bytes(b"x" + LAYERS[0][1:])
        with pytest.raises(DigestMismatch), target_at(place) as target:
            copied(layout, "1", target, "1")
        assert not place.path.is_file()
        assert not (place.path / "blobs" / "sha256" / wrong.name).exists()
        with repository(client, f"{running.address}/other") as repo, pytest.raises(BoxshipError):
            copied(layout, "1", repo, "1")
        with pytest.raises(NotFound):
            client.digest(f"{running.address}/other:1")


@pytest.mark.peer("docker-registry")
def test_an_archive_of_plain_layers_becomes_an_image_that_a_registry_keeps(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "plain.tar")
    write_docker_archive(place.path, [b"one" * 1000, b"two" * 100_000])
    with docker_registry(tmp_path) as theirs, Client() as client:
        with source_at(place) as source, repository(client, f"{theirs}/app") as target:
            copied(source, "app:1", target, "1")
        manifest = client.manifest(f"{theirs}/app:1")
        layers = [client.read_blob(f"{theirs}/app@{layer.digest}") for layer in manifest.references[1:]]  # type: ignore[union-attr]
    assert [gzip.decompress(layer) for layer in layers] == [b"one" * 1000, b"two" * 100_000]


def test_a_plain_layer_that_is_not_what_the_configuration_says_is_refused(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "plain.tar")
    write_docker_archive(place.path, [b"one"], diff_ids=[b"two"])
    with source_at(place) as source, pytest.raises(DigestMismatch, match=r"layer\.tar"):
        source.resolve("")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_an_archive_may_be_compressed_as_a_whole(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    plain, packed = tmp_path / "plain.tar", tmp_path / "packed"
    write_docker_archive(plain, [b"one"])
    packed.write_bytes(compress(plain.read_bytes()))
    digests = []
    for path in (plain, packed):
        with source_at(Place(Kind.DOCKER_ARCHIVE, path)) as source:
            digests.append(source.resolve("").digest)
    assert len(set(digests)) == 1


@pytest.mark.parametrize("kind", [Kind.DOCKER_ARCHIVE, Kind.OCI_ARCHIVE])
def test_an_archive_that_is_made_to_fill_a_disk_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    monkeypatch.setattr(bounds, "_FREE", 1 << 20)
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(bytes(32 << 20)))
    with pytest.raises(UnexpectedAnswer, match=r"200 times.*decompress it"), source_at(Place(kind, packed)):
        pass


def test_a_blob_that_no_image_of_an_archive_has_is_not_found(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "plain.tar")
    write_docker_archive(place.path, [b"one"])
    blob = Descriptor(media_type="", digest=Digest.of(b"two"), size=3)
    with source_at(place) as source, pytest.raises(NotFound), source.open_blob(blob):
        pass


def test_a_list_that_is_longer_than_any_is_not_read(tmp_path: Path) -> None:
    layout = OCILayout(tmp_path)
    copied(in_memory(random_image(), "1"), "1", layout, "1")
    os.truncate(tmp_path / "index.json", (64 << 20) + 1)
    with pytest.raises(InvalidSettings, match=r"index\.json: it has 67108865 bytes"):
        layout.resolve("1")
    with pytest.raises(InvalidSettings, match=r"index\.json: it has 67108865 bytes"):
        layout.change_list(lambda now: [one.values for one in now])


def write_docker_archive(path: Path, layers: list[bytes], diff_ids: list[bytes] | None = None) -> None:
    """What `docker save` wrote before Docker 25: plain layers in folders of their own."""
    digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in diff_ids or layers]
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": digests}})
    files = {"config.json": config.encode()}
    files |= {f"{number}/layer.tar": layer for number, layer in enumerate(layers)}
    entry = {"Config": "config.json", "RepoTags": ["app:1"], "Layers": [name for name in files if "/" in name]}
    files["manifest.json"] = json.dumps([entry]).encode()
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
