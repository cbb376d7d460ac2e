from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.platform import Platform
from boxship.spec.config import Config
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Fields, Malformed
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest

DIGEST = Digest.of(b"content")
POINTER = {"mediaType": "a/b", "digest": str(DIGEST), "size": 7}
MANIFEST = {"schemaVersion": 2, "config": POINTER, "layers": [POINTER, POINTER]}
INDEX = {"schemaVersion": 2, "manifests": [{**POINTER, "platform": {"os": "linux", "architecture": "amd64"}}, POINTER]}


def encoded(document: object) -> bytes:
    return json.dumps(document, indent=3).encode()


def changed(document: Mapping[str, object], path: str, value: object) -> dict[str, object]:
    """The document with the field at `path` (`layers.1.size`) set to `value`; None takes it away, as null does."""
    copy = cast("dict[str, object]", json.loads(json.dumps(document)))
    *way, last = path.split(".")
    place: object = copy
    for step in way:
        place = place[int(step)] if isinstance(place, list) else cast("dict[str, object]", place)[step]
    cast("dict[str, object]", place)[last] = value
    return copy


def test_a_descriptor_is_read_with_what_is_said_of_it() -> None:
    platform = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    more = {"platform": platform, "artifactType": "t/u", "annotations": {"k": "v"}, "urls": ["https://x"]}
    descriptor = Descriptor.read(Fields({**POINTER, **more, "data": "aGk="}))
    assert (descriptor.media_type, descriptor.digest, descriptor.size) == ("a/b", DIGEST, 7)
    assert (descriptor.platform, descriptor.artifact_type) == (Platform("linux", "arm64", "v8"), "t/u")
    assert (dict(descriptor.annotations), descriptor.urls) == ({"k": "v"}, ("https://x",))


@pytest.mark.parametrize("document", [MANIFEST, INDEX], ids=["manifest", "index"])
def test_a_documents_digest_is_of_its_bytes(document: dict[str, object]) -> None:
    raw = encoded(document)
    view = Index.parse(raw) if "manifests" in document else Manifest.parse(raw)
    assert view.raw == raw
    assert view.digest == Digest.of(raw)
    assert str(raw) not in repr(view)


def test_a_manifest_points_at_its_config_and_layers() -> None:
    manifest = Manifest.parse(encoded({**MANIFEST, "artifactType": "t/u", "subject": POINTER}))
    pointer = Descriptor.read(Fields(dict(POINTER)))
    assert manifest.references == (pointer, pointer, pointer)
    assert (manifest.subject, manifest.artifact_type, dict(manifest.annotations)) == (pointer, "t/u", {})


def test_an_index_offers_platforms_and_the_first_that_fits_is_chosen() -> None:
    index = Index.parse(encoded(INDEX))
    assert index.platforms == (Platform("linux", "amd64"),)
    assert index.choose(Platform("linux", "amd64")) == index.manifests[0]
    assert index.choose(Platform("linux", "arm64")) is None


@pytest.mark.parametrize(
    ("said", "bearer", "kind"),
    [("", "a/b", "a/b"), ("c/d", "a/b", "c/d"), ("c/d", "", "c/d"), ("", "", "")],
)
def test_a_document_knows_its_media_type_better_than_its_bearer(said: str, bearer: str, kind: str) -> None:
    extra = {"mediaType": said} if said else {}
    assert Manifest.parse(encoded({**MANIFEST, **extra}), bearer).media_type == kind
    assert Index.parse(encoded({**INDEX, **extra}), bearer).media_type == kind


@pytest.mark.parametrize(
    ("change", "value", "path"),
    [
        ("config", None, "config"),
        ("config", [], "config"),
        ("config.digest", None, "config.digest"),
        ("config.size", None, "config.size"),
        ("layers", {}, "layers"),
        ("layers.1.size", -1, "layers[1].size"),
        ("layers.1.size", "7", "layers[1].size"),
        ("layers.1.size", 7.5, "layers[1].size"),
        ("layers.0.digest", "md5:x", "layers[0].digest"),
        ("layers.0.urls", [1], "layers[0].urls[0]"),
        ("layers.0.annotations", {"k": 1}, "layers[0].annotations.k"),
        ("layers.0.platform", "linux", "layers[0].platform"),
        ("layers.0.platform", {"os": 1}, "layers[0].platform.os"),
        ("subject", {"digest": str(DIGEST)}, "subject.size"),
        ("annotations", [], "annotations"),
        ("mediaType", 1, "mediaType"),
        ("manifests", [], "manifests"),
    ],
)
def test_a_wrong_manifest_is_malformed_at_the_path(change: str, value: object, path: str) -> None:
    with pytest.raises(Malformed) as caught:
        Manifest.parse(encoded(changed(MANIFEST, change, value)))
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("change", "value", "path"),
    [
        ("manifests", None, "manifests"),
        ("manifests", {}, "manifests"),
        ("manifests.1.size", True, "manifests[1].size"),
        ("manifests.0.platform.os", 1, "manifests[0].platform.os"),
        ("config", POINTER, "config"),
        ("layers", [], "layers"),
    ],
)
def test_a_wrong_index_is_malformed_at_the_path(change: str, value: object, path: str) -> None:
    with pytest.raises(Malformed) as caught:
        Index.parse(encoded(changed(INDEX, change, value)))
    assert caught.value.path == path


def test_what_docker_writes_has_the_same_fields() -> None:
    raw = encoded({**MANIFEST, "mediaType": media_type.DOCKER_MANIFEST})
    assert Manifest.parse(raw).media_type == media_type.DOCKER_MANIFEST


CONFIG = {
    "os": "linux",
    "architecture": "amd64",
    "created": "2026-01-01T00:00:00Z",
    "config": {
        "Env": ["A=b"],
        "Entrypoint": None,
        "Cmd": ["sh"],
        "User": "me",
        "WorkingDir": "/",
        "Labels": {"k": "v"},
    },
    "rootfs": {"type": "layers", "diff_ids": [str(DIGEST)]},
}


def test_a_configuration_says_what_runs_and_where() -> None:
    config = Config.parse(encoded(CONFIG))
    assert (config.platform, config.created) == (Platform("linux", "amd64"), "2026-01-01T00:00:00Z")
    assert (config.env, config.entrypoint, config.cmd) == (("A=b",), (), ("sh",))
    assert (config.user, config.working_dir, dict(config.labels)) == ("me", "/", {"k": "v"})
    assert config.diff_ids == (str(DIGEST),)


def test_a_configuration_may_say_nothing() -> None:
    config = Config.parse(b"{}")
    assert (config.platform, config.env, config.diff_ids) == (Platform("", ""), (), ())


@pytest.mark.parametrize(
    ("change", "value", "path"),
    [
        ("config", [], "config"),
        ("config.Env", "A=b", "config.Env"),
        ("config.Cmd", [1], "config.Cmd[0]"),
        ("config.Labels", {"k": None}, "config.Labels.k"),
        ("rootfs.diff_ids", [{}], "rootfs.diff_ids[0]"),
        ("os", 1, "os"),
    ],
)
def test_a_wrong_configuration_is_malformed_at_the_path(change: str, value: object, path: str) -> None:
    with pytest.raises(Malformed) as caught:
        Config.parse(encoded(changed(CONFIG, change, value)))
    assert caught.value.path == path
