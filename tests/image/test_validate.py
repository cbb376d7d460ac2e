"""What is wrong with an image is found, wherever it is; what is right is left alone."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship import Client
from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.digest import Digest
from boxship.errors import BoxshipError, Cancelled
from boxship.formats.memory import Memory
from boxship.formats.oci_layout import OCILayout
from boxship.image.validate import Validated, validate
from boxship.media_type import OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST
from boxship.spec.descriptor import Descriptor
from boxship.store import Source
from boxship.testing import Image, put_image, registry
from tests.formats.stores import copied, file, in_memory, index_of, tar_of
from tests.peers.programs import docker_registry

PLAIN = [tar_of([file("a", os.urandom(2_000_000))], packed=False), tar_of([file("b", b"b" * 5000)], packed=False)]
PACKED = [gzip.compress(PLAIN[0], 1, mtime=0), PLAIN[1]]


def validated(source: Source, name: str = "1", *, fast: bool = False) -> Validated:
    crew = Crew(4, "test-validate")
    try:
        return validate(source, name, fast=fast, crew=crew, work=Work())
    finally:
        crew.close()


def made(
    layers: Sequence[bytes] = PACKED,
    *,
    diff_ids: Sequence[bytes] = PLAIN,
    kind: str = "layers",
    media_types: Sequence[str] = (OCI_LAYER_GZIP, OCI_LAYER),
    longer: int = 0,
    rootfs: Mapping[str, object] | None = None,
) -> Image:
    """An image that may say of itself what is not so."""
    said = {"type": kind, "diff_ids": [str(Digest.of(content)) for content in diff_ids]}
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs or said}).encode()
    listed = [
        {"mediaType": media_type, "digest": str(Digest.of(layer)), "size": len(layer) + longer}
        for layer, media_type in zip(layers, media_types, strict=False)
    ]
    pointing = {"mediaType": OCI_CONFIG, "digest": str(Digest.of(config)), "size": len(config)}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": pointing, "layers": listed}
    return Image(manifest=json.dumps(manifest).encode(), config=config, layers=tuple(layers))


BOMB = gzip.compress(bytes(1_000_000), 9, mtime=0) * 400
CUT = PACKED[0][:-10]
SOON = 5.0
WRONG = {
    "another diff_id": (made(diff_ids=PLAIN[::-1]), "layer 0: unpacked it is sha256:"),
    "a diff_id too many": (made(diff_ids=[*PLAIN, b""]), "config: it has 3 diff_ids for 2 layers"),
    "another rootfs": (made(kind="files"), "config: the type of its rootfs is 'files'"),
    "a diff_id that is none": (made(rootfs={"type": "layers", "diff_ids": ["abc"]}), "config: invalid reference 'abc'"),
    "another compression": (
        made(media_types=[OCI_LAYER_ZSTD, OCI_LAYER]),
        "layer 0: it is gzip, and its media type is",
    ),
    "none at all": (made(media_types=[OCI_LAYER_GZIP] * 2), "layer 1: it is not compressed, and its media type is"),
    "a size": (made(longer=1), "layer 1: expected 10241 bytes, received 10240"),
    "cut short": (made([CUT, PLAIN[1]]), "layer 0: it is cut short"),
    "a bomb": (made([BOMB], diff_ids=[b""], media_types=[OCI_LAYER_GZIP]), "layer 0: it becomes more than 200 times"),
}


@pytest.mark.parametrize(("image", "finding"), WRONG.values(), ids=WRONG.keys())
def test_what_an_image_says_wrongly_of_itself_is_found(image: Image, finding: str) -> None:
    found = validated(in_memory(image, "1"))
    assert any(str(one).startswith(f"{image.digest} {finding}") for one in found.findings), found.findings


def test_where_one_cannot_be_read_the_others_end() -> None:
    image, begun, ended = made(), threading.Event(), threading.Event()

    class Unreadable(Memory):
        @contextmanager
        def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
            if blob.digest == Digest.of(image.layers[0]):
                assert begun.wait(SOON)
                raise BoxshipError("the disk does not answer")
            if blob.digest == Digest.of(image.config):
                with super().open_blob(blob, at) as pieces:
                    yield pieces
                return
            try:
                yield slowly()
            except Cancelled:
                ended.set()
                raise

    def slowly() -> Iterator[memoryview]:
        until = time.monotonic() + 2 * SOON
        while time.monotonic() < until:
            begun.set()
            yield memoryview(b"\0")
            time.sleep(0.01)

    with pytest.raises(BoxshipError, match="does not answer"):
        validated(in_memory(image, "1", into=Unreadable()))
    assert ended.wait(SOON)


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if how == "short" else bytes([content[0] ^ 1]) + content[1:])


DAMAGE = {
    ("layer", "missing"): "it is not there",
    ("layer", "short"): "expected",
    ("layer", "changed"): "expected sha256:",
    ("config", "missing"): "it is not there",
    ("config", "changed"): "expected sha256:",
    ("manifest", "missing"): "it is not there",
    ("manifest", "changed"): "expected sha256:",
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(("what", "how"), DAMAGE)
def test_what_has_happened_to_a_layout_is_found(tmp_path: Path, what: str, how: str, *, fast: bool) -> None:
    image, other = made(), made(PACKED[1:], diff_ids=PLAIN[1:], media_types=[OCI_LAYER])
    store = in_memory(other, into=in_memory(image))
    index_of(store, "1", [(image, "linux/amd64"), (other, "linux/arm64")])
    copied(store, "1", OCILayout(tmp_path), "1")
    digest = {"layer": Digest.of(PACKED[0]), "config": Digest.of(image.config), "manifest": image.digest}[what]
    assert validated(OCILayout(tmp_path), fast=fast).findings == ()
    damage(tmp_path / "blobs" / "sha256" / digest.hex, how)
    found = validated(OCILayout(tmp_path), fast=fast)
    if fast and (what, how) == ("layer", "changed"):
        assert found.findings == ()  # that is what it does not look at
        return
    (finding,) = found.findings
    assert finding.where.startswith(str(image.digest))
    assert finding.what.startswith(DAMAGE[what, how])


@pytest.mark.peer("docker-registry")
@pytest.mark.parametrize("fast", [False, True])
def test_what_is_right_is_right_in_registries_and_in_every_format(tmp_path: Path, *, fast: bool) -> None:
    with registry() as running, docker_registry(tmp_path / "theirs") as theirs, Client() as client:
        digest = put_image(running.address, "app", "1", layers=PACKED)
        places = [f"{kind}:{tmp_path / kind}" for kind in ("oci", "oci-archive", "docker-archive", "dir")]
        for place in (f"{theirs}/app:1", *places):
            client.copy(f"{running.address}/app:1", place)
        for where in (f"{running.address}/app:1", f"{theirs}/app:1", *places):
            found = client.validate(where, fast=fast)
            assert (found.digest, found.findings, found.manifests, found.blobs) == (digest, (), 1, 3)
            assert found.size == sum(map(len, Image.of(PACKED).blobs.values()))


@pytest.mark.parametrize(("platforms", "manifests"), [((), 3), (("linux/arm64",), 2), (("linux/s390x",), 1)])
def test_platforms_are_looked_at_that_are_wanted(tmp_path: Path, platforms: tuple[str, ...], manifests: int) -> None:
    images = [(made(), "linux/amd64"), (made(PACKED[1:], diff_ids=PLAIN[1:], media_types=[OCI_LAYER]), "linux/arm64")]
    store = Memory()
    for image, _ in images:
        in_memory(image, into=store)
    digest = index_of(store, "1", images)
    copied(store, "1", OCILayout(tmp_path), "1")
    with Client() as client:
        found = client.validate(f"oci:{tmp_path}:1", platforms=platforms)
    missing = [f"{digest}: it has no manifest for linux/s390x"] if "linux/s390x" in platforms else []
    assert (found.manifests, list(map(str, found.findings))) == (manifests, missing)
