"""What images say of themselves: each document read, none of the layers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.formats.memory import Memory
from boxship.formats.oci_layout import OCILayout
from boxship.image.history import history
from boxship.image.inspection import inspect
from boxship.media_type import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST
from boxship.platform import Platform
from boxship.registry.manifests import Document
from boxship.testing import Image, put_image, registry
from tests.formats.stores import copied, file, in_memory, index_of, platform_index, tar_of
from tests.verbs.changed import described

TWO = Image.of([tar_of([file("a", b"1")]), tar_of([file("b", b"2")])])
RUN = {
    "Env": ["A=1"],
    "Cmd": ["sh"],
    "Labels": {"team": "a"},
    "User": "me",
    "ExposedPorts": {"80/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"]},
}


def test_a_file_has_its_rights_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else reads what the image lets nobody else read, not for a moment."""
    image, named = Image.of([tar_of([file("etc/shadow", b"secret", mode=0o600)])]), list[int]()
    copied(in_memory(image, "1"), "1", OCILayout(tmp_path / "layout"), "1")
    rename = Path.replace

    def renamed(self: Path, target: Path) -> Path:
        named.append(self.stat().st_mode & 0o777)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", renamed)
    with Client() as client:
        client.get_files(f"oci:{tmp_path}/layout:1", "/etc/shadow", tmp_path / "out")
    assert (named, (tmp_path / "out").stat().st_mode & 0o777) == ([0o600], 0o600)


def test_an_image_says_all_that_its_documents_do() -> None:
    image = described(TWO, created="2026-01-02T03:04:05Z", author="me", config=RUN)
    found = inspect(in_memory(image, "1"), "1").document()
    layers = json.loads(image.manifest)["layers"]
    config = json.loads(image.manifest)["config"]
    assert found == {
        "digest": str(image.digest),
        "media_type": OCI_MANIFEST,
        "size": config["size"] + sum(layer["size"] for layer in layers),
        "platform": "linux/amd64",
        "created": "2026-01-02T03:04:05Z",
        "author": "me",
        "config_media_type": config["mediaType"],
        "config_digest": config["digest"],
        "os": "linux",
        "architecture": "amd64",
        "cmd": ["sh"],
        "env": ["A=1"],
        "user": "me",
        "labels": {"team": "a"},
        "exposed_ports": {"80/tcp": {}},
        "healthcheck": {"Test": ["CMD", "true"]},
        "layers": [{"digest": one["digest"], "size": one["size"], "media_type": one["mediaType"]} for one in layers],
    }


def test_an_index_says_what_each_of_its_images_does_and_one_platform_is_an_image() -> None:
    store = Memory()
    digest = platform_index(store, "1", ["linux/amd64", "linux/arm64", "windows/amd64"])
    found = inspect(store, "1")
    assert (found.digest, found.is_index) == (digest, True)
    assert [str(image.platform) for image in found.images] == ["linux/amd64", "linux/arm64", "windows/amd64"]
    assert found.size == sum(image.size for image in found.images)
    arm = inspect(store, "1", (Platform.parse("linux/arm64"),))
    assert arm == found.images[1]
    assert arm.config
    assert not arm.is_index
    two = inspect(store, "1", (Platform.parse("linux/arm64"), Platform.parse("windows/amd64")))
    assert two.images == found.images[1:]
    with pytest.raises(UnexpectedAnswer, match="platforms are linux/amd64, linux/arm64"):
        inspect(store, "1", (Platform.parse("plan9/amd64"),))


def test_an_artifact_has_no_configuration_to_be_read() -> None:
    store = Memory()
    empty = store.add_blob(b"{}", OCI_EMPTY)
    pointer = {"mediaType": OCI_EMPTY, "digest": str(empty.digest), "size": 2}
    told = {"schemaVersion": 2, "artifactType": "a/b", "config": pointer, "layers": [], "annotations": {"n": "1"}}
    raw = json.dumps({**told, "subject": {**pointer, "mediaType": OCI_MANIFEST}}).encode()
    store.name(Document(raw, OCI_MANIFEST, Digest.of(raw)), ("1",))
    found = inspect(store, "1")
    assert (found.artifact_type, found.config, found.subject) == ("a/b", None, empty.digest)
    assert (found.platform, found.annotations) == (None, {"n": "1"})


