"""Docker archives in every dialect that is met: each is read as the same image."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from boxship.digest import Digest
from boxship.errors import DigestMismatch, InvalidInput, NotFound, UnexpectedAnswer
from boxship.formats.memory import Memory
from boxship.formats.opening import source_at
from boxship.formats.place import Kind, Place
from boxship.image.opening import image_at
from boxship.spec.manifest import Manifest
from tests.formats.stores import copied, file, tar_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LAYERS = [tar_of([file(f"file-{number}", bytes([number]) * 5000)], packed=False) for number in range(2)]
DIFF_IDS = [hashlib.sha256(layer).hexdigest() for layer in LAYERS]
CONFIG = json.dumps(
    {
        "os": "linux",
        "architecture": "amd64",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}" for diff_id in DIFF_IDS]},
    }
).encode()
CONFIG_ID = hashlib.sha256(CONFIG).hexdigest()
V1 = ("1" * 64, "2" * 64)  # names of layers as docker had them before content was addressed

Member = bytes | str  # a file's bytes, or where a symbolic link leads


def archive(
    path: Path, members: Mapping[str, Member], *, names: tuple[str, ...] = ("app:1",), **entry: object
) -> Place:
    """Write a tar of these members, and a `manifest.json` with such an entry."""
    listed = json.dumps([{"RepoTags": list(names), **entry}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, content in {**members, "manifest.json": listed}.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return Place(Kind.DOCKER_ARCHIVE, path)


def docker_before_25(path: Path) -> Place:
    """moby 1.10 to 24: a folder for each layer, named by an identity that says nothing of its content."""
    folders: dict[str, Member] = {f"{name}/{part}": b"{}" for name in V1 for part in ("json", "VERSION")}
    layers = {f"{name}/layer.tar": layer for name, layer in zip(V1, LAYERS, strict=True)}
    members = {**folders, **layers, f"{CONFIG_ID}.json": CONFIG, "repositories": b'{"app":{"1":"2222"}}'}
    return archive(path, members, Config=f"{CONFIG_ID}.json", Layers=list(layers))


def docker_that_links(path: Path) -> Place:
    """The same of several images: a layer that was written already is a symbolic link (moby#36250)."""
    first, second = (f"{name}/layer.tar" for name in V1)
    members: dict[str, Member] = {
        f"{'3' * 64}/layer.tar": LAYERS[0],
        first: f"../{'3' * 64}/layer.tar",
        second: LAYERS[1],
    }
    return archive(path, {**members, f"{CONFIG_ID}.json": CONFIG}, Config=f"{CONFIG_ID}.json", Layers=[first, second])


def docker_25(path: Path) -> Place:
    """moby 25 and later with its own store: a layout, too, with plain layers and a manifest that it made up."""
    blobs = {f"blobs/sha256/{diff_id}": layer for diff_id, layer in zip(DIFF_IDS, LAYERS, strict=True)}
    layer_type, manifest_type = "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.manifest.v1+json"
    layers = [
        {"mediaType": layer_type, "digest": f"sha256:{diff_id}", "size": len(layer)}
        for diff_id, layer in zip(DIFF_IDS, LAYERS, strict=True)
    ]
    config = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": f"sha256:{CONFIG_ID}",
        "size": len(CONFIG),
    }
    manifest = json.dumps({"schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": layers}).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    names = {"io.containerd.image.name": "docker.io/library/app:1", "org.opencontainers.image.ref.name": "1"}
    at = {"mediaType": manifest_type, "digest": f"sha256:{digest}", "size": len(manifest), "annotations": names}
    members = {
        **blobs,
        f"blobs/sha256/{CONFIG_ID}": CONFIG,
        f"blobs/sha256/{digest}": manifest,
        f"blobs/sha256/{'9' * 64}": b'{"id":"a legacy configuration"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [at]}).encode(),
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "repositories": b'{"app":{"1":"2222"}}',
    }
    sources = {f"sha256:{diff_id}": layer for diff_id, layer in zip(DIFF_IDS, layers, strict=True)}
    return archive(path, members, Config=f"blobs/sha256/{CONFIG_ID}", Layers=list(blobs), LayerSources=sources)


def podman(path: Path) -> Place:
    """podman and skopeo: layers by their own names, and folders for old docker that link to them."""
    layers = {f"{diff_id}.tar": layer for diff_id, layer in zip(DIFF_IDS, LAYERS, strict=True)}
    links = {f"{name}/layer.tar": f"../{layer}" for name, layer in zip(V1, layers, strict=True)}
    members: dict[str, Member] = {**layers, **links, f"{CONFIG_ID}.json": CONFIG}
    names = ("localhost/app:1",)
    return archive(path, members, names=names, Config=f"{CONFIG_ID}.json", Layers=list(layers))


def crane(path: Path) -> Place:
    """crane, kaniko, ko: a configuration with a colon in its name, and layers as a registry has them."""
    layers = {f"{diff_id}.tar.gz": gzip.compress(layer) for diff_id, layer in zip(DIFF_IDS, LAYERS, strict=True)}
    members = {**layers, f"sha256:{CONFIG_ID}": CONFIG}
    names = ("index.docker.io/library/app:1",)
    return archive(path, members, names=names, Config=f"sha256:{CONFIG_ID}", Layers=list(layers))


def nix(path: Path) -> Place:
    """Nix, Bazel and others: every name begins with `./`."""
    layers = {f"./{name}/layer.tar": layer for name, layer in zip(V1, LAYERS, strict=True)}
    listed = [name.removeprefix("./") for name in layers]
    return archive(path, {**layers, "./config.json": CONFIG}, Config="config.json", Layers=listed)


