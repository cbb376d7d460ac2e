"""Images that are not as they should be: whatever changes images says in words what it does not do with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.changes import Changes
from boxship.image.convert import Conversion
from boxship.media_type import (
    DOCKER_FOREIGN_GZIP,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    OCI_NONDISTRIBUTABLE_GZIP,
)
from boxship.testing import Image
from tests.formats.stores import file, tar_of

SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
IMAGE = Image.of([tar_of([file("a", b"1")]), tar_of([file("b", b"2")])])

Blobs = list[bytes]
Act = Callable[[Client, str, Path], object]

ACTS: Mapping[str, Act] = {
    "append": lambda client, at, own: client.append([own / "more"], f"{at}:made", base=f"{at}:bad"),
    "mutate": lambda client, at, _: client.mutate(f"{at}:bad", f"{at}:made", changes=Changes(labels={"a": "b"})),
    "compress": lambda client, at, _: client.mutate(
        f"{at}:bad", f"{at}:made", conversion=Conversion(compression="zstd")
    ),
    "strip": lambda client, at, _: client.mutate(f"{at}:bad", f"{at}:made", conversion=Conversion(strip=("a",))),
    "flatten": lambda client, at, _: client.flatten(f"{at}:bad", f"{at}:made"),
    "rebase": lambda client, at, _: client.rebase(
        f"{at}:bad", f"{at}:made", old_base=f"{at}:bad", new_base=f"{at}:good"
    ),
    "edit": lambda client, at, _: client.edit_file(f"{at}:bad", f"{at}:made", path="a", edit=lambda _: b"2"),
    "config": lambda client, at, _: client.replace_config(f"{at}:bad", f"{at}:made", content=IMAGE.config),
    "index": lambda client, at, _: client.make_index([f"{at}:bad"], f"{at}:made"),
    "copy": lambda client, at, _: client.copy(f"{at}:bad", f"{at}:made"),
    "export": lambda client, at, own: client.export(f"{at}:bad", own / "tar"),
    "pull": lambda client, at, own: client.pull_artifact(f"{at}:bad", own / "out"),
    "files": lambda client, at, _: client.list_files(f"{at}:bad"),
    "get": lambda client, at, own: client.get_files(f"{at}:bad", "a", own / "out"),
    "tree": lambda client, at, _: client.tree(f"{at}:bad"),
    "diff": lambda client, at, _: client.diff(f"{at}:good", f"{at}:bad"),
}


def pointer(content: bytes, kind: str, **more: object) -> dict[str, object]:
    return {"mediaType": kind, "digest": str(Digest.of(content)), "size": len(content), **more}


def manifest(**fields: object) -> bytes:
    """The manifest of an image with other fields."""
    return json.dumps({**json.loads(IMAGE.manifest), **fields}).encode()


def index(*below: bytes, kind: str = OCI_MANIFEST) -> bytes:
    return json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [pointer(one, kind) for one in below]}
    ).encode()


def layout(root: Path, bad: bytes, kind: str, *blobs: bytes) -> str:
    """A layout with a good image, and with these bytes as what is called `bad`."""
    folder = root / "layout/blobs/sha256"
    folder.mkdir(parents=True)
    for content in (*IMAGE.blobs.values(), IMAGE.manifest, bad, *blobs):
        (folder / Digest.of(content).hex).write_bytes(content)
    named = [(IMAGE.manifest, OCI_MANIFEST, "good"), (bad, kind, "bad")]
    entries = [pointer(one, of, annotations={"org.opencontainers.image.ref.name": name}) for one, of, name in named]
    (root / "layout/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    (root / "layout/oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (root / "more").mkdir()
    return f"oci:{root / 'layout'}"


def nested() -> Iterator[bytes]:
    """Indexes in indexes."""
    content, kind = IMAGE.manifest, OCI_MANIFEST
    for _ in range(10):
        content, kind = index(content, kind=kind), OCI_INDEX
        yield content


_NESTED = [*nested()]
_SCHEMA_1 = json.dumps({"schemaVersion": 1, "name": "a", "tag": "1", "fsLayers": [], "history": []}).encode()
_NO_JSON = b"<html>"
_OTHER = json.dumps({"schemaVersion": 2}).encode()

# What is called `bad`, of which type it is said to be, what else is there, and what is said of it.
BAD: Mapping[str, tuple[bytes, str, Blobs, str]] = {
    "schema 1": (_SCHEMA_1, SCHEMA_1, [], "Docker's schema 1"),
    "schema 1 without a type": (_SCHEMA_1, "", [], "Docker's schema 1"),
    "an index that is said to be a manifest": (index(IMAGE.manifest), OCI_MANIFEST, [], "config"),
    "a manifest that is said to be an index": (IMAGE.manifest, OCI_INDEX, [], "manifests"),
    "both at once": (manifest(manifests=[]), OCI_MANIFEST, [], "no place in an image manifest"),
    "no JSON": (_NO_JSON, OCI_MANIFEST, [], "not JSON"),
    "nothing of an image": (_OTHER, DOCKER_MANIFEST, [], "no image manifest"),
    "indexes without end": (_NESTED[-1], OCI_INDEX, _NESTED[:-1], "deep|is an index|no manifest for"),
    "a digest that is none": (manifest(layers=[{**pointer(b"", OCI_LAYER_GZIP), "digest": "md5:1"}]), "", [], "digest"),
    "a size below nothing": (manifest(layers=[{**pointer(b"", OCI_LAYER_GZIP), "size": -1}]), "", [], "negative"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_is_no_image_is_refused_in_words(act: Act, name: str, tmp_path: Path) -> None:
    bad, kind, blobs, said = BAD[name]
    at = layout(tmp_path, bad, kind, *blobs)
    with Client() as client, pytest.raises(UnexpectedAnswer, match=said):
        act(client, at, tmp_path)
    listed = json.loads((tmp_path / "layout/index.json").read_bytes())["manifests"]
    assert len(listed) == 2


@pytest.mark.parametrize("name", ["flatten", "edit", "export", "files", "get", "tree", "diff"])
def test_a_layer_that_may_not_be_distributed_cannot_be_looked_into(name: str, tmp_path: Path) -> None:
    with Client() as client:
        at = layout(tmp_path, with_foreign(), OCI_MANIFEST)
        with pytest.raises(UnexpectedAnswer, match="may not be distributed"):
            ACTS[name](client, at, tmp_path)


@pytest.mark.parametrize("name", ["append", "mutate", "copy", "compress", "strip"])
def test_a_layer_that_may_not_be_distributed_stays_where_it_is(name: str, tmp_path: Path) -> None:
    with Client() as client:
        at = layout(tmp_path, with_foreign(), OCI_MANIFEST)
        ACTS[name](client, at, tmp_path)
        assert json.loads(client.raw(f"{at}:made"))["layers"][0] == foreign(DOCKER_FOREIGN_GZIP)
        client.mutate(f"{at}:bad", f"{at}:oci", conversion=Conversion(types="oci"))
        assert json.loads(client.raw(f"{at}:oci"))["layers"][0] == foreign(OCI_NONDISTRIBUTABLE_GZIP)
    assert not (tmp_path / "layout/blobs/sha256" / Digest.of(b"not here").hex).exists()


def foreign(kind: str) -> dict[str, object]:
    return pointer(b"not here", kind, urls=["https://mcr.microsoft.com/layer"])


def with_foreign() -> bytes:
    return manifest(layers=[foreign(DOCKER_FOREIGN_GZIP), *json.loads(IMAGE.manifest)["layers"][1:]])


def test_a_configuration_without_a_history_stays_without_one(tmp_path: Path) -> None:
    config = json.dumps({**json.loads(IMAGE.config), "unknown": [1, {"a": None}]}).encode()
    with Client() as client:
        at = layout(tmp_path, manifest(config=pointer(config, OCI_CONFIG)), OCI_MANIFEST, config)
        for name in ("append", "mutate", "compress", "strip", "flatten", "edit", "rebase"):
            ACTS[name](client, at, tmp_path)
            assert client.validate(f"{at}:made").findings == (), name
            made = json.loads(client.raw(f"{at}:made"))["config"]["digest"].partition(":")[2]
            told = json.loads((tmp_path / "layout/blobs/sha256" / made).read_bytes())
            if name != "rebase":  # whose configuration is the new base's, where it says what it does
                assert told["unknown"] == [1, {"a": None}], name
            assert ("history" in told) == (name == "flatten"), name
        assert [layer.created_by for layer in client.tree(f"{at}:bad").layers] == ["", ""]


def test_a_file_that_is_too_long_to_be_edited_is_not_read(tmp_path: Path) -> None:
    long = Image.of([tar_of([file("a", bytes(65 << 20))])])
    with Client() as client:
        at = layout(tmp_path, long.manifest, OCI_MANIFEST, *long.blobs.values())
        with pytest.raises(UnexpectedAnswer, match="too long"):
            ACTS["edit"](client, at, tmp_path)


def test_layers_of_unknown_types_are_what_their_bytes_are(tmp_path: Path) -> None:
    layers = [{**one, "mediaType": "application/x-what"} for one in json.loads(IMAGE.manifest)["layers"]]
    with Client() as client:
        at = layout(tmp_path, manifest(layers=layers), OCI_MANIFEST)
        ACTS["append"](client, at, tmp_path)
        assert json.loads(client.raw(f"{at}:made"))["layers"][:2] == layers
        ACTS["flatten"](client, at, tmp_path)
        assert json.loads(client.raw(f"{at}:made"))["layers"][0]["mediaType"] == OCI_LAYER_GZIP