def test_indexes_in_indexes_end() -> None:
    store, image = Memory(), Image.of([tar_of([file("a")])])
    in_memory(image, into=store)
    index_of(store, "0", [(image, "linux/amd64")])
    for depth in range(12):
        below = store.resolve(str(depth))
        pointer = {"mediaType": OCI_INDEX, "digest": str(below.digest), "size": below.size}
        raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [pointer]}).encode()
        store.name(Document(raw, OCI_INDEX, Digest.of(raw)), (str(depth + 1),))
    assert inspect(store, "7").images
    with pytest.raises(UnexpectedAnswer, match="indexes stand in indexes"):
        inspect(store, "12")


def steps(image: Image) -> list[tuple[str, str | None]]:
    store = in_memory(image, "1")
    found = history(store, store.read(store.resolve("1")))
    return [(step.created_by, str(step.layer.digest) if step.layer else None) for step in found.steps]


def test_each_step_has_its_layer_and_empty_ones_have_none() -> None:
    one, two = (layer["digest"] for layer in json.loads(TWO.manifest)["layers"])
    said = [{"created_by": "COPY a"}, {"created_by": "ENV", "empty_layer": True}, {"created_by": "COPY b"}]
    assert steps(described(TWO, history=said)) == [("COPY a", one), ("ENV", None), ("COPY b", two)]
    store = in_memory(described(TWO, history=said), "1")
    found = history(store, store.read(store.resolve("1")))
    assert not found.uneven
    assert [step.diff_id for step in found.steps if step.layer] == json.loads(TWO.config)["rootfs"]["diff_ids"]


@pytest.mark.parametrize(
    ("said", "words"),
    [(None, ["", ""]), ([], ["", ""]), ([{"created_by": "x"}], ["x", ""]), ([{"created_by": "x"}] * 3, ["x"] * 3)],
)
def test_a_history_that_is_missing_or_wrong_still_shows_the_layers(said: object, words: list[str]) -> None:
    image = described(TWO, history=said)
    one, two = (layer["digest"] for layer in json.loads(TWO.manifest)["layers"])
    assert steps(image) == list(zip(words, [one, two, None], strict=False))
    store = in_memory(image, "1")
    assert history(store, store.read(store.resolve("1"))).uneven == (bool(said) and words != ["x", "x"])


@pytest.mark.parametrize("said", [7, [7], [{"empty_layer": "yes"}]])
def test_a_history_that_is_none_is_refused(said: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="malformed"):
        steps(described(TWO, history=said))


def test_an_image_of_docker_s_schema_1_is_refused_in_words() -> None:
    raw = json.dumps({"schemaVersion": 1, "name": "a", "tag": "1", "fsLayers": [], "history": []}).encode()
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    store = Memory()
    for media_type in (kind, "application/json"):
        document = Document(raw, media_type, Digest.of(raw))
        store.name(document, ("1",))
        with pytest.raises(UnexpectedAnswer, match="schema 1") as caught:
            inspect(store, "1")
        assert "push it anew" in caught.value.remedy


def test_no_layer_and_no_list_of_tags_is_asked_for() -> None:
    asked: list[str] = []
    with (
        registry() as server,
        Client(on_event=lambda e: asked.append(e.text) if e.name == "Request" else None) as client,
    ):
        put_image(server.address, "app", "1", TWO)
        found = client.inspect(f"{server.address}/app:1")
        assert found.digest == TWO.digest == Digest.of(client.raw(f"{server.address}/app:1"))
        assert len(client.history(f"{server.address}/app:1").steps) == 2
    layers = [str(digest) for digest in list(TWO.blobs)[1:]]
    assert asked
    assert not [text for text in asked if "tags/list" in text or any(layer in text for layer in layers)]


def test_wrong_media_types_are_said_as_they_are() -> None:
    manifest = json.loads(TWO.manifest)
    manifest["config"]["mediaType"] = "text/plain"
    image = replace(TWO, manifest=json.dumps(manifest).encode())
    store = in_memory(image, "1")
    assert inspect(store, "1").config is None
    with pytest.raises(UnexpectedAnswer, match="is no image"):
        history(store, store.read(store.resolve("1")))