def jib(path: Path) -> Place:
    """Jib: `config.json` and short names."""
    layers = {f"{number}.tar.gz": gzip.compress(layer) for number, layer in enumerate(LAYERS)}
    return archive(path, {**layers, "config.json": CONFIG}, Config="config.json", Layers=list(layers))


def packed(compress: Callable[[bytes], bytes]) -> Callable[[Path], Place]:
    """Each layer compressed in another way."""

    def write(path: Path) -> Place:
        layers = {f"{number}.tar": compress(layer) for number, layer in enumerate(LAYERS)}
        return archive(path, {**layers, "c.json": CONFIG}, Config="c.json", Layers=list(layers))

    return write


DIALECTS = {
    **{write.__name__: write for write in (docker_before_25, docker_that_links, docker_25, podman, crane, nix, jib)},
    **{f"layers by {c.__module__}": packed(c) for c in (gzip.compress, bz2.compress, lzma.compress, zstd.compress)},
}


@pytest.mark.parametrize("whole", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("write", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_is_the_same_image(
    tmp_path: Path, write: Callable[[Path], Place], whole: Callable[[bytes], bytes]
) -> None:
    place = write(tmp_path / "image.tar")
    place.path.write_bytes(whole(place.path.read_bytes()))
    back = Memory()
    with source_at(place) as source:
        for name in ("", "1", "app:1", "@0"):
            assert copied(source, name, back, "app").digest == source.resolve("app:1").digest
    manifest = image_at(back, "app")
    assert back._blobs[manifest.config.digest] == CONFIG
    assert [unpacked(back, manifest, number) for number in range(2)] == LAYERS


def unpacked(store: Memory, manifest: Manifest, number: int) -> bytes:
    layer = manifest.layers[number]
    content = store._blobs[layer.digest]
    return {"gzip": gzip.decompress, "zstd": zstd.decompress}[layer.media_type.rpartition(".tar")[2][1:]](content)


def test_layers_of_docker_s_own_are_compressed_as_docker_would_push_them(tmp_path: Path) -> None:
    with source_at(docker_25(tmp_path / "image.tar")) as source:
        sizes = [layer.size for layer in image_at(source, "app:1").layers]
    assert all(size < len(layer) // 10 for size, layer in zip(sizes, LAYERS, strict=True))


def test_a_layer_that_is_compressed_otherwise_is_verified(tmp_path: Path) -> None:
    layers = {f"{number}.tar": bz2.compress(layer) for number, layer in enumerate(reversed(LAYERS))}
    place = archive(tmp_path / "image.tar", {**layers, "c.json": CONFIG}, Config="c.json", Layers=list(layers))
    with source_at(place) as source, pytest.raises(DigestMismatch, match=r"the layer 0\.tar"):
        source.resolve("")


@pytest.mark.parametrize(
    ("entry", "error", "why"),
    [
        ({"Config": "missing.json", "Layers": []}, NotFound, r"missing\.json"),
        ({"Config": "c.json", "Layers": ["missing.tar", "a"]}, NotFound, r"missing\.tar"),
        ({"Config": "c.json", "Layers": ["a"]}, UnexpectedAnswer, "1 layers, and its configuration has 2"),
        ({"Config": "c.json", "Layers": "a"}, UnexpectedAnswer, "should be a list"),
        ({"Config": "../../../etc/passwd", "Layers": []}, NotFound, "passwd"),
        ({"Config": "out", "Layers": []}, NotFound, "out"),
        ({"Config": "round", "Layers": []}, NotFound, "round"),
    ],
)
def test_what_an_archive_lacks_is_said(tmp_path: Path, entry: dict[str, Any], error: type[Exception], why: str) -> None:
    members: dict[str, Member] = {"c.json": CONFIG, "a": LAYERS[0], "out": "/etc/passwd", "round": "round"}
    place = archive(tmp_path / "image.tar", members, **entry)
    with source_at(place) as source, pytest.raises(error, match=why):
        source.resolve("")


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(b"hello" * 1000)
    with pytest.raises(UnexpectedAnswer, match="no tar file"), source_at(Place(Kind.DOCKER_ARCHIVE, path)):
        pass
    with tarfile.open(path, "w"):
        pass
    with source_at(Place(Kind.DOCKER_ARCHIVE, path)) as source, pytest.raises(NotFound, match=r"manifest\.json"):
        source.resolve("")


@pytest.mark.parametrize("packed", [True, False])
def test_a_layer_is_hashed_once_and_what_is_written_to_the_archive_since_is_seen(
    tmp_path: Path, *, packed: bool
) -> None:
    layers = [gzip.compress(layer) if packed else layer for layer in LAYERS]
    place = archive(
        tmp_path / "image.tar", {"c.json": CONFIG, "0": layers[0], "1": layers[1]}, Config="c.json", Layers=["0", "1"]
    )
    with source_at(place) as source:
        layer = Manifest.parse(source.read(source.resolve("")).raw).layers[1]
        with source.open_blob(layer) as pieces:
            assert Digest.of(b"".join(pieces)) == layer.digest
        with place.path.open("r+b") as file:
            file.seek(600)
            file.write(b"something else")
        with source.open_blob(layer) as pieces:
            if packed:
                with pytest.raises(InvalidInput, match="changed while it was being read"):
                    list(pieces)
            else:  # it was compressed into a file of its own
                assert Digest.of(b"".join(pieces)) == layer.digest


def test_the_digest_of_an_archive_is_the_same_every_time(tmp_path: Path) -> None:
    digests = set[Digest]()
    for number in range(2):
        with source_at(docker_before_25(tmp_path / f"{number}.tar")) as source:
            digests.add(source.resolve("").digest)
    assert len(digests) == 1
