"""Images are changed as values: what is not touched stays as it is, and what comes out is right."""

from __future__ import annotations

import json

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import InvalidInput
from boxship.formats.memory import Memory
from boxship.formats.opening import target_at
from boxship.formats.place import Place
from boxship.image.changes import Changes, Healthcheck
from boxship.media_type import OCI_MANIFEST
from boxship.platform import Platform
from boxship.registry.manifests import Document
from tests.formats.stores import copied, file, in_memory
from tests.verbs.changed import BASE, config, described, digest, image, manifest, put, sound


def test_nothing_changed_is_the_same_image(layout: str) -> None:
    put(layout, "1", described(image(*BASE), unknown={"a": [1]}))
    with Client() as client:
        before = manifest(client, f"{layout}:1")
        made = client.mutate(f"{layout}:1", f"{layout}:2", changes=Changes())
        assert manifest(client, f"{layout}:2") == before
        assert made.digest == digest(client, f"{layout}:1")


def test_all_that_can_be_changed(layout: str) -> None:
    before = {"Env": ["PATH=/bin", "A=1", "B=2"], "Cmd": ["old"], "Labels": {"x": "1", "y": "2"}, "Odd": 1}
    put(layout, "1", described(image(*BASE), config=before, **{"os.features": ["x"]}))
    changes = Changes(
        labels={"x": None, "z": "3"},
        annotations={"note": "n"},
        env={"A": "9", "B": None, "C": "="},
        entrypoint=("/app",),
        user="me",
        workdir="/w",
        ports=("80/tcp",),
        volumes=("/data",),
        stop_signal="SIGINT",
        healthcheck=Healthcheck(test=("CMD", "ok"), interval=2.5, retries=3),
        platform=Platform("linux", "arm64", "v8"),
        created="2026-01-02T03:04:05Z",
    )
    with Client() as client:
        client.mutate(f"{layout}:1", f"{layout}:2", changes=changes)
        after = config(client, f"{layout}:2")
        assert manifest(client, f"{layout}:2")["annotations"] == {"note": "n"}
        assert sound(client, f"{layout}:2")
    assert after["config"] == {
        "Env": ["PATH=/bin", "A=9", "C=="],
        "Labels": {"y": "2", "z": "3"},
        "Odd": 1,
        "Entrypoint": ["/app"],
        "User": "me",
        "WorkingDir": "/w",
        "StopSignal": "SIGINT",
        "Healthcheck": {"Test": ["CMD", "ok"], "Interval": 2_500_000_000, "Retries": 3},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
    }
    assert (after["architecture"], after["variant"], after["created"]) == ("arm64", "v8", "2026-01-02T03:04:05Z")
    assert after["os.features"] == ["x"]


def test_all_that_was_set_can_be_taken_away(layout: str) -> None:
    put(layout, "1", image(*BASE))
    there = Changes(labels={"a": "1"}, env={"A": "1"}, cmd=("x",), user="u", ports=("1/udp", "2/udp"), stop_signal="9")
    away = Changes(remove_ports=("1/udp",), labels={"a": None}, remove=frozenset({"env", "cmd", "user", "stop-signal"}))
    with Client() as client:
        client.mutate(f"{layout}:1", f"{layout}:2", changes=there)
        client.mutate(f"{layout}:2", f"{layout}:3", changes=away)
        assert config(client, f"{layout}:3")["config"] == {"ExposedPorts": {"2/udp": {}}}


def test_the_images_of_an_index_are_changed_and_attestations_about_them_go(layout: str) -> None:
    images = [image(*BASE, platform=f"linux/{name}") for name in ("amd64", "arm64")]
    put(layout, "1", *images, platforms=["linux/amd64", "linux/arm64"])
    with Client() as client:
        both = client.mutate(f"{layout}:1", f"{layout}:2", changes=Changes(labels={"a": "1"}))
        index = manifest(client, f"{layout}:2")
        assert [entry["platform"]["architecture"] for entry in index["manifests"]] == ["amd64", "arm64"]
        assert {entry["digest"] for entry in index["manifests"]}.isdisjoint(str(one.digest) for one in images)
        assert sound(client, f"{layout}:2")
        alone = client.mutate(
            f"{layout}:1", f"{layout}:3", changes=Changes(labels={"a": "1"}), platforms=["linux/arm64"]
        )
        assert str(alone.digest) == index["manifests"][1]["digest"]
        assert both.digest != alone.digest


def test_what_is_no_image_is_left_alone_in_an_index_and_its_attestations_go(layout: str) -> None:
    one, store = image(*BASE), Memory()
    in_memory(one, into=store)
    attestation = in_memory(image([file("statement")], platform="unknown/unknown"), into=store)
    assert attestation is store
    about = image([file("statement")], platform="unknown/unknown")
    entries = [
        {"mediaType": OCI_MANIFEST, "digest": str(found.digest), "size": len(found.manifest), **more}
        for found, more in (
            (one, {"platform": {"os": "linux", "architecture": "amd64"}}),
            (about, {"annotations": {"vnd.docker.reference.digest": str(one.digest)}}),
        )
    ]
    kind = "application/vnd.oci.image.index.v1+json"
    raw = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}).encode()
    store.name(Document(raw, kind, Digest.of(raw)), ("1",))
    place = Place.parse(layout)
    assert place
    with target_at(place) as target:
        copied(store, "1", target, "1")
    with Client() as client:
        client.mutate(f"{layout}:1", f"{layout}:2", changes=Changes(labels={"a": "1"}))
        assert [entry["platform"]["os"] for entry in manifest(client, f"{layout}:2")["manifests"]] == ["linux"]


def test_documents_are_replaced(layout: str) -> None:
    put(layout, "1", image(*BASE))
    with Client() as client:
        content = json.dumps({**config(client, f"{layout}:1"), "author": "me"}).encode()
        client.replace_config(f"{layout}:1", f"{layout}:2", content=content)
        assert config(client, f"{layout}:2")["author"] == "me"
        raw = json.dumps({**manifest(client, f"{layout}:2"), "annotations": {"a": "b"}}).encode()
        made = client.replace_manifest(f"{layout}:2", content=raw)
        assert made.digest == Digest.of(raw) == digest(client, f"{layout}:2")
        with pytest.raises(InvalidInput, match="is not JSON"):
            client.replace_manifest(f"{layout}:2", content=b"{")
        with pytest.raises(InvalidInput, match="is not JSON"):  # what an empty standard input is
            client.replace_config(f"{layout}:2", content=b"")
